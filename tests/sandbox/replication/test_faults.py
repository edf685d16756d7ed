# ruff: noqa: S608  # the only text in statements is the tests' own
"""Sources and buckets that go away for a while, or for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dmslake.sandbox.dms.replication import Start, StopReason
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.faults import FaultyS3
from tests.sandbox.replication.task import KEEP_FILES, Task
from tests.sandbox.replication.waiting import eventually

ITEM = "CREATE TABLE item (id int PRIMARY KEY, name text)"
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'dmslake' AND pid <> pg_backend_pid()"


def ids(task: Task) -> list[int]:
    return [int(row[2]) for row in task.bucket.changed("public.item")]


def test_a_bucket_that_is_slow_for_a_while_costs_nothing(database: Database, task: Task) -> None:
    faulty = FaultyS3(task.bucket.s3)
    task.provide_s3 = lambda: faulty
    database.execute(ITEM)
    task.load()
    faulty.code = "SlowDown"
    database.execute("INSERT INTO item VALUES (1, 'a')")
    behind = database.value("SELECT pg_current_wal_flush_lsn()::text")
    database.execute("INSERT INTO item VALUES (2, 'b')")
    eventually(lambda: faulty.failures >= 2)
    assert ids(task) == []
    written = f"SELECT confirmed_flush_lsn >= '{behind}' FROM pg_replication_slots"
    assert database.value(written) is False
    faulty.code = ""
    task.catch_up()
    assert ids(task) == [1, 2]


def test_a_slow_bucket_does_not_cost_a_load(database: Database, task: Task) -> None:
    faulty = FaultyS3(task.bucket.s3, "put_object", "list_objects_v2")
    task.provide_s3 = lambda: faulty
    faulty.code = "InternalError"
    database.execute(ITEM, "INSERT INTO item SELECT i, 'x' FROM generate_series(1, 50) i")
    task.start()
    eventually(lambda: faulty.failures >= 2)
    faulty.code = ""
    task.catch_up()
    eventually(lambda: len(task.bucket.loaded("public.item")) == 50)


def test_a_refusal_fails_the_task_with_its_reason_and_nothing_is_lost(
    database: Database, task: Task
) -> None:
    faulty = FaultyS3(task.bucket.s3)
    task.provide_s3 = lambda: faulty
    database.execute(ITEM)
    task.load()
    faulty.code = "AccessDenied"
    database.execute("INSERT INTO item VALUES (1, 'a')")
    outcome = task.join()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert outcome.failure is not None
    assert outcome.failure.startswith(f"Failed to write s3://{task.bucket.name}/dms/public/item/")
    assert "AccessDenied" in outcome.failure
    faulty.code = ""
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.load(Start.RESUME)
    task.catch_up()
    assert ids(task) == [1, 2]


def test_a_refusal_fails_a_load(database: Database, task: Task) -> None:
    faulty = FaultyS3(task.bucket.s3)
    faulty.code = "AccessDenied"
    task.provide_s3 = lambda: faulty
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    outcome = task.run()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "AccessDenied" in str(outcome.failure)


def test_recoverable_errors_can_be_limited(database: Database, task: Task) -> None:
    faulty = FaultyS3(task.bucket.s3)
    task.provide_s3 = lambda: faulty
    task.settings = {**KEEP_FILES, "ErrorBehavior": {"RecoverableErrorCount": 1}}
    database.execute(ITEM)
    task.load()
    faulty.code = "SlowDown"
    database.execute("INSERT INTO item VALUES (1, 'a')")
    outcome = task.join()
    assert faulty.failures == 2
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "SlowDown" in str(outcome.failure)


def test_a_stop_while_the_bucket_is_away_keeps_the_position(database: Database, task: Task) -> None:
    faulty = FaultyS3(task.bucket.s3)
    task.provide_s3 = lambda: faulty
    task.options = {"seconds_to_store": 0.3}
    database.execute(ITEM)
    task.load()
    faulty.code = "SlowDown"
    database.execute("INSERT INTO item VALUES (1, 'a')")
    eventually(lambda: faulty.failures >= 1)
    assert task.stop().stop_reason == StopReason.NORMAL
    assert ids(task) == []
    faulty.code = ""
    task.load(Start.RESUME)
    task.catch_up()
    assert ids(task) == [1]


@pytest.mark.parametrize("interval", [0, 3600])
def test_a_lost_connection_neither_loses_nor_repeats(
    database: Database, task: Task, interval: int
) -> None:
    database.execute(ITEM)
    task.target["CdcMaxBatchInterval"] = interval
    task.options = {"seconds_to_store": 30.0}  # 36 MB at once
    task.load()
    database.execute("INSERT INTO item VALUES (0, 'before')")
    for number in (1, 2, 3):
        first = number * 10_000
        # So much that it cannot all be on its way when the connection is cut.
        database.execute(
            "INSERT INTO item SELECT i, repeat('x', 1500) "
            f"FROM generate_series({first}, {first + 7_999}) i"
        )
        eventually(_has_read_a_part(task, number))
        database.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
        eventually(_has_read(task, number * 8_000 + 1))
    database.execute("INSERT INTO item VALUES (1, 'after')")
    eventually(lambda: task.table("public.item").inserts >= 24_002)
    task.stop()
    expected = [0, *(n for k in (1, 2, 3) for n in range(k * 10_000, k * 10_000 + 8_000)), 1]
    assert ids(task) == expected
    assert task.table("public.item").inserts == len(expected)
    if interval:
        # CdcMinFileSize closes a file; a connection that is opened again does not.
        assert len(task.bucket.change_keys("public.item")) == 24_002 * 1_500 // 32_768_000 + 1


def _has_read(task: Task, rows: int) -> Callable[[], bool]:
    return lambda: task.table("public.item").inserts >= rows


def _has_read_a_part(task: Task, number: int) -> Callable[[], bool]:
    """Return whether a transaction, one of 8,000 rows each, has been read but not to its end."""
    start = (number - 1) * 8_000 + 1
    return lambda: start < task.table("public.item").inserts < start + 8_000


def test_a_source_that_is_away_in_the_middle_of_a_transaction_repeats_nothing(
    database: Database, task: Task, caplog: pytest.LogCaptureFixture
) -> None:
    database.execute(
        "CREATE ROLE comes_and_goes LOGIN REPLICATION PASSWORD 'super'",
        "GRANT CREATE ON DATABASE postgres TO comes_and_goes",
        ITEM,
        "ALTER TABLE item OWNER TO comes_and_goes",
    )
    task.source = database.source("comes_and_goes")
    task.load()
    database.execute("INSERT INTO item VALUES (0, 'before')")
    database.execute("INSERT INTO item SELECT i, repeat('x', 1500) FROM generate_series(1, 8000) i")
    eventually(_has_read_a_part(task, 1))
    database.execute("ALTER ROLE comes_and_goes NOLOGIN")
    database.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    eventually(lambda: caplog.text.count("is not permitted to log in") >= 2)
    database.execute("ALTER ROLE comes_and_goes LOGIN")
    eventually(_has_read(task, 8_001))
    task.stop()
    assert ids(task) == list(range(8_001))


def test_a_stop_while_the_source_is_away_writes_what_was_read(
    database: Database, task: Task
) -> None:
    database.execute(
        "CREATE ROLE comes_and_goes LOGIN REPLICATION PASSWORD 'super'",
        "GRANT CREATE ON DATABASE postgres TO comes_and_goes",
        ITEM,
        "ALTER TABLE item OWNER TO comes_and_goes",
    )
    task.source = database.source("comes_and_goes")
    task.target["CdcMaxBatchInterval"] = 3600
    task.load()
    database.execute("INSERT INTO item VALUES (1, 'a')")
    eventually(lambda: task.table("public.item").inserts == 1)
    database.execute("ALTER ROLE comes_and_goes NOLOGIN")
    database.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    assert task.stop().stop_reason == StopReason.NORMAL
    assert ids(task) == [1]
    database.execute("ALTER ROLE comes_and_goes LOGIN", "INSERT INTO item VALUES (2, 'b')")
    task.target["CdcMaxBatchInterval"] = 0
    task.load(Start.RESUME)
    task.catch_up()
    # The source was not told that the first is written, so it comes again.
    assert ids(task) == [1, 1, 2]


def test_a_new_table_that_is_locked_is_found_later(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        database.execute("CREATE TABLE locked (id int PRIMARY KEY)")
        cursor.execute("LOCK TABLE locked")
        given_up = f"SELECT count(*) {SESSIONS} AND query = 'SET lock_timeout = 0'"
        eventually(lambda: database.value(given_up) == 1)
        database.execute("INSERT INTO item VALUES (1, 'meanwhile')")
        eventually(lambda: ids(task) == [1])
    blocker.rollback()
    blocker.close()
    database.execute("INSERT INTO locked VALUES (1)")
    eventually(lambda: task.state("public.locked") == "Table completed")
    assert [row[2] for row in task.bucket.changed("public.locked")] == ["1"]


def test_a_load_that_loses_its_connection_begins_again(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item SELECT i, 'x' FROM generate_series(1, 500) i")
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE item")
        task.mappings = task.mappings
        task.migration_type = "full-load"
        task.start()
        waiting = f"SELECT count(*) {SESSIONS} AND wait_event_type = 'Lock'"
        eventually(lambda: database.value(waiting) == 1)
        database.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
        eventually(lambda: database.value(waiting) == 1)
    blocker.rollback()
    blocker.close()
    assert task.join().failure is None
    assert len(task.bucket.loaded("public.item")) == 500


def test_a_slot_that_is_gone_fails_the_task(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    task.stop()
    database.execute("SELECT pg_drop_replication_slot('dms_task1')")
    outcome = task.run(Start.RESUME)
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "is gone" in str(outcome.failure)
    task.load(Start.RELOAD)


def test_a_source_without_logical_log_fails_the_task(database: Database, task: Task) -> None:
    database.execute(ITEM, "CREATE ROLE cannot_replicate LOGIN PASSWORD 'super'")
    database.execute("GRANT ALL ON DATABASE postgres TO cannot_replicate")
    database.execute("ALTER TABLE item OWNER TO cannot_replicate")
    task.source = database.source("cannot_replicate")
    outcome = task.run()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "to use replication slots" in str(outcome.failure)


def test_a_source_that_cannot_be_reached_fails_the_task(database: Database, task: Task) -> None:
    task.source = database.source(password="wrong")
    outcome = task.run()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "password authentication failed" in str(outcome.failure)
    assert "wrong" not in str(outcome.failure)


def test_transactions_that_stay_open_are_waited_for_and_then_named(
    database: Database, task: Task
) -> None:
    database.execute(ITEM)
    task.settings = {"FullLoadSettings": {"TransactionConsistencyTimeout": 1}}
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("INSERT INTO item VALUES (1, 'open')")
        outcome = task.run()
        assert outcome.stop_reason == StopReason.FATAL_ERROR
        assert f"open in sessions {blocker.info.backend_pid}" in str(outcome.failure)
        task.settings = {}
        task.start()
        creating = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'create_logical' "
        eventually(lambda: database.value(creating + "AND application_name = 'dmslake'") == 1)
        assert task.stop().stop_reason == StopReason.NORMAL
    blocker.rollback()
    blocker.close()
