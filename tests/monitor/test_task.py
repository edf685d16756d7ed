"""The task and its tables, as DMS describes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.monitor.snapshot import TableState, TaskState
from dmslake.monitor.task import read_task
from tests.monitor.doubles import TASK_ARN, Cloud, FakeDms, table

TASK: dict[str, Any] = {
    "Status": "running",
    "MigrationType": "full-load-and-cdc",
    "ReplicationTaskStats": {
        "FullLoadProgressPercent": 100,
        "TablesLoaded": 3,
        "TablesLoading": 1,
        "TablesQueued": 2,
        "TablesErrored": 4,
        "StartDate": datetime(2026, 11, 23, 15, 47, 2, tzinfo=timezone(timedelta(hours=1))),
        "FullLoadFinishDate": datetime(2026, 11, 24, 1, 0, tzinfo=timezone(timedelta(hours=9))),
    },
}


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_there_is_no_task() -> None:
    assert read_task(Cloud(dms=FakeDms()), "shop-task") == (None, ())


def test_a_task_with_everything_in_utc() -> None:
    task, _ = read_task(Cloud(dms=FakeDms(TASK, [[]])), "shop-task")
    assert task == TaskState(
        name="shop-task",
        status="running",
        full_load_percent=100,
        tables_loaded=3,
        tables_loading=1,
        tables_queued=2,
        tables_errored=4,
        started=datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC),
        full_load_finished=datetime(2026, 11, 23, 16, 0, tzinfo=UTC),
    )
    assert task.started is not None
    assert task.started.tzinfo is UTC


@pytest.mark.usefixtures("tokyo")
def test_the_machines_time_zone_does_not_matter() -> None:
    local = datetime(2026, 11, 23, 23, 47, 2).astimezone()  # as botocore returns times
    dms = FakeDms({"Status": "running", "ReplicationTaskStats": {"StartDate": local}}, [[]])
    task, _ = read_task(Cloud(dms=dms), "shop-task")
    assert task is not None
    assert f"{task.started:%H:%M}" == "14:47"


def test_a_task_of_which_little_is_known() -> None:
    task, _ = read_task(Cloud(dms=FakeDms({"Status": "creating"}, [[]])), "shop-task")
    assert task == TaskState(name="shop-task", status="creating")


@pytest.mark.parametrize(
    "reason", ["Stop Reason FULL_LOAD_ONLY_FINISHED", "FULL_LOAD_ONLY_FINISHED"]
)
def test_the_stop_reason_is_the_word_alone(reason: str) -> None:
    dms = FakeDms({"Status": "stopped", "StopReason": reason, "LastFailureMessage": "x"}, [[]])
    task, _ = read_task(Cloud(dms=dms), "shop-task")
    assert task is not None
    assert (task.stop_reason, task.failure) == ("FULL_LOAD_ONLY_FINISHED", "x")


def test_a_task_for_changes_only_has_no_full_load() -> None:
    task, _ = read_task(Cloud(dms=FakeDms({"MigrationType": "cdc"}, [[]])), "shop-task")
    assert task is not None
    assert (task.loads, task.captures) == (False, True)


def test_a_full_load_alone_captures_nothing() -> None:
    task, _ = read_task(Cloud(dms=FakeDms({"MigrationType": "full-load"}, [[]])), "shop-task")
    assert task is not None
    assert (task.loads, task.captures) == (True, False)


def test_all_pages_of_tables_are_read_and_sorted() -> None:
    dms = FakeDms(
        TASK,
        [
            [table("sales", "b"), table("sales", "a", "Table error")],
            [table("public", "z", FullLoadRows=5, Inserts=1, Updates=2, Deletes=3)],
            [table("Über", "tab le")],
        ],
    )
    _, tables = read_task(Cloud(dms=dms), "shop-task")
    assert [f"{t.schema}.{t.table}" for t in tables] == [
        "public.z",
        "sales.a",
        "sales.b",
        "Über.tab le",
    ]
    assert tables[0] == TableState(
        schema="public", table="z", state="Table completed",
        full_load_rows=5, inserts=1, updates=2, deletes=3,
    )  # fmt: skip
    first = {"ReplicationTaskArn": TASK_ARN, "MaxRecords": 500}
    assert dms.asked == [first, first | {"Marker": "1"}, first | {"Marker": "2"}]


@pytest.mark.parametrize("code", ["ResourceNotFoundFault", "InvalidResourceStateFault"])
def test_a_task_that_never_ran_has_no_tables(code: str) -> None:
    task, tables = read_task(Cloud(dms=FakeDms({"Status": "ready"}, refusal=code)), "shop-task")
    assert task is not None
    assert tables == ()


def test_tables_that_may_not_be_read_are_an_error_and_not_nothing() -> None:
    dms = FakeDms(TASK, refusal="AccessDeniedFault")
    with pytest.raises(ClientError, match="AccessDeniedFault"):
        read_task(Cloud(dms=dms), "shop-task")
