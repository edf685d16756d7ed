"""Tables that a task takes, or does not take any more, after its mappings were changed."""

from __future__ import annotations

import json

from dmslake.sandbox.dms.replication import Start, TableState
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import Task, mappings
from tests.sandbox.replication.waiting import eventually

TABLES = (
    "CREATE TABLE old (id int PRIMARY KEY)",
    "CREATE TABLE new (id int PRIMARY KEY)",
    "INSERT INTO old VALUES (1)",
    "INSERT INTO new VALUES (1)",
)
PUBLISHED = "SELECT tablename FROM pg_publication_tables ORDER BY 1"


def loaded(task: Task, table: str) -> list[str]:
    return [row[2] for row in task.bucket.loaded(f"public.{table}")]


def changed(task: Task, table: str) -> list[str]:
    return [row[2] for row in task.bucket.changed(f"public.{table}")]


def remap(task: Task, *tables: str) -> None:
    """Stop a task, and start it where it was with other tables."""
    task.stop()
    task.last_mappings = task.mappings
    task.mappings = mappings(*tables)
    task.start(Start.RESUME)


def test_a_new_table_is_loaded_and_then_captured(database: Database, task: Task) -> None:
    database.execute(*TABLES)
    task.mappings = mappings("public.old")
    task.load()

    remap(task, "public.old", "public.new")
    task.load_ended()
    database.execute("INSERT INTO new VALUES (2)", "INSERT INTO old VALUES (2)")
    task.catch_up()

    assert (loaded(task, "new"), changed(task, "new")) == (["1"], ["2"])
    assert (loaded(task, "old"), changed(task, "old")) == (["1"], ["2"])


def test_what_happens_to_a_new_table_before_it_is_mapped_is_in_its_load(
    database: Database, task: Task
) -> None:
    database.execute(*TABLES)
    task.mappings = mappings("public.old")
    task.load()
    task.stop()
    database.execute("INSERT INTO new VALUES (2)", "DELETE FROM new WHERE id = 1")
    task.last_mappings, task.mappings = task.mappings, mappings("public.old", "public.new")

    task.load(Start.RESUME)
    task.catch_up()

    assert (loaded(task, "new"), changed(task, "new")) == (["2"], [])


def test_a_removed_table_is_not_captured_any_more(database: Database, task: Task) -> None:
    database.execute(*TABLES)
    task.mappings = mappings("public.old", "public.new")
    task.load()

    remap(task, "public.old")
    eventually(lambda: database.query(PUBLISHED) == [("old",)])
    database.execute("INSERT INTO new VALUES (2)", "INSERT INTO old VALUES (2)")
    task.catch_up()

    assert changed(task, "new") == []
    assert changed(task, "old") == ["2"]
    assert task.state("public.new") is None
    remap(task, "public.old", "public.new")
    task.load_ended()
    assert loaded(task, "new") == ["1", "2"]


def test_without_a_load_only_the_future_of_a_new_table_arrives(
    database: Database, task: Task
) -> None:
    database.execute(*TABLES)
    task.migration_type = "cdc"
    task.mappings = mappings("public.old")
    task.load()
    task.stop()
    database.execute("INSERT INTO new VALUES (2)")
    task.last_mappings, task.mappings = task.mappings, mappings("public.old", "public.new")

    task.start(Start.RESUME)
    eventually(lambda: task.state("public.new") == TableState.COMPLETED)
    task.catch_up_reading()
    database.execute("INSERT INTO new VALUES (3)")
    task.catch_up()

    assert changed(task, "new") == ["3"]


def test_without_a_load_the_rows_of_a_table_that_came_into_being_are_changes(
    database: Database, task: Task
) -> None:
    database.execute(*TABLES)
    task.migration_type = "cdc"
    task.load()
    task.stop()
    database.execute("CREATE TABLE late (id int PRIMARY KEY)", "INSERT INTO late VALUES (1)")
    task.last_mappings = task.mappings

    task.load(Start.RESUME)
    task.catch_up()

    assert changed(task, "late") == ["1"]


def test_a_table_of_a_full_load_is_loaded_again_while_it_runs(
    database: Database, task: Task
) -> None:
    database.execute(*TABLES)
    task.migration_type = "full-load"
    task.settings = {"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}
    task.mappings = ordered("new", "old")
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE old")
        task.start()
        eventually(lambda: task.state("public.new") == TableState.COMPLETED)
        database.execute("INSERT INTO new VALUES (2)")
        assert task.replication is not None
        task.replication.reload_tables([("public", "new"), ("public", "old"), ("x", "y")])
        eventually(lambda: task.table("public.new").reloaded)
        blocker.rollback()
    blocker.close()

    assert task.join().stop_reason == "FULL_LOAD_ONLY_FINISHED"
    assert loaded(task, "new") == ["1", "2"]
    assert not task.table("public.old").reloaded


def ordered(*tables: str) -> dict[str, object]:
    """Return mappings that load tables in this order."""
    document = json.loads(json.dumps(mappings(*(f"public.{table}" for table in tables))))
    for number, rule in enumerate(document["rules"]):
        rule["load-order"] = len(tables) - number
    return dict(document)
