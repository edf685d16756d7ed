"""A snapshot and the verdict on it, as people and programs read them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.cli.options import Settings
from dmslake.cli.report import Report, as_json
from dmslake.cli.status_view import show_status, status_data
from dmslake.monitor.snapshot import (
    DeadLetter,
    Latency,
    LoaderState,
    Snapshot,
    TableState,
    TaskLog,
    TaskState,
)
from dmslake.monitor.verdict import judge
from tests.cli.running import Recorded

NEWEST = "year=2026/month=11/day=23/hour=14"
TASK = TaskState(
    name="shop-task",
    status="running",
    full_load_percent=100,
    tables_loaded=2,
    started=datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC),
)
ORDERS = TableState(
    schema="public",
    table="orders",
    state="Table completed",
    full_load_rows=1234567,
    inserts=1,
    updates=2,
    deletes=3,
    newest_partition=NEWEST,
)
WELL = Snapshot(
    pipeline="shop",
    at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
    task=TASK,
    tables=(ORDERS,),
    loader=LoaderState(exists=True, invocations=7),
)


def shown(snapshot: Snapshot, **options: Any) -> list[str]:
    terminal = Recorded(Settings(**options))
    show_status(terminal, snapshot, judge(snapshot))
    assert terminal.said == ""
    return [line.rstrip() for line in terminal.printed.splitlines()]


def test_a_pipeline_that_works() -> None:
    head, blank, task, loader, _, titles, _, orders = shown(WELL)
    assert head == "✓ pipeline shop: changes are being captured"
    assert blank == ""
    assert task == (
        "task      shop-task is running · full load 100 % · 2 tables loaded "
        "· since 2026-11-23 14:47:02 UTC"
    )
    assert loader == "loader    7 invocations in the last hour, 0 failed · 0 dead letters"
    assert titles.split() == [
        "table", "state", "loaded", "inserts", "updates", "deletes", "newest", "partition",
    ]  # fmt: skip
    assert orders.split() == [
        "public.orders", "Table", "completed", "1,234,567", "1", "2", "3", NEWEST,
    ]  # fmt: skip


def test_there_is_no_pipeline() -> None:
    assert shown(Snapshot(pipeline="shop", at=WELL.at, task=None)) == [
        "✗ pipeline shop: there is no pipeline",
        "",
        "! there is no replication task",
        "  fix: dmslake up",
    ]


def test_what_is_wrong_is_said_last_with_what_to_do() -> None:
    letter = DeadLetter(objects=("s3://a/[b]/:c:.csv",), error="no")
    loader = LoaderState(exists=True, dead_letters=1, examples=(letter,))
    found = shown(replace(WELL, loader=loader))
    assert found[0] == "✗ pipeline shop: changes are being captured, but not everything is well"
    assert found[3].endswith("· 1 dead letter")
    assert found[-2].startswith("! 1 event was given up")
    assert "s3://a/[b]/:c:.csv: no" in found[-2]
    assert found[-1].startswith("  fix: ")


def test_a_missing_loader() -> None:
    assert "loader    missing" in shown(replace(WELL, loader=LoaderState(exists=False)))


def test_what_there_is_to_know_does_not_make_it_unwell() -> None:
    log = TaskLog(group="g", stream="s", missing="stream")
    found = shown(replace(WELL, log=log))
    assert found[0] == "✓ pipeline shop: changes are being captured"
    assert found[-2].startswith("warning: the task's log is missing: there is no log stream s")
    assert found[-1].startswith("  fix: ")


@pytest.mark.parametrize(
    ("latency", "line"),
    [
        (Latency(source_s=3, target_s=1045.4), "latency   source 3 s · target 1,045 s"),
        (Latency(source_s=0), "latency   source 0 s"),
        (Latency(target_s=7), "latency   target 7 s"),
    ],
)
def test_how_far_it_is_behind(latency: Latency, line: str) -> None:
    assert shown(replace(WELL, latency=latency))[3] == line


def test_nothing_is_said_of_a_latency_that_nobody_publishes() -> None:
    assert not any(line.startswith("latency") for line in shown(WELL))


def test_counts_that_may_not_be_read_are_not_none() -> None:
    loader = LoaderState(exists=None, invocations=None, errors=None, dead_letters=None)
    assert shown(replace(WELL, loader=loader))[3] == (
        "loader    an unknown number of invocations in the last hour, unknown failed · "
        "an unknown number of dead letters"
    )


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            {"status": "running", "tables_loading": 1, "tables_queued": 2, "tables_errored": 3},
            (
                "task      t is running · full load 0 % · 0 tables loaded "
                "· 1 loading · 2 waiting · 3 with errors"
            ),
        ),
        (
            {"status": "stopped", "stop_reason": "STOPPED_BY_USER"},
            "task      t is stopped (STOPPED_BY_USER) · full load 0 % · 0 tables loaded",
        ),
        (
            {"status": "running", "stop_reason": "STOPPED_BY_USER"},
            "task      t is running · full load 0 % · 0 tables loaded",
        ),
        ({"status": "running", "loads": False}, "task      t is running"),
    ],
)  # fmt: skip
def test_the_line_of_the_task(facts: dict[str, Any], line: str) -> None:
    assert line in shown(replace(WELL, task=TaskState(name="t", **facts)))


@pytest.mark.parametrize(
    ("newest", "text"),
    [(NEWEST, NEWEST), (None, "nothing yet"), ("", "the layout does not tell")],
)
def test_the_newest_partition(newest: str | None, text: str) -> None:
    row = shown(replace(WELL, tables=(replace(ORDERS, newest_partition=newest),)))[-1]
    assert row.endswith(f"3   {text}")


def test_odd_names_of_tables_are_shown_as_they_are() -> None:
    odd = replace(ORDERS, schema="[red]", table=":boom: x", newest_partition="y=[b]")
    row = shown(replace(WELL, tables=(odd,)))[-1]
    assert row.startswith("[red].:boom: x ")
    assert row.endswith("y=[b]")


def test_no_terminal_is_so_narrow_that_something_is_left_out() -> None:
    terminal = Recorded()
    terminal.out.width = 40
    wide = replace(ORDERS, table="t" * 200)
    show_status(terminal, replace(WELL, tables=(wide,)), judge(WELL))
    row = terminal.printed.splitlines()[-1]
    assert row.split() == [
        f"public.{wide.table}", "Table", "completed", "1,234,567", "1", "2", "3", NEWEST,
    ]  # fmt: skip


def test_with_json_nothing_is_shown_beside_the_document() -> None:
    assert shown(WELL, json=True) == []


def test_the_status_for_programs_has_times_that_programs_read() -> None:
    document = as_json("status", Report(data=status_data(WELL, judge(WELL))))
    data: Any = json.loads(document)["data"]
    assert data["healthy"] is True
    assert data["headline"] == "changes are being captured"
    assert data["findings"] == []
    assert datetime.fromisoformat(data["at"]) == WELL.at
    assert data["task"]["started"] == "2026-11-23T14:47:02+00:00"
    assert data["task"]["full_load_finished"] is None
    assert data["tables"][0]["newest_partition"] == NEWEST


def test_findings_for_programs() -> None:
    snapshot = Snapshot(pipeline="shop", at=WELL.at, task=None)
    data: Any = status_data(snapshot, judge(snapshot))
    assert data["healthy"] is False
    (finding,) = data["findings"]
    assert finding == {
        "what": "there is no replication task",
        "fix": "dmslake up",
        "warning": False,
    }
