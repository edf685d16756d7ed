# ruff: noqa: S608  # the only text in statements is the tests' own
"""What change files hold: operations, order, shapes and times."""

from __future__ import annotations

import re

import pytest

from dmslake.sandbox.dms.replication import TableState
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import KEEP_FILES, Task, mappings
from tests.sandbox.replication.waiting import eventually

ITEM = "CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2))"
# So long that it is stored out of line, and not sent when an update leaves it alone.
LARGE = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)"


def without_times(rows: list[list[str]]) -> list[list[str]]:
    return [[row[0], *row[2:]] for row in rows]


def test_changes_follow_the_load_in_commit_order(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'one', 1), (2, 'two', 2)")
    task.load()
    database.execute(
        "INSERT INTO item VALUES (3, 'a,\"b', 3.5)",
        "UPDATE item SET name = NULL WHERE id = 1",
        "DELETE FROM item WHERE id = 2",
    )
    task.catch_up()
    assert without_times(task.bucket.loaded("public.item")) == [
        ["I", "1", "one", "1.00"],
        ["I", "2", "two", "2.00"],
    ]
    assert without_times(task.bucket.changed("public.item")) == [
        ["I", "3", 'a,"b', "3.50"],
        ["U", "1", "", "1.00"],
        ["D", "2", "", ""],
    ]
    table = task.table("public.item")
    assert (table.full_load_rows, table.inserts, table.updates, table.deletes) == (2, 1, 1, 1)


def test_a_change_file_is_named_after_the_moment_it_was_closed(
    database: Database, task: Task
) -> None:
    database.execute(ITEM)
    task.load()
    database.execute("INSERT INTO item VALUES (1, 'x', 1)")
    task.catch_up()
    (key,) = task.bucket.change_keys("public.item")
    assert re.fullmatch(r"public/item/\d{8}-\d{9}\.csv", key)


def test_a_changed_key_is_an_update_with_the_new_key_only(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'one', 1)")
    task.load()
    database.execute("UPDATE item SET id = 100")
    task.catch_up()
    assert without_times(task.bucket.changed("public.item")) == [["U", "100", "one", "1.00"]]


def test_all_rows_of_a_transaction_share_its_commit_time(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    database.execute(
        "BEGIN; INSERT INTO item VALUES (1, 'a', 1); SELECT pg_sleep(0.05); "
        "UPDATE item SET name = 'b'; DELETE FROM item; COMMIT",
        "INSERT INTO item VALUES (2, 'c', 1)",
    )
    task.catch_up()
    rows = task.bucket.changed("public.item")
    assert [row[0] for row in rows] == ["I", "U", "D", "I"]
    assert rows[0][1] == rows[1][1] == rows[2][1] < rows[3][1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", rows[0][1])


def test_what_is_rolled_back_never_shows(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.load()
    database.execute(
        "BEGIN; INSERT INTO item VALUES (1, 'a', 1); ROLLBACK",
        "BEGIN; INSERT INTO item VALUES (2, 'b', 1); SAVEPOINT s; "
        "INSERT INTO item VALUES (3, 'c', 1); ROLLBACK TO s; COMMIT",
    )
    task.catch_up()
    assert [row[2] for row in task.bucket.changed("public.item")] == ["2"]


def test_a_table_without_a_key_gives_its_inserts_and_stays_writable(
    database: Database, task: Task
) -> None:
    database.execute("CREATE TABLE log (id int, note text, level int)")
    task.load()
    database.execute(
        "INSERT INTO log VALUES (1, 'n', 5)", "UPDATE log SET level = 6", "DELETE FROM log"
    )
    task.catch_up()
    assert without_times(task.bucket.changed("public.log")) == [["I", "1", "5"]]


def test_a_delete_under_full_identity_has_the_whole_row(database: Database, task: Task) -> None:
    database.execute(
        ITEM, "ALTER TABLE item REPLICA IDENTITY FULL", "INSERT INTO item VALUES (1, 'one', 1)"
    )
    task.load()
    database.execute("UPDATE item SET id = 2", "DELETE FROM item")
    task.catch_up()
    assert without_times(task.bucket.changed("public.item")) == [
        ["U", "2", "one", "1.00"],
        ["D", "2", "one", "1.00"],
    ]


@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_a_large_value_that_an_update_leaves_alone_is_written(
    database: Database, task: Task, identity: str
) -> None:
    database.execute(
        "CREATE TABLE doc (id int PRIMARY KEY, body text, version int)",
        f"ALTER TABLE doc REPLICA IDENTITY {identity}",
        f"INSERT INTO doc VALUES (1, {LARGE}, 1), (2, {LARGE}, 1)",
    )
    task.load()
    database.execute(
        "UPDATE doc SET version = 2 WHERE id = 1", "UPDATE doc SET id = 3 WHERE id = 2"
    )
    task.catch_up()
    body = database.value("SELECT body FROM doc WHERE id = 1")
    assert without_times(task.bucket.changed("public.doc")) == [
        ["U", "1", body, "2"],
        ["U", "3", body, "1"],
    ]


def test_a_large_value_is_empty_when_its_row_is_gone_by_then(
    database: Database, task: Task
) -> None:
    database.execute(
        "CREATE TABLE doc (id int PRIMARY KEY, body text, version int)",
        f"INSERT INTO doc VALUES (1, {LARGE}, 1)",
    )
    task.load()
    database.execute("BEGIN; UPDATE doc SET version = 2; DELETE FROM doc; COMMIT")
    task.catch_up()
    assert without_times(task.bucket.changed("public.doc")) == [
        ["U", "1", "", "2"],
        ["D", "1", "", ""],
    ]


def test_generated_columns_are_in_change_files_too(database: Database, task: Task) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY, n int, "
        "stored int GENERATED ALWAYS AS (n * 2) STORED, "
        "virtual int GENERATED ALWAYS AS (n * 3) VIRTUAL, last int)",
        "INSERT INTO item (id, n, last) VALUES (1, 10, 9)",
    )
    task.load()
    database.execute("INSERT INTO item (id, n, last) VALUES (2, 20, 9)")
    task.catch_up()
    assert without_times(task.bucket.loaded("public.item")) == [["I", "1", "10", "20", "30", "9"]]
    assert without_times(task.bucket.changed("public.item")) == [["I", "2", "20", "40", "60", "9"]]


def test_changes_of_partitions_go_to_their_table(database: Database, task: Task) -> None:
    database.execute(
        "CREATE TABLE sale (id int PRIMARY KEY, name text) PARTITION BY HASH (id)",
        "CREATE TABLE sale_0 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )
    task.load()
    database.execute("INSERT INTO sale SELECT i, 'x' FROM generate_series(1, 9) i")
    task.catch_up()
    assert [row[2] for row in task.bucket.changed("public.sale")] == list("123456789")
    assert task.bucket.keys("public/sale_") == []


# The settings that are true, a row of the load file, the rows of the change file.
INDICATORS: list[tuple[list[str], str, list[str]]] = [
    ([], "1", ["I,2", "U,2", "D,2"]),
    (["IncludeOpForFullLoad"], "I,1", ["I,2", "U,2", "D,2"]),
    (["CdcInsertsOnly"], "1", ["2"]),
    (["IncludeOpForFullLoad", "CdcInsertsOnly"], "I,1", ["I,2"]),
    (["IncludeOpForFullLoad", "CdcInsertsAndUpdates"], "I,1", ["I,2", "U,2"]),
    (["CdcInsertsAndUpdates"], "1", ["2", "2"]),
]


@pytest.mark.parametrize(("settings", "loaded", "changed"), INDICATORS)
def test_indicators(
    database: Database, task: Task, settings: list[str], loaded: str, changed: list[str]
) -> None:
    database.execute("CREATE TABLE item (id int PRIMARY KEY)", "INSERT INTO item VALUES (1)")
    task.target = {**dict.fromkeys(settings, True), "CdcMaxBatchInterval": 0}
    task.load()
    database.execute(
        "INSERT INTO item VALUES (2)", "UPDATE item SET id = 2 WHERE id = 2",
        "DELETE FROM item WHERE id = 2",
    )  # fmt: skip
    task.catch_up()
    assert [",".join(row) for row in task.bucket.loaded("public.item")] == [loaded]
    assert [",".join(row) for row in task.bucket.changed("public.item")] == changed
    assert task.table("public.item").deletes == changed.count("D,2")


def test_headers_and_gzip(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.target |= {"AddColumnName": True, "CompressionType": "gzip"}
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b', 1)")
    task.catch_up()
    for key in (*task.bucket.load_keys("public.item"), *task.bucket.change_keys("public.item")):
        assert key.endswith(".csv.gz")
        assert task.bucket.text(key).startswith("Op,ts,id,name,price\nI,")


def test_date_folders_hold_change_files_only(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.target |= {
        "DatePartitionEnabled": True,
        "DatePartitionSequence": "YYYYMMDDHH",
        "DatePartitionDelimiter": "DASH",
        "DatePartitionTimezone": "Asia/Seoul",
    }
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b', 1)")
    task.catch_up()
    assert task.bucket.load_keys("public.item") == ["public/item/LOAD00000001.csv"]
    (key,) = task.bucket.change_keys("public.item")
    match = re.fullmatch(r"public/item/(\d{4}-\d\d-\d\d-\d\d)/(\d{8})-(\d\d)\d{7}\.csv", key)
    assert match is not None
    assert match[1].replace("-", "") == match[2] + match[3]
    hour = database.value("SELECT to_char(now() AT TIME ZONE 'Asia/Seoul', 'YYYYMMDDHH24')")
    assert match[2] + match[3] <= hour


def test_a_new_column_begins_a_new_file(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.target |= {"CdcMaxBatchInterval": 3600}
    task.load()
    database.execute(
        "INSERT INTO item VALUES (1, 'a', 1)",
        "ALTER TABLE item ADD COLUMN extra int DEFAULT 4",
        "INSERT INTO item VALUES (2, 'b', 1)",
        "ALTER TABLE item DROP COLUMN name, ALTER COLUMN price TYPE text",
        "INSERT INTO item VALUES (3, '2.5')",
    )
    eventually(lambda: task.table("public.item").inserts == 3)
    task.stop()
    files = [without_times(task.bucket.rows(key)) for key in task.bucket.change_keys("public.item")]
    assert files == [
        [["I", "1", "a", "1.00"]],
        [["I", "2", "b", "1.00", "4"]],
        [["I", "3", "2.5", "4"]],
    ]
    assert task.table("public.item").ddls == 2


def test_a_frozen_shape_keeps_its_columns(database: Database, task: Task) -> None:
    database.execute(ITEM)
    task.settings = {
        **KEEP_FILES,
        "ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableAltered": False},
    }
    task.load()
    database.execute(
        "INSERT INTO item VALUES (1, 'a', 1)",
        "ALTER TABLE item ADD COLUMN extra int DEFAULT 4, DROP COLUMN name",
        "INSERT INTO item VALUES (2, 3)",
    )
    task.catch_up()
    assert without_times(task.bucket.changed("public.item")) == [
        ["I", "1", "a", "1.00"],
        ["I", "2", "", "3.00"],
    ]


@pytest.mark.parametrize("follows", [True, False])
def test_truncate(database: Database, task: Task, follows: bool) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    policy = {} if follows else {"HandleSourceTableTruncated": False}
    task.settings = {**KEEP_FILES, "ChangeProcessingDdlHandlingPolicy": policy}
    task.load()
    database.execute(
        "INSERT INTO item VALUES (2, 'b', 1)",
        "TRUNCATE item",
        "INSERT INTO item VALUES (3, 'c', 1)",
    )
    task.catch_up()
    task.stop()
    left = [row[2] for row in task.bucket.loaded("public.item")]
    left += [row[2] for row in task.bucket.changed("public.item")]
    assert left == (["3"] if follows else ["1", "2", "3"])


@pytest.mark.parametrize("follows", [True, False])
def test_drop(database: Database, task: Task, follows: bool) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)", "CREATE TABLE other (id int)")
    policy = {} if follows else {"HandleSourceTableDropped": False}
    task.settings = {**KEEP_FILES, "ChangeProcessingDdlHandlingPolicy": policy}
    task.load()
    database.execute("INSERT INTO item VALUES (2, 'b', 1)", "DROP TABLE item")
    eventually(lambda: task.state("public.item") == TableState.ABSENT)
    left = 0 if follows else 2
    eventually(lambda: len(task.bucket.keys("public/item/")) == left)


def test_a_table_made_anew_gets_its_new_rows(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.load()
    database.execute(
        "BEGIN; DROP TABLE item; CREATE TABLE item (id int PRIMARY KEY, flag bool); COMMIT",
        "INSERT INTO item VALUES (5, true)",
    )
    eventually(lambda: task.table("public.item").inserts == 1)
    database.execute("UPDATE item SET flag = false")
    task.catch_up()
    assert task.bucket.load_keys("public.item") == []
    assert without_times(task.bucket.changed("public.item")) == [
        ["I", "5", "true"],
        ["U", "5", "false"],
    ]


@pytest.mark.parametrize("migration_type", ["cdc", "full-load-and-cdc"])
def test_a_new_table_is_picked_up(database: Database, task: Task, migration_type: str) -> None:
    database.execute(ITEM)
    task.migration_type = migration_type
    task.load()
    writer = database.connect()
    writer.autocommit = False
    with writer.cursor() as cursor:
        database.execute("CREATE TABLE fresh (id int PRIMARY KEY, name text)")
        database.execute("INSERT INTO fresh VALUES (1, 'a')", "UPDATE fresh SET name = 'b'")
        # Open while the table is found, so the stream has only a part of what it will have done.
        cursor.execute("INSERT INTO fresh VALUES (2, 'early')")
        eventually(lambda: database.publishes("fresh"))
        cursor.execute("INSERT INTO fresh VALUES (3, 'late')")
        # By the time that the next one is found, rows could have been read too early.
        database.execute("CREATE TABLE next (id int)")
        eventually(lambda: database.publishes("next"))
    writer.commit()
    writer.close()
    database.execute("INSERT INTO fresh VALUES (4, 'after')")
    eventually(lambda: task.table("public.fresh").inserts == 4)
    database.execute("DELETE FROM fresh WHERE id = 1")
    task.catch_up()
    assert task.bucket.load_keys("public.fresh") == []
    rows = without_times(task.bucket.changed("public.fresh"))
    assert sorted(rows[:-1]) == [
        ["I", "1", "b"],
        ["I", "2", "early"],
        ["I", "3", "late"],
        ["I", "4", "after"],
    ]
    assert rows[-1] == ["D", "1", ""]


def test_a_renamed_table_goes_on_in_a_new_folder(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.load()
    database.execute("ALTER TABLE item RENAME TO thing", "UPDATE thing SET name = 'b'")
    task.catch_up()
    assert without_times(task.bucket.changed("public.thing")) == [["U", "1", "b", "1.00"]]
    assert task.bucket.load_keys("public.item") == ["public/item/LOAD00000001.csv"]


def test_a_table_that_loses_its_key_can_be_updated_again(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.load()
    database.execute("ALTER TABLE item DROP CONSTRAINT item_pkey")
    moved = "SELECT count(*) FROM pg_publication_tables WHERE pubname = 'dms_task1_inserts'"
    eventually(lambda: database.value(moved) == 1)
    database.execute("UPDATE item SET price = 2", "INSERT INTO item VALUES (2, 'b', 1)")
    task.catch_up()
    assert without_times(task.bucket.changed("public.item")) == [["I", "2", "1.00"]]


def test_changes_only(database: Database, task: Task) -> None:
    database.execute(ITEM, "INSERT INTO item VALUES (1, 'a', 1)")
    task.migration_type = "cdc"
    task.load()
    database.execute(
        "INSERT INTO item VALUES (2, 'b', 1)", "UPDATE item SET price = 5 WHERE id = 1"
    )
    task.catch_up()
    assert without_times(task.bucket.changed("public.item")) == [
        ["I", "2", "b", "1.00"],
        ["U", "1", "a", "5.00"],
    ]
    assert task.bucket.load_keys("public.item") == []


def test_tables_that_are_not_selected_leave_no_trace(database: Database, task: Task) -> None:
    database.execute(ITEM, "CREATE TABLE tmp_item (id int PRIMARY KEY)")
    task.mappings = mappings("public.%")
    rules = task.mappings["rules"]
    assert isinstance(rules, list)
    excluded = mappings("public.tmp_%", action="exclude")["rules"]
    assert isinstance(excluded, list)
    rules.append({**excluded[0], "rule-id": "9"})
    task.load()
    database.execute("INSERT INTO item VALUES (1, 'a', 1)", "INSERT INTO tmp_item VALUES (1)")
    task.catch_up()
    assert task.bucket.keys("public/tmp_item") == []
    assert database.value("SELECT count(*) FROM pg_publication_tables") == 1


def test_an_account_that_owns_only_some_tables_gets_those(database: Database, task: Task) -> None:
    database.execute(
        ITEM,
        "CREATE ROLE owner_of_some LOGIN REPLICATION PASSWORD 'super' IN ROLE pg_read_all_data",
        "GRANT CREATE ON DATABASE postgres TO owner_of_some",
        "CREATE TABLE owned (id int PRIMARY KEY)",
        "ALTER TABLE owned OWNER TO owner_of_some",
    )
    task.source = database.source("owner_of_some")
    task.start()
    eventually(
        lambda: bool(task.statistics()) and task.table("public.owned").state == "Table completed"
    )
    database.execute("INSERT INTO item VALUES (1, 'a', 1)", "INSERT INTO owned VALUES (1)")
    task.catch_up()
    assert task.bucket.keys("public/item/") == []
    assert without_times(task.bucket.changed("public.owned")) == [["I", "1"]]
    assert task.table("public.item").state == TableState.ERROR
    assert "must be owner" in task.table("public.item").error
