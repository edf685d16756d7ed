"""Does it work? A table of observations and the answers to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.monitor.snapshot import DeadLetter, LoaderState, Snapshot, TableState, TaskState
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
        "a dead letter",
        with_loader(dead_letters=1, examples=(LETTER,)),
        BUT,
        (
            "1 event was given up and put into the dead-letter queue, for example "
            "s3://acme-staging/dms/a/b/x.csv: AccessDenied: no"
        ),
        "still in staging",
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
