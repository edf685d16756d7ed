"""Tasks without a full load that begin at a position of the user's slot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dmslake.sandbox.dms import replication
from dmslake.sandbox.dms.replication import Checkpoint, Start
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import TASK_ID, Task
from tests.sandbox.replication.waiting import eventually

ITEM = "CREATE TABLE item (id int PRIMARY KEY, name text)"
SLOT = "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')"
NOW = "SELECT (pg_current_wal_flush_lsn() - '0/0')::int8"
PUBLISH = (
    "CREATE PUBLICATION dms_slot_mine FOR TABLE ONLY item",
    "CREATE PUBLICATION dms_slot_mine_inserts WITH (publish = 'insert, truncate')",
)


@pytest.fixture
def changes(database: Database, task: Task) -> Task:
    """A task of changes that reads the slot `mine`."""
    task.migration_type = "cdc"
    task.source = replace(database.source(), slot_name="mine")
    return task


def changed(task: Task) -> list[str]:
    return [row[2] for row in task.bucket.changed("public.item")]


def written(task: Task, *ids: str) -> None:
    eventually(lambda: task.outcome is not None or changed(task) == list(ids))
    assert changed(task) == list(ids), task.outcome


def test_changes_since_the_position_arrive_and_no_others(database: Database, changes: Task) -> None:
    database.execute(ITEM, *PUBLISH, SLOT, "INSERT INTO item VALUES (1, 'a')")
    changes.position = database.value(NOW)
    database.execute("INSERT INTO item VALUES (2, 'b')")

    changes.start()
    database.execute("INSERT INTO item VALUES (3, 'c')")

    written(changes, "2", "3")


def test_the_position_of_a_slot_that_was_just_made(database: Database, changes: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a')", SLOT)
    changes.position = database.value(
        "SELECT (confirmed_flush_lsn - '0/0')::int8 FROM pg_replication_slots"
    )

    changes.start()
    eventually(lambda: changes.outcome is not None or database.publishes("item"))
    changes.catch_up_reading()
    database.execute("INSERT INTO item VALUES (2, 'b')")

    written(changes, "2")


def test_what_was_not_published_at_the_position_is_not_lost_in_silence(
    database: Database, changes: Task
) -> None:
    database.execute(ITEM, SLOT)
    changes.position = database.value(NOW)
    database.execute("INSERT INTO item VALUES (1, 'a')")

    failure = str(changes.run().failure)

    assert "changes cannot be captured from" in failure
    assert "not published" in failure


def test_a_position_that_the_slot_does_not_have(database: Database, changes: Task) -> None:
    database.execute(ITEM, *PUBLISH)
    changes.position = database.value(NOW)
    database.execute("INSERT INTO item VALUES (1, 'a')", SLOT)
    assert "changes cannot be captured from" in str(changes.run().failure)
    changes.position = database.value(NOW) + 2**30
    assert "changes cannot be captured from" in str(changes.run().failure)


def test_a_new_task_goes_on_where_a_deleted_one_stopped(database: Database, changes: Task) -> None:
    database.execute(ITEM, SLOT)
    changes.start()
    eventually(lambda: changes.outcome is not None or database.publishes("item"))
    changes.catch_up_reading()
    database.execute("INSERT INTO item VALUES (1, 'a')")
    written(changes, "1")
    changes.stop()
    saved = Checkpoint.from_dict(changes.saved())
    replication.drop_slot(changes.source, TASK_ID)
    database.execute("INSERT INTO item VALUES (2, 'b')")

    changes.checkpoint, changes.position, changes.task_id = "", saved.lsn, "task2"
    changes.start(Start.FRESH)

    written(changes, "1", "2")


def test_a_long_name_of_a_slot_has_short_publications(database: Database, changes: Task) -> None:
    name = "m" * 60
    database.execute(ITEM, SLOT.replace("mine", name))
    changes.source = replace(changes.source, slot_name=name)

    changes.start()

    eventually(lambda: changes.outcome is not None or database.publishes("item"))
    names = database.query("SELECT pubname FROM pg_publication")
    assert len({name for (name,) in names}) == 2
    changes.stop()
    database.execute(f"SELECT pg_drop_replication_slot('{name}')")
    replication.drop_slot(changes.source, TASK_ID)
    assert database.value("SELECT count(*) FROM pg_publication") == 0
