"""Loads of new tables: only what DMS does not load by itself, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.engine.assessment import assess
from dmslake.engine.plan import Action
from dmslake.kinds.table_loads import TableLoads
from tests.kinds.dms.fake_dms import ABSENT, BUSY, FakeDms, arn

OVER = {
    "FullLoadProgressPercent": 100,
    "TablesLoaded": 1,
    "TablesLoading": 0,
    "TablesQueued": 0,
    "TablesErrored": 0,
}
TABLES = (("shop", "orders"), ("shop", "new"))


def loads(fake: FakeDms, tables: tuple[tuple[str, str], ...] = TABLES) -> TableLoads:
    return TableLoads(name="shop-task", task="shop-task", tables=tables, clock=fake.clock)


def task(status: str = "running", kind: str = "full-load-and-cdc", **counts: Any) -> dict[str, Any]:
    found = {
        "ReplicationTaskArn": arn("task", "shop-task"),
        "Status": status,
        "MigrationType": kind,
        "ReplicationTaskStats": {**OVER, **counts},
    }
    return {"ReplicationTasks": [found]}


def tables(*rows: tuple[str, str, int], marker: str = "") -> dict[str, Any]:
    """Return statistics: name, state, rows loaded."""
    found = [
        {"SchemaName": "shop", "TableName": name, "TableState": state, "FullLoadRows": count}
        for name, state, count in rows
    ]
    return {"TableStatistics": found, **({"Marker": marker} if marker else {})}


ORDERS = ("orders", "Table completed", 7)
NEW = ("new", "Before load", 0)


@pytest.fixture(autouse=True)
def running(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", task())


def reloaded(fake: FakeDms) -> list[str]:
    return [t["TableName"] for r in fake.sent("ReloadTables") for t in r["TablesToReload"]]


def step(fake: FakeDms) -> Any:
    resource = loads(fake)
    return assess(resource, resource.read(fake.clients()))


def test_a_table_that_was_not_begun_is_seen_and_loaded(fake: FakeDms) -> None:
    fake.on("DescribeTableStatistics", tables(ORDERS, marker="1"), tables(NEW), tables(NEW))
    found = step(fake)
    assert found.action is Action.UPDATE
    assert [(c.attribute, c.old) for c in found.changes] == [("unloaded", ("shop.new",))]
    loads(fake).update(fake.clients(), {"unloaded": ()})
    assert reloaded(fake) == ["new"]


@pytest.mark.parametrize(
    "row",
    [
        ("new", "Table completed", 0),
        ("new", "Full load", 3),
        ("new", "Table is being reloaded", 0),
        ("new", "Table error", 0),
        ("new", "Table does not exist", 0),
        ("new", "Before load", 3),
    ],
)
def test_what_is_loaded_or_loading_or_cannot_be_is_left(
    fake: FakeDms, row: tuple[str, str, int]
) -> None:
    fake.on("DescribeTableStatistics", tables(ORDERS, row))
    assert step(fake).action is Action.NOTHING
    loads(fake).create(fake.clients())
    assert reloaded(fake) == []
    assert fake.clock.time == 0


@pytest.mark.parametrize(
    "answer",
    [
        ABSENT,
        task("stopped"),
        task("starting"),
        task(kind="cdc"),
        task(FullLoadProgressPercent=60),
        task(TablesLoading=1),
        task(TablesQueued=1),
    ],
)
def test_it_is_too_early_or_too_late_to_say(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeReplicationTasks", answer)
    fake.on("DescribeTableStatistics", tables(NEW))
    assert step(fake).action is Action.NOTHING
    loads(fake).create(fake.clients())
    assert not fake.sent("DescribeTableStatistics")
    assert fake.writes == []


def test_the_date_of_the_end_counts_as_the_end(fake: FakeDms) -> None:
    ended = task(FullLoadProgressPercent=50, FullLoadFinishDate=datetime(2026, 7, 1, tzinfo=UTC))
    fake.on("DescribeReplicationTasks", ended)
    fake.on("DescribeTableStatistics", tables(NEW))
    assert step(fake).action is Action.UPDATE


def test_after_a_restart_dms_is_given_the_time_to_begin(fake: FakeDms) -> None:
    begun = tables(ORDERS, ("new", "Full load", 1))
    fake.on(
        "DescribeTableStatistics",
        lambda _: tables(ORDERS, NEW) if fake.clock.time < 30 else begun,
    )
    loads(fake).create(fake.clients())
    assert reloaded(fake) == []
    assert fake.clock.time == 30


def test_after_a_restart_what_is_not_begun_is_loaded(fake: FakeDms) -> None:
    fake.on("DescribeTableStatistics", tables(ORDERS, NEW))
    loads(fake).create(fake.clients())
    assert reloaded(fake) == ["new"]
    assert fake.clock.time == 60


def test_a_table_that_the_task_does_not_list_is_tried(fake: FakeDms) -> None:
    fake.on("DescribeTableStatistics", tables(ORDERS))
    fake.on("ReloadTables", ABSENT)
    assert step(fake).action is Action.NOTHING
    loads(fake).create(fake.clients())
    assert reloaded(fake) == ["new"]


@pytest.mark.parametrize("answer", [tables(), ABSENT, BUSY, tables(("new", "Table completed", 1))])
def test_a_list_that_is_not_complete_is_no_reason_to_load(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeReplicationTasks", task(TablesLoaded=2))
    fake.on("DescribeTableStatistics", answer)
    loads(fake).create(fake.clients())
    assert reloaded(fake) == []


def test_ten_tables_are_loaded_at_once(fake: FakeDms) -> None:
    names = [f"t{n}" for n in range(23)]
    fake.on("DescribeTableStatistics", tables(*((n, "Before load", 0) for n in names)))
    resource = loads(fake, tuple(("shop", n) for n in names))
    resource.update(fake.clients(), {"unloaded": ()})
    assert [len(r["TablesToReload"]) for r in fake.sent("ReloadTables")] == [10, 10, 3]
    assert reloaded(fake) == names


def test_without_named_tables_nothing_is_asked(fake: FakeDms) -> None:
    resource = loads(fake, ())
    assert assess(resource, resource.read(fake.clients())).action is Action.NOTHING
    assert fake.requests == []
