# the only text in statements is the tests' own
"""How runs begin and end: reloads, stops after the load, tables in error, what a task leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dmslake.sandbox.dms import replication
from dmslake.sandbox.dms.replication import (
    Checkpoint,
    Job,
    MappingError,
    Replication,
    SettingsError,
    StagingTarget,
    Start,
    StopReason,
    TableState,
)
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import KEEP_FILES, TASK_ID, Task, mappings
from tests.sandbox.replication.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ITEM = "CREATE TABLE item (id int PRIMARY KEY, name text)"


def ids(rows: list[list[str]]) -> list[str]:
    return [row[2] for row in rows]


def test_a_reload_replaces_the_load_and_goes_on_with_changes(
    database: Database, task: Task
) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.settings = {}
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.catch_up()
    task.stop()
    task.load(Start.RELOAD)
    assert task.table("public.item").reloaded
    assert ids(task.bucket.loaded("public.item")) == ["1", "2"]
    assert task.bucket.changed("public.item") == []
    database.execute("INSERT INTO item VALUES (3, 'c')")
    task.catch_up()
    assert ids(task.bucket.changed("public.item")) == ["3"]


def test_one_table_is_loaded_again_while_changes_are_captured(
    database: Database, task: Task
) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')", "CREATE TABLE other (id int)")
    task.settings = {}
    task.target["CdcMaxBatchInterval"] = 3600
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b')", "INSERT INTO other VALUES (1)")
    eventually(lambda: task.table("public.item").inserts == 1)
    assert task.replication is not None
    task.replication.reload_tables([("public", "item"), ("public", "unknown")])
    eventually(lambda: task.table("public.item").full_load_rows == 2)
    task.load_ended()
    database.execute("INSERT INTO item VALUES (3, 'c')")
    eventually(lambda: task.table("public.item").inserts == 2)
    task.stop()
    assert ids(task.bucket.loaded("public.item")) == ["1", "2"]
    assert ids(task.bucket.changed("public.item")) == ["3"]
    assert task.bucket.load_keys("public.other") == []
    assert ids(task.bucket.changed("public.other")) == ["1"]


def test_what_a_load_shows_is_not_told_again_as_a_change(database: Database, task: Task) -> None:
    database.execute("CREATE TABLE first (id int)", ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.settings = {"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}
    task.load()
    assert task.replication is not None
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE first")
        task.replication.reload_tables([("public", "first"), ("public", "item")])
        eventually(lambda: task.state("public.first") == TableState.RELOADING)
        database.execute("INSERT INTO item VALUES (2, 'b')", "DELETE FROM item WHERE id = 1")
        task.catch_up_reading()
        assert task.state("public.item") == TableState.BEFORE_LOAD
        blocker.rollback()
    blocker.close()
    task.load_ended()
    database.execute("INSERT INTO item VALUES (3, 'c')")
    task.catch_up()
    assert ids(task.bucket.loaded("public.item")) == ["2"]
    assert ids(task.bucket.changed("public.item")) == ["3"]


def test_a_stop_ends_a_load_and_those_that_wait_for_it(database: Database, task: Task) -> None:
    database.execute("CREATE TABLE first (id int)", ITEM)
    task.load()
    task.settings = {"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}
    task.stop()
    task.load(Start.RESUME)
    blocker = database.connect()
    blocker.autocommit = False
    assert task.replication is not None
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE first")
        task.replication.reload_tables([("public", "first"), ("public", "item")])
        eventually(lambda: task.state("public.first") == TableState.RELOADING)
        assert task.stop().stop_reason == StopReason.NORMAL
    blocker.rollback()
    blocker.close()
    task.load(Start.RESUME)


def test_a_task_can_stop_before_cached_changes_and_write_them_when_resumed(
    database: Database, task: Task
) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.settings = {"FullLoadSettings": {"StopTaskCachedChangesNotApplied": True}}
    assert task.run().stop_reason == StopReason.STOPPED_AFTER_FULL_LOAD
    database.execute("INSERT INTO item VALUES (2, 'b')")
    assert ids(task.bucket.loaded("public.item")) == ["1"]
    task.settings = {}
    task.load(Start.RESUME)
    task.catch_up()
    assert ids(task.bucket.loaded("public.item")) == ["1"]
    assert ids(task.bucket.changed("public.item")) == ["2"]


def test_a_task_can_stop_after_cached_changes(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.settings = {"FullLoadSettings": {"StopTaskCachedChangesApplied": True}}
    assert task.run().stop_reason == StopReason.STOPPED_AFTER_CACHED_EVENTS


def test_a_table_in_error_gives_no_changes_and_is_tried_again_on_resume(
    database: Database, task: Task
) -> None:
    database.execute(
        "CREATE ROLE owner LOGIN REPLICATION PASSWORD 'super'",
        "GRANT CREATE ON DATABASE postgres TO owner",
        ITEM,
        "ALTER TABLE item OWNER TO owner",
        "REVOKE SELECT ON item FROM owner",
        "INSERT INTO item VALUES (1, 'a')",
    )
    task.source = database.source("owner")
    task.start()
    eventually(lambda: task.state("public.item") == TableState.ERROR)
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.catch_up()
    assert task.bucket.keys() == []
    assert "permission denied" in task.table("public.item").error
    task.stop()
    database.execute("GRANT SELECT ON item TO owner")
    task.load(Start.RESUME)
    assert task.table("public.item").error == ""
    assert ids(task.bucket.loaded("public.item")) == ["1", "2"]


def test_a_resumed_task_without_a_checkpoint_loads_and_loses_nothing(
    database: Database, task: Task
) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.load(Start.RESUME)
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.catch_up()
    assert ids(task.bucket.loaded("public.item")) == ["1"]
    assert ids(task.bucket.changed("public.item")) == ["2"]


def test_a_task_that_could_not_begin_begins_when_resumed(database: Database, task: Task) -> None:
    database.execute(
        ITEM, "INSERT INTO item VALUES (1, 'a')", "CREATE ROLE weak LOGIN PASSWORD 'super'"
    )
    task.migration_type = "cdc"
    task.source = database.source("weak")
    assert task.run().failure is not None
    task.source = database.source()
    task.load(Start.RESUME)
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.catch_up()
    assert ids(task.bucket.changed("public.item")) == ["2"]


def test_tables_made_while_a_task_was_stopped_are_caught_up_on(
    database: Database, task: Task
) -> None:
    database.execute(ITEM)
    task.migration_type = "cdc"
    task.load()
    task.stop()
    database.execute("CREATE TABLE late (id int PRIMARY KEY)", "INSERT INTO late VALUES (1)")
    writer = database.connect()
    writer.autocommit = False
    with writer.cursor() as cursor:
        cursor.execute("INSERT INTO late VALUES (2)")
        task.start(Start.RESUME)
        eventually(lambda: database.publishes("late"))
        cursor.execute("INSERT INTO late VALUES (3)")
        # By the time that the next one is found, rows could have been read too early.
        database.execute("CREATE TABLE next (id int)")
        eventually(lambda: database.publishes("next"))
    writer.commit()
    writer.close()
    task.load_ended()
    database.execute("INSERT INTO late VALUES (4)")
    task.catch_up()
    assert ids(task.bucket.changed("public.late")) == ["1", "2", "3", "4"]


def test_a_slot_of_the_users_is_read_and_kept(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    database.execute("SELECT pg_create_logical_replication_slot('mine', 'pgoutput')")
    database.execute("INSERT INTO item VALUES (2, 'b')")
    source = database.source()
    task.source = type(source)(**{**vars(source), "slot_name": "mine"})
    task.load()
    database.execute("INSERT INTO item VALUES (3, 'c')")
    eventually(lambda: task.table("public.item").inserts == 1)
    task.stop()
    assert ids(task.bucket.loaded("public.item")) == ["1", "2"]
    assert ids(task.bucket.changed("public.item")) == ["3"]
    replication.drop_slot(task.source, TASK_ID)
    assert database.query("SELECT slot_name FROM pg_replication_slots") == [("mine",)]


def test_a_slot_that_does_not_exist_is_named(database: Database, task: Task) -> None:
    database.execute(ITEM)
    source = database.source()
    task.source = type(source)(**{**vars(source), "slot_name": "nowhere"})
    assert "there is no replication slot 'nowhere'" in str(task.run().failure)


def test_nothing_is_left_in_the_source_of_a_deleted_task(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    task.stop()
    replication.drop_slot(database.source(), TASK_ID)
    assert database.value("SELECT count(*) FROM pg_replication_slots") == 0
    assert database.value("SELECT count(*) FROM pg_publication") == 0
    replication.drop_slot(database.source(), TASK_ID)


def test_a_slot_that_a_dead_run_still_holds_is_taken_over(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    lost = task.replication
    other = Task(database, task.bucket)
    other.checkpoint = task.checkpoint
    other.load(Start.RESUME)
    assert lost is not None
    lost.stop()
    task.join()
    database.execute("INSERT INTO item VALUES (1, 'a')")
    other.catch_up()
    other.stop()
    assert ids(other.bucket.changed("public.item")) == ["1"]


def test_a_checkpoint_survives_json(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')")
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b')")
    task.catch_up()
    task.stop()
    assert task.replication is not None
    checkpoint = task.replication.checkpoint
    assert checkpoint.lsn > 0
    assert checkpoint.tables[0].statistics.inserts == 1
    assert Checkpoint.from_dict(json.loads(json.dumps(checkpoint.to_dict()))) == checkpoint
    with pytest.raises(ValueError, match="not a replication checkpoint"):
        Checkpoint.from_dict({"version": 2})


def test_a_table_without_columns_to_write_is_passed_over(database: Database, task: Task) -> None:
    database.execute(ITEM, "CREATE TABLE note (body text)")
    task.migration_type = "cdc"
    task.load()
    database.execute("INSERT INTO note VALUES ('x')", "INSERT INTO item VALUES (1, 'a')")
    task.catch_up()
    assert task.bucket.keys("public/note") == []
    assert ids(task.bucket.changed("public.item")) == ["1"]


def test_a_source_in_another_encoding_gives_utf_8(database: Database, task: Task) -> None:
    database.execute("DROP DATABASE IF EXISTS latin")
    database.execute(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
    )
    latin = Database(port=database.port, name="latin", username=database.username)
    latin.execute('CREATE TABLE "münze" (id int PRIMARY KEY, "größe" text)')
    latin.execute("INSERT INTO \"münze\" VALUES (1, 'é' || repeat('ü', 20000))")
    task.source = latin.source()
    task.database = latin
    task.target["AddColumnName"] = True
    task.load()
    latin.execute('UPDATE "münze" SET id = 2')
    task.catch_up()
    task.stop()
    replication.drop_slot(latin.source(), TASK_ID)
    latin.close()
    value = "é" + "ü" * 16383
    assert task.bucket.loaded("public.münze")[0] == ["Op", "ts", "id", "größe"]
    assert [row[2:] for row in task.bucket.loaded("public.münze")[1:]] == [["1", value]]
    assert [row[2:] for row in task.bucket.changed("public.münze")[1:]] == [["2", value]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"DataFormat": "parquet"}, "DataFormat parquet"),
        ({"PreserveTransactions": True}, "PreserveTransactions"),
        ({"CdcPath": "changes"}, "CdcPath"),
        ({"CdcInsertsOnly": True, "CdcInsertsAndUpdates": True}, "exclude each other"),
        ({"DatePartitionEnabled": True, "DatePartitionSequence": "MMDD"}, "unknown date"),
        ({"DatePartitionTimezone": "Mars/Olympus"}, "DatePartitionTimezone"),
        ({"MaxFileSize": "large"}, "MaxFileSize"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused_by_name(
    database: Database, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        _replication(database, target=settings)


def test_jobs_that_cannot_be_honoured_are_refused(database: Database) -> None:
    with pytest.raises(SettingsError, match="TargetTablePrepMode"):
        _replication(database, settings={"FullLoadSettings": {"TargetTablePrepMode": "KEEP"}})
    with pytest.raises(SettingsError, match="MaxFullLoadSubTasks"):
        _replication(database, settings={"FullLoadSettings": {"MaxFullLoadSubTasks": "8"}})
    with pytest.raises(SettingsError, match="1 to 50"):
        _replication(database, task_id="Task-1")
    with pytest.raises(MappingError, match="no rules"):
        _replication(database, rules={"rules": []})


def _replication(
    database: Database,
    *,
    task_id: str = TASK_ID,
    target: dict[str, object] | None = None,
    settings: dict[str, object] | None = None,
    rules: dict[str, object] | None = None,
) -> Replication:
    job = Job(
        task_id=task_id,
        source=database.source(),
        target=StagingTarget(bucket="bucket", settings=target or {}),
        mappings=mappings() if rules is None else rules,
        migration_type="full-load",
        settings=settings or KEEP_FILES,
    )
    return Replication(job, s3=_no_s3, on_checkpoint=lambda _: None)


def _no_s3() -> S3Client:
    raise AssertionError("no call of S3 is expected")
