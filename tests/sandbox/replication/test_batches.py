# ruff: noqa: S608  # the only text in statements is the tests' own
"""When change files are closed, what they are called, and what is confirmed to the source."""

from __future__ import annotations

import pytest

from dmslake.sandbox.dms.replication import Start
from tests.sandbox.replication.clocks import StandingClock
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import Task
from tests.sandbox.replication.waiting import eventually

ITEM = "CREATE TABLE item (id int PRIMARY KEY, name text)"
OTHER = "CREATE TABLE other (id int PRIMARY KEY)"


@pytest.fixture
def clock(task: Task) -> StandingClock:
    standing = StandingClock()
    task.options["clock"] = standing
    return standing


def names(task: Task, table: str) -> list[str]:
    return [key.rpartition("/")[2] for key in task.bucket.change_keys(table)]


def inserts(task: Task, table: str, number: int) -> None:
    eventually(lambda: task.table(table).inserts == number)


def test_a_window_opens_with_a_tables_first_change_and_closes_by_itself(
    database: Database, task: Task, clock: StandingClock
) -> None:
    database.execute(ITEM, OTHER)
    task.target["CdcMaxBatchInterval"] = 60
    task.load()
    database.execute("INSERT INTO item VALUES (1, 'a')")
    inserts(task, "public.item", 1)
    clock.move(40)
    database.execute("INSERT INTO item VALUES (2, 'b')", "INSERT INTO other VALUES (1)")
    inserts(task, "public.item", 2)
    inserts(task, "public.other", 1)
    clock.move(19.999)
    database.execute("INSERT INTO other VALUES (2)")
    inserts(task, "public.other", 2)
    assert task.bucket.keys() == []
    clock.move(0.001)
    eventually(lambda: names(task, "public.item") == ["20261123-143127362.csv"])
    assert [row[2] for row in task.bucket.changed("public.item")] == ["1", "2"]
    assert names(task, "public.other") == []
    clock.move(40)
    eventually(lambda: names(task, "public.other") == ["20261123-143207362.csv"])


def test_a_file_closes_early_when_it_is_large_enough(
    database: Database, task: Task, clock: StandingClock
) -> None:
    database.execute(ITEM)
    task.target |= {"CdcMaxBatchInterval": 3600, "CdcMinFileSize": 1}
    task.load()
    database.execute("INSERT INTO item SELECT i, repeat('x', 300) FROM generate_series(1, 12) i")
    eventually(lambda: len(names(task, "public.item")) == 3)
    # One moment, three files: the later ones move on by a millisecond.
    assert names(task, "public.item") == [
        "20261123-143027362.csv",
        "20261123-143027363.csv",
        "20261123-143027364.csv",
    ]
    assert clock.now.year == 2026


def test_a_stop_writes_what_is_pending_and_the_next_run_overwrites_nothing(
    database: Database, task: Task, clock: StandingClock
) -> None:
    database.execute(ITEM)
    task.target["CdcMaxBatchInterval"] = 3600
    task.load()
    database.execute("INSERT INTO item VALUES (1, 'a')")
    inserts(task, "public.item", 1)
    task.stop()
    for number, kept in ((2, task.checkpoint), (3, "")):
        task.checkpoint = kept
        task.load(Start.RESUME)
        database.execute(f"INSERT INTO item VALUES ({number}, 'b')")
        eventually(lambda: task.replication is not None and task.table("public.item").inserts >= 1)
        task.catch_up_reading()
        task.stop()
    assert names(task, "public.item") == [f"20261123-14302736{n}.csv" for n in (2, 3, 4)]
    assert [row[2] for row in task.bucket.changed("public.item")][:2] == ["1", "2"]
    assert clock.now.second == 27


def test_nothing_is_confirmed_before_it_is_written(database: Database, task: Task) -> None:
    database.execute(ITEM, OTHER)
    task.target["CdcMaxBatchInterval"] = 3600
    task.load()
    early = database.connect()
    early.autocommit = False
    with early.cursor() as cursor:
        cursor.execute("INSERT INTO other VALUES (1)")
        task.catch_up()
        database.execute("INSERT INTO item VALUES (1, 'pending')")
        behind = database.value("SELECT pg_current_wal_flush_lsn()::text")
        # A transaction that is older than what was confirmed, and log that concerns no table.
        early.commit()
    early.close()
    task.catch_up_reading()
    database.execute("SELECT pg_logical_emit_message(true, 'test', repeat('x', 100000))")
    task.catch_up_reading()
    written = f"SELECT confirmed_flush_lsn >= '{behind}' FROM pg_replication_slots"
    assert database.value(written) is False
    task.stop()
    assert database.value(written) is True
    assert len(task.bucket.changed("public.item")) == 1


def test_a_quiet_source_moves_the_position(database: Database, task: Task) -> None:
    database.execute(ITEM, "CREATE SCHEMA aside", "CREATE TABLE aside.noise (id int)")
    task.load()
    database.execute("INSERT INTO aside.noise SELECT generate_series(1, 1000)")
    task.catch_up()
    assert task.bucket.keys() == []


def test_the_server_needs_no_answer_while_nothing_happens(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    task.catch_up()
    setting = (
        "SELECT count(*) FROM pg_stat_replication r JOIN pg_stat_activity a USING (pid) "
        "WHERE a.state = 'active'"
    )
    assert database.value(setting) == 1
