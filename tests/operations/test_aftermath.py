"""A task that was just started is looked at until it works, fails, or a few seconds have passed."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import WaitError
from dmslake.kinds.replication import Replication
from dmslake.kinds.task_run import TaskRun
from dmslake.operations.aftermath import watch_run
from tests.contract.samples import ACCOUNT, spec

RUN = next(r for r in pipeline(spec(), ACCOUNT).wanted if isinstance(r, TaskRun))
NO_TABLES = "No tables were found at task initialization."


def task(status: str, **facts: Any) -> dict[str, Any]:
    return {"ReplicationTaskIdentifier": RUN.name, "Status": status, **facts}


RUNNING = task("running")
WORKING = task("running", ReplicationTaskStats={"TablesLoading": 1})
FAILED = task("failed", LastFailureMessage=NO_TABLES)


class Watch:
    """Shows the task in each of these states, and then in the last of them."""

    def __init__(self, *states: dict[str, Any] | None) -> None:
        self.states = list(states)
        self.looks = 0
        self.pauses: list[float] = []
        self.stop = threading.Event()

    def describe(self, **_: Any) -> dict[str, Any]:
        state = self.states[min(self.looks, len(self.states) - 1)]
        self.looks += 1
        return {"ReplicationTasks": [state] if state else []}

    def result(self, action: Action = Action.CREATE) -> WaitError | None:
        dms = SimpleNamespace(describe_replication_tasks=self.describe)
        clients = cast("Any", SimpleNamespace(dms=dms))
        plan = Plan((Step(action=action, resource=RUN),))
        return watch_run(plan, clients, self.stop, pause=self.pauses.append)


def test_a_task_that_works_is_looked_at_once() -> None:
    watch = Watch(WORKING)
    assert watch.result() is None
    assert (watch.looks, watch.pauses) == (1, [])


def test_a_task_that_fails_a_moment_later_is_told_with_its_reason_and_the_fix() -> None:
    watch = Watch(RUNNING, RUNNING, FAILED)
    error = watch.result()
    assert error is not None
    assert error.what == "the task was started and is failed now"
    assert error.why == NO_TABLES
    assert error.fix.startswith("correct tables.include: ")
    assert watch.looks == 3


def test_a_task_that_says_nothing_is_believed_after_some_seconds() -> None:
    watch = Watch(RUNNING)
    assert watch.result() is None
    assert sum(watch.pauses) == 5


@pytest.mark.parametrize("reason", ["", "Stop Reason FATAL_ERROR"])
def test_a_task_that_stopped_is_no_running_task(reason: str) -> None:
    error = Watch(RUNNING, task("stopped", StopReason=reason)).result()
    assert error is not None
    assert error.why == (reason.removeprefix("Stop Reason ") or "DMS gives no reason")
    assert "dmslake status" in error.fix


@pytest.mark.parametrize(
    "reason", ["Stop Reason FULL_LOAD_ONLY_FINISHED", "Stop Reason STOPPED_AFTER_FULL_LOAD"]
)
def test_a_task_that_is_done_is_fine(reason: str) -> None:
    assert Watch(task("stopped", StopReason=reason)).result() is None


@pytest.mark.parametrize("action", [Action.NOTHING, Action.DELETE])
def test_only_what_was_started_is_watched(action: Action) -> None:
    watch = Watch(FAILED)
    assert watch.result(action) is None
    assert watch.looks == 0


def test_a_task_that_is_gone_and_a_user_who_has_enough_end_the_watch() -> None:
    assert Watch(None).result() is None
    stopped = Watch(RUNNING)
    stopped.stop.set()
    assert stopped.result() is None
    assert stopped.pauses == []


SERVERLESS = "{serverless: {max_capacity: 4}, network: {subnets: [subnet-a, subnet-b]}}"
REPLICATION = next(
    r for r in pipeline(spec(replication=SERVERLESS), ACCOUNT).wanted if isinstance(r, Replication)
)


class ServerlessWatch(Watch):
    """Shows a serverless replication."""

    def result(self, action: Action = Action.CREATE) -> WaitError | None:
        clients = cast(
            "Any", SimpleNamespace(dms=SimpleNamespace(describe_replications=self.describe))
        )
        plan = Plan((Step(action=action, resource=REPLICATION),))
        return watch_run(plan, clients, self.stop, pause=self.pauses.append)

    def describe(self, **_: Any) -> dict[str, Any]:
        return {"Replications": super().describe()["ReplicationTasks"]}


def replication(status: str, **facts: Any) -> dict[str, Any]:
    return {"ReplicationConfigIdentifier": REPLICATION.name, "Status": status, **facts}


def test_a_serverless_replication_that_fails_a_moment_later_is_told() -> None:
    failed = replication("failed", FailureMessages=[NO_TABLES, "Stopped."])
    watch = ServerlessWatch(replication("running"), failed)
    error = watch.result()
    assert error is not None
    assert error.what == "the serverless replication was started and is failed now"
    assert error.why == f"{NO_TABLES}; Stopped."
    assert error.fix.startswith("correct tables.include: ")
    assert watch.looks == 2


def test_a_serverless_replication_that_works_is_looked_at_once() -> None:
    watch = ServerlessWatch(replication("running", ReplicationStats={"TablesLoaded": 1}))
    assert watch.result() is None
    assert (watch.looks, watch.pauses) == (1, [])


@pytest.mark.parametrize(
    ("facts", "ends_well"),
    [
        ({"StopReason": "Stop Reason FULL_LOAD_ONLY_FINISHED"}, True),
        ({"StopReason": "Stop Reason FATAL_ERROR", "FailureMessages": []}, False),
        ({}, False),
    ],
)
def test_a_serverless_replication_that_stopped(facts: dict[str, Any], ends_well: bool) -> None:
    error = ServerlessWatch(replication("STOPPED", **facts)).result()
    assert (error is None) is ends_well


def test_a_serverless_replication_that_was_not_started_is_not_watched() -> None:
    watch = ServerlessWatch(replication("failed"))
    assert watch.result(Action.NOTHING) is None
    assert watch.looks == 0
