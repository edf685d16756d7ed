"""Does it work? A table of observations and the answers to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.monitor.snapshot import (
    DeadLetter,
    LoaderState,
    Snapshot,
    TableState,
    TaskLog,
    TaskState,
    Unread,
)
from dmslake.monitor.verdict import Verdict, judge

RUNNING = TaskState(name="shop-task", status="running", full_load_percent=100, tables_loaded=2)
LOADER = LoaderState(exists=True, invocations=10)
ORDERS = TableState(schema="public", table="orders", state="Table completed")
WELL = Snapshot(
    pipeline="shop",
    at=datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC),
    task=RUNNING,
    tables=(ORDERS,),
    loader=LOADER,
)
FULL_LOAD_OVER = "FULL_LOAD_ONLY_FINISHED"


def with_task(status: str, **facts: Any) -> Snapshot:
    return replace(WELL, task=replace(RUNNING, status=status, **facts))


def with_loader(**facts: Any) -> Snapshot:
    return replace(WELL, loader=replace(LOADER, **facts))


HEALTHY = [
    ("running", WELL, "changes are being captured"),
    (
        "loading",
        with_task("running", full_load_percent=40, tables_loading=1),
        "the full load is at 40 %",
    ),
    (
        "one table still loads",
        with_task("running", tables_loading=1),
        "the full load is at 100 %",
    ),
    (
        "one table still waits",
        with_task("running", tables_queued=1),
        "the full load is at 100 %",
    ),
    (
        "nothing loaded yet",
        with_task("running", full_load_percent=0),
        "the full load is at 0 %",
    ),
    (
        "changes only: there is no full load to wait for",
        with_task("running", loads=False, full_load_percent=0),
        "changes are being captured",
    ),
    (
        "full load only, finished",
        with_task("stopped", stop_reason=FULL_LOAD_OVER),
        "the full load is finished",
    ),
    ("starting", with_task("starting"), "the task is starting"),
    ("stopping", with_task("stopping"), "the task is stopping"),
    ("modifying", with_task("modifying"), "the task is modifying"),
    ("no table matched yet", replace(WELL, tables=()), "changes are being captured"),
    (
        "tables in other states",
        replace(WELL, tables=(replace(ORDERS, state="Full load"),)),
        "changes are being captured",
    ),
    ("an idle loader", with_loader(invocations=0), "changes are being captured"),
]


@pytest.mark.parametrize(
    ("snapshot", "headline"), [case[1:] for case in HEALTHY], ids=[case[0] for case in HEALTHY]
)
def test_it_works(snapshot: Snapshot, headline: str) -> None:
    assert judge(snapshot) == Verdict(headline=headline, findings=())
    assert judge(snapshot).healthy


LETTER = DeadLetter(objects=("s3://acme-staging/dms/a/b/x.csv",), error="AccessDenied: no")
BUT = "changes are being captured, but not everything is well"

EARLIER = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 14, 21, 7, tzinfo=UTC)
QUEUE = Unread(part="the dead-letter queue", why="no", fix="allow sqs:ReceiveMessage", vital=True)
CONNECTIONS = replace(QUEUE, part="the connection tests")
LOADER_LOG = Unread(part="the loader's log", why="no", fix="allow logs:FilterLogEvents")
LOG = TaskLog(group="dms-tasks-shop-instance", stream="dms-task-SHOP")

UNHEALTHY = [
    (
        "no pipeline",
        Snapshot(pipeline="shop", at=WELL.at, task=None),
        "there is no pipeline",
        "there is no replication task",
        "dmslake up",
    ),
    (
        "failed",
        with_task("failed", failure="no tables were found"),
        "the task failed",
        "the task failed: no tables were found",
        "remove the cause, then run dmslake up",
    ),
    (
        "failed without a reason",
        with_task("failed"),
        "the task failed",
        "the task failed: DMS gives no reason",
        "dmslake up",
    ),
    (
        "failed, whatever it stopped for before",
        with_task("failed", stop_reason=FULL_LOAD_OVER),
        "the task failed",
        "the task failed: DMS gives no reason",
        "dmslake up",
    ),
    (
        "stopped",
        with_task("stopped", stop_reason="STOPPED_BY_USER"),
        "the task is stopped",
        "the task does not run",
        "dmslake up starts it where it stopped",
    ),
    (
        "never started",
        with_task("ready"),
        "the task is ready",
        "the task does not run",
        "dmslake up",
    ),
    (
        "a connection",
        replace(WELL, connections={"shop-source": "wrong password"}),
        BUT,
        "the connection test of shop-source failed: wrong password",
        "correct the spec or the network",
    ),
    (
        "tables",
        replace(
            WELL,
            tables=(
                ORDERS,
                replace(ORDERS, table="secret", state="Table error"),
                replace(ORDERS, table="gone", state="Table does not exist"),
                replace(ORDERS, table="stopped", state="Table cancelled"),
            ),
        ),
        BUT,
        "no changes arrive for public.secret, public.gone, public.stopped: DMS suspended the table",
        "SELECT right",
    ),
    (
        "no loader",
        replace(WELL, loader=LoaderState(exists=False)),
        BUT,
        "the loader function is missing: staged objects stay where they are",
        "dmslake up",
    ),
    (
        "the loader failed, the log says why",
        with_loader(errors=2, recent_failures=("A: 1", "B: 2", "C: 3", "D: 4")),
        BUT,
        "the loader failed 2 times in the last hour: A: 1; B: 2; C: 3",
        "dmslake up repairs",
    ),
    (
        "the loader failed, the log says nothing",
        with_loader(errors=1),
        BUT,
        "the loader failed once in the last hour: its log says why",
        "dmslake up repairs",
    ),
    (
        "the log is quicker than the metric",
        with_loader(errors=0, recent_failures=("AccessDenied: no",)),
        BUT,
        "the loader failed in the last hour: AccessDenied: no",
        "dmslake up repairs",
    ),
    (
        "the loader failed, and worked before",
        with_loader(errors=1, last_success=EARLIER, last_failure=LATER),
        BUT,
        "the loader failed once in the last hour: its log says why",
        "dmslake up repairs",
    ),
    (
        "the loader failed and worked in the same minute",
        with_loader(errors=1, last_success=EARLIER, last_failure=EARLIER),
        BUT,
        "the loader failed once in the last hour: its log says why",
        "dmslake up repairs",
    ),
    (
        "what may not be read, and has to be",
        replace(WELL, unread=(QUEUE, CONNECTIONS)),
        BUT,
        "the dead-letter queue and the connection tests could not be read: no",
        "allow sqs:ReceiveMessage",
    ),
    (
        "a dead letter",
        with_loader(dead_letters=1, examples=(LETTER,)),
        BUT,
        (
            "1 event was given up and put into the dead-letter queue, for example "
            "s3://acme-staging/dms/a/b/x.csv: AccessDenied: no"
        ),
        "remove the cause, then run dmslake redrive; the objects are still in staging",
    ),
    (
        "dead letters that cannot be looked at",
        with_loader(dead_letters=12, examples=(DeadLetter(objects=(), error="odd"),)),
        BUT,
        "12 events were given up and put into the dead-letter queue",
        "still in staging",
    ),
    (
        "a full load with something amiss",
        replace(
            with_task("stopped", stop_reason=FULL_LOAD_OVER),
            loader=replace(LOADER, dead_letters=1),
        ),
        "the full load is finished, but not everything is well",
        "1 event was given up and put into the dead-letter queue",
        "still in staging",
    ),
]


@pytest.mark.parametrize(
    ("snapshot", "headline", "what", "fix"),
    [case[1:] for case in UNHEALTHY],
    ids=[case[0] for case in UNHEALTHY],
)
def test_it_does_not_work(snapshot: Snapshot, headline: str, what: str, fix: str) -> None:
    verdict = judge(snapshot)
    assert verdict.headline == headline
    assert [finding.what for finding in verdict.findings] == [what]
    assert fix in verdict.findings[0].fix
    assert not verdict.healthy


WARNED = [
    (
        "no stream",
        replace(WELL, log=replace(LOG, missing="stream")),
        (
            "the task's log is missing: there is no log stream dms-task-SHOP in log group "
            "dms-tasks-shop-instance"
        ),
        "dms-cloudwatch-logs-role",
    ),
    (
        "no group",
        replace(WELL, log=replace(LOG, missing="group")),
        ("the task's log is missing: there is no log group dms-tasks-shop-instance"),
        "dmslake up repairs what most often is the cause",
    ),
    (
        "the loader failed and was repaired",
        with_loader(errors=3, recent_failures=("A: 1",), last_failure=EARLIER, last_success=LATER),
        "the loader failed 3 times in the last hour: A: 1; it has worked since, at 14:21 UTC",
        "ends in the dead-letter queue",
    ),
    (
        "what may not be read",
        replace(WELL, unread=(LOADER_LOG,)),
        "the loader's log could not be read: no",
        "allow logs:FilterLogEvents",
    ),
]


@pytest.mark.parametrize(
    ("snapshot", "what", "fix"), [case[1:] for case in WARNED], ids=[case[0] for case in WARNED]
)
def test_it_works_and_there_is_something_to_know(snapshot: Snapshot, what: str, fix: str) -> None:
    verdict = judge(snapshot)
    assert verdict.headline == "changes are being captured"
    assert [finding.what for finding in verdict.findings] == [what]
    assert fix in verdict.findings[0].fix
    assert verdict.healthy


def test_a_log_that_is_there_is_nothing_to_know() -> None:
    assert judge(replace(WELL, log=LOG)).findings == ()


def test_what_is_wrong_is_said_before_what_there_is_to_know() -> None:
    verdict = judge(
        replace(
            with_loader(errors=1, last_failure=EARLIER, last_success=LATER, dead_letters=1),
            log=replace(LOG, missing="group"),
            unread=(LOADER_LOG, QUEUE),
        )
    )
    assert [finding.warning for finding in verdict.findings] == [False, False, True, True, True]
    assert not verdict.healthy


def test_everything_that_is_wrong_is_said_and_the_cause_comes_first() -> None:
    verdict = judge(
        replace(
            with_task("failed"),
            connections={"shop-source": "x", "shop-staging": "y"},
            tables=(replace(ORDERS, state="Table error"),),
            loader=LoaderState(exists=False, errors=1, dead_letters=3),
        )
    )
    assert [finding.what.split()[1] for finding in verdict.findings] == [
        "task", "connection", "connection", "changes", "loader", "loader", "events",
    ]  # fmt: skip
    assert all(finding.fix for finding in verdict.findings)
