"""Runs of tasks: how they are started, what is believed, and when they have stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.engine.assessment import assess
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Live, Pending, Ready
from dmslake.errors import NotFoundError
from dmslake.kinds.task_run import TaskRun
from tests.kinds.dms.fake_dms import ABSENT, FakeDms, Fault, arn

ARN = arn("task", "shop-task")
STARTED = {"StartDate": datetime(2026, 7, 1, 12, tzinfo=UTC)}
LOADED = {**STARTED, "FullLoadFinishDate": datetime(2026, 7, 1, 13, tzinfo=UTC), "TablesLoaded": 2}
IN_VAIN = {**LOADED, "TablesLoaded": 0, "TablesErrored": 2}
NOT_TESTED = Fault(
    "InvalidResourceStateFault",
    "Test connection for replication instance and endpoint should be successful for starting the "
    "replication task",
)
FIRST_ONLY = Fault(
    "InvalidParameterCombinationException",
    "Start Type : START_REPLICATION, valid only for tasks running for the first time",
)
NOT_RUNNING = Fault("InvalidResourceStateFault", "Replication Task is currently not running.")


def described(status: str, statistics: Any = None, **members: object) -> dict[str, Any]:
    found = {
        "ReplicationTaskIdentifier": "shop-task",
        "SourceEndpointArn": arn("endpoint", "source"),
        "TargetEndpointArn": arn("endpoint", "target"),
        "ReplicationInstanceArn": arn("rep", "here"),
        "MigrationType": "full-load-and-cdc",
        "Status": status,
        "ReplicationTaskArn": ARN,
        "ReplicationTaskStats": statistics or {},
    }
    return {"ReplicationTasks": [{**found, **members}]}


def run(fake: FakeDms) -> TaskRun:
    return TaskRun(name="shop-task", clock=fake.clock)


def started_with(fake: FakeDms) -> list[str]:
    return [r["StartReplicationTaskType"] for r in fake.sent("StartReplicationTask")]


@pytest.mark.parametrize(
    ("status", "statistics", "members", "expected", "outlook"),
    [
        ("ready", {}, {}, "start-replication", "starts for the first time: loads every table"),
        (
            "ready", {}, {"MigrationType": "cdc"},
            "start-replication", "starts for the first time: captures changes",
        ),
        (
            "stopped", LOADED, {"RecoveryCheckpoint": "checkpoint:V1#7"},
            "resume-processing", "resumes from checkpoint:V1#7",
        ),
        ("stopped", LOADED, {}, "resume-processing", "resumes from where it stopped"),
        (
            "stopped", STARTED, {"StopReason": "Stop Reason NORMAL"},
            "resume-processing", "resumes from where it stopped",
        ),
        (
            "stopped", STARTED, {"StopReason": "Stop Reason FATAL_ERROR"},
            "reload-target", "reloads every table: its full load did not come to its end",
        ),
        (
            "failed", STARTED, {},
            "reload-target", "reloads every table: its full load did not come to its end",
        ),
        (
            "failed", IN_VAIN, {},
            "reload-target", "reloads every table: its full load did not come to its end",
        ),
        ("failed", LOADED, {}, "resume-processing", "resumes from where it stopped"),
        (
            "failed", STARTED, {"MigrationType": "cdc"},
            "resume-processing", "resumes from where it stopped",
        ),
        (
            "stopped", LOADED, {"MigrationType": "full-load"},
            "resume-processing", "resumes: loads the tables that are not loaded yet",
        ),
    ],
)  # fmt: skip
def test_it_is_started_so_that_nothing_is_lost(
    fake: FakeDms, status: str, statistics: Any, members: Any, expected: str, outlook: str
) -> None:
    fake.on("DescribeReplicationTasks", described(status, statistics, **members))
    assert run(fake).outlook(fake.clients()) == outlook
    run(fake).create(fake.clients())
    assert started_with(fake) == [expected]


def test_a_task_that_ran_without_a_trace_is_resumed(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("stopped"))
    fake.on("StartReplicationTask", FIRST_ONLY, {})
    run(fake).create(fake.clients())
    assert started_with(fake) == ["start-replication", "resume-processing"]


def test_what_is_to_come_is_known_of_tasks_that_are_not_there_or_run(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", ABSENT, described("running", LOADED))
    assert run(fake).outlook(fake.clients()) == "starts for the first time"
    assert run(fake).outlook(fake.clients()) == "resumes where it is stopped"


def test_nothing_cannot_be_started(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", ABSENT)
    with pytest.raises(NotFoundError, match="nothing to run"):
        run(fake).create(fake.clients())


@pytest.mark.parametrize("status", ["starting", "running"])
def test_what_runs_is_not_started(fake: FakeDms, status: str) -> None:
    fake.on("DescribeReplicationTasks", described(status))
    run(fake).create(fake.clients())
    assert fake.writes == []


def test_connections_are_tested_again_when_the_tests_are_not_seen(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("ready"))
    fake.on("StartReplicationTask", lambda _: NOT_TESTED if fake.clock.time < 60 else {})
    testing = Fault("InvalidResourceStateFault", "it is already being tested")
    fake.on("TestConnection", {}, testing)
    run(fake).create(fake.clients())
    tested = {r["EndpointArn"] for r in fake.sent("TestConnection")}
    assert tested == {arn("endpoint", "source"), arn("endpoint", "target")}
    assert 60 <= fake.clock.time <= 75


def test_tests_that_never_succeed_are_told_in_the_end(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("ready"))
    fake.on("StartReplicationTask", NOT_TESTED)
    with pytest.raises(ClientError, match="Test connection"):
        run(fake).create(fake.clients())
    assert 300 <= fake.clock.time <= 320


def test_a_task_that_is_still_modifying_is_waited_for(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("stopped", LOADED))
    early = Fault("InvalidResourceStateFault", "Replication Task cannot be started, invalid state")
    fake.on("StartReplicationTask", early, early, {})
    run(fake).create(fake.clients())
    assert started_with(fake) == ["resume-processing"] * 3


def settled(resource: TaskRun, fake: FakeDms) -> object:
    live = resource.read(fake.clients())
    return None if live is None else resource.settle(live)


def test_an_old_failure_is_not_the_new_one(fake: FakeDms) -> None:
    before = described("failed", STARTED, LastFailureMessage="the first")
    fake.on("DescribeReplicationTasks", before)
    resource = run(fake)
    assert settled(resource, fake) == Broken(
        "the first", fix="`dmslake status` shows the tables; `dmslake up` starts it again"
    )
    resource.create(fake.clients())
    assert settled(resource, fake) == Pending("starting")
    again = {**STARTED, "StopDate": datetime(2026, 7, 2, tzinfo=UTC)}
    fake.on("DescribeReplicationTasks", described("failed", again, LastFailureMessage="anew"))
    assert isinstance(settled(resource, fake), Broken)


def test_ready_right_after_the_start_is_an_old_answer(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("ready"))
    resource = run(fake)
    resource.create(fake.clients())
    assert settled(resource, fake) == Pending("starting")
    fake.on("DescribeReplicationTasks", described("running", STARTED))
    assert settled(resource, fake) == Ready()


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("ready", "", Action.CREATE),
        ("stopped", "Stop Reason NORMAL", Action.CREATE),
        ("stopped", "Stop Reason RECYCLE_TASK", Action.CREATE),
        ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED", Action.NOTHING),
        ("stopped", "Stop Reason STOPPED_AFTER_CACHED_EVENTS", Action.NOTHING),
        ("running", "", Action.NOTHING),
        ("starting", "", Action.WAIT),
        ("stopping", "", Action.WAIT),
        ("failed", "", Action.REPLACE),
        ("modifying", "", Action.CREATE),
    ],
)
def test_what_the_plan_makes_of_its_state(
    fake: FakeDms, status: str, reason: str, expected: Action
) -> None:
    fake.on("DescribeReplicationTasks", described(status, LOADED, StopReason=reason))
    resource = run(fake)
    assert assess(resource, resource.read(fake.clients())).action is expected


def test_it_has_stopped_when_that_was_seen_twice(fake: FakeDms) -> None:
    running, stopped = described("running"), described("stopped", LOADED)
    resource, aws = run(fake), fake.clients()
    fake.on("DescribeReplicationTasks", running)
    resource.delete(aws)
    fake.on("DescribeReplicationTasks", stopped, running, stopped, stopped)
    seen = [resource.read(aws) for _ in range(4)]
    assert [live.state if live else None for live in seen] == [
        "stopping", "running", "stopping", None,
    ]  # fmt: skip
    assert len(fake.sent("StopReplicationTask")) == 1


def test_a_finished_load_is_gone_when_it_is_to_be_made_anew(fake: FakeDms) -> None:
    done = described("stopped", LOADED, StopReason="Stop Reason FULL_LOAD_ONLY_FINISHED")
    fake.on("DescribeReplicationTasks", done)
    resource, aws = run(fake), fake.clients()
    resource.delete(aws)
    assert resource.read(aws) is None
    resource.create(aws)
    assert resource.read(aws) == Live(state="starting")


def test_not_running_is_success(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("running"), described("stopped"))
    fake.on("StopReplicationTask", NOT_RUNNING)
    run(fake).delete(fake.clients())
    assert len(fake.sent("StopReplicationTask")) == 1


def test_what_is_starting_is_stopped_as_soon_as_it_runs(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described("starting"))
    fake.on("StopReplicationTask", lambda _: NOT_RUNNING if fake.clock.time < 200 else {})
    run(fake).delete(fake.clients())
    assert 200 <= fake.clock.time <= 220


@pytest.mark.parametrize("answer", [ABSENT, described("ready"), described("failed")])
def test_what_does_not_run_need_not_be_stopped(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeReplicationTasks", answer)
    resource = run(fake)
    resource.delete(fake.clients())
    assert resource.read(fake.clients()) is None
    assert fake.writes == []
