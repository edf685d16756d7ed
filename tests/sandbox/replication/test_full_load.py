# ruff: noqa: S608  # the only text in statements is the tests' own
"""What a full load writes: names, shapes, order, and the tables it leaves alone."""

from __future__ import annotations

import re

import pytest

from dmslake.sandbox.dms.replication import Start, StopReason, TableState
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import KEEP_FILES, Task, mappings


@pytest.fixture
def load(task: Task) -> Task:
    """A task that only loads, with the service's own target settings."""
    task.migration_type = "full-load"
    task.target = {}
    return task


def test_a_load_ends_by_itself_and_writes_rows_without_an_indicator(
    database: Database, load: Task
) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2))",
        "INSERT INTO item VALUES (1, 'a,b', 2), (2, NULL, NULL), (3, '', 1)",
    )
    outcome = load.run()
    assert outcome.stop_reason == StopReason.FULL_LOAD_ONLY_FINISHED
    assert outcome.failure is None
    assert load.bucket.keys() == ["public/item/LOAD00000001.csv"]
    assert load.bucket.text("public/item/LOAD00000001.csv") == '1,"a,b",2.00\n2,,\n3,,1.00\n'
    table = load.table("public.item")
    assert (table.state, table.full_load_rows) == (TableState.COMPLETED, 3)
    assert table.full_load_started is not None
    assert table.full_load_ended is not None


def test_no_slot_and_no_publication_is_left_by_a_load(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item (id int PRIMARY KEY)")
    load.run()
    assert database.value("SELECT count(*) FROM pg_publication") == 0
    slots = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
    assert database.value(slots) == 0


def test_files_are_cut_between_rows_and_numbered_in_hexadecimal(
    database: Database, load: Task
) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY, name text)",
        "INSERT INTO item SELECT i, repeat('x', 90) || E'\\n\"' FROM generate_series(1, 180) i",
    )
    load.target = {"MaxFileSize": 1}
    load.run()
    names = [key.rpartition("/")[2] for key in load.bucket.load_keys("public.item")]
    assert names[:3] == ["LOAD00000001.csv", "LOAD00000002.csv", "LOAD00000003.csv"]
    assert names[9:11] == ["LOAD0000000A.csv", "LOAD0000000B.csv"]
    assert names[15] == "LOAD00000010.csv"
    assert max(len(load.bucket.text(key)) for key in load.bucket.load_keys("public.item")) <= 1024
    assert [int(row[0]) for row in load.bucket.loaded("public.item")] == list(range(1, 181))


def test_an_empty_table_leaves_no_object(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item (id int PRIMARY KEY)")
    load.run()
    assert load.bucket.keys() == []
    assert load.table("public.item").state == TableState.COMPLETED


def test_every_file_has_a_header_if_asked_for(database: Database, load: Task) -> None:
    database.execute(
        'CREATE TABLE item (id int PRIMARY KEY, "odd, ""name" int)',
        "INSERT INTO item SELECT i, i FROM generate_series(1, 200) i",
    )
    load.target = {
        "AddColumnName": True,
        "IncludeOpForFullLoad": True,
        "TimestampColumnName": "dms ts",
        "MaxFileSize": 1,
    }
    load.run()
    for key in load.bucket.load_keys("public.item"):
        assert load.bucket.text(key).startswith('Op,dms ts,id,"odd, ""name"\nI,')


def test_timestamps_rise_or_are_that_of_the_task(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY)",
        "INSERT INTO item SELECT generate_series(1, 500)",
    )
    load.target = {"TimestampColumnName": "ts"}
    load.run()
    times = [row[0] for row in load.bucket.loaded("public.item")]
    assert times == sorted(times)
    assert len(set(times)) > 10
    load.target = {"TimestampColumnName": "ts", "UseTaskStartTimeForFullLoadTimestamp": True}
    load.run()
    assert len({row[0] for row in load.bucket.loaded("public.item")}) == 1


@pytest.mark.parametrize(
    "name",
    ["a b", "plus+", "per%cent", "naïve 日本", 'quo"te', "it's", "dot.ted", "UPPER", "a=b&c?d#e"],
)
def test_a_table_may_have_any_name(database: Database, load: Task, name: str) -> None:
    quoted = name.replace('"', '""')
    database.execute(
        f'CREATE SCHEMA "{quoted}"',
        f'CREATE TABLE "{quoted}"."{quoted}" ("{quoted}" int PRIMARY KEY)',
        f'INSERT INTO "{quoted}"."{quoted}" VALUES (7)',
    )
    load.mappings = mappings("%.%")
    load.run()
    assert load.bucket.keys() == [f"{name}/{name}/LOAD00000001.csv"]
    assert load.bucket.text(f"{name}/{name}/LOAD00000001.csv") == "7\n"


def test_tables_whose_names_hold_slashes_have_folders_of_their_own(
    database: Database, load: Task
) -> None:
    names = ["a/b", "a%2Fb", "a%252Fb"]
    for number, name in enumerate(names):
        database.execute(f'CREATE TABLE "{name}" AS SELECT {number} AS id')
    load.run()
    assert sorted(load.bucket.keys()) == [
        "public/a%25252Fb/LOAD00000001.csv",
        "public/a%252Fb/LOAD00000001.csv",
        "public/a%2Fb/LOAD00000001.csv",
    ]


def test_higher_load_orders_come_first(database: Database, load: Task) -> None:
    database.execute(
        *(f"CREATE TABLE t{n} AS SELECT 1 AS id FROM generate_series(1, 1000)" for n in range(5))
    )
    load.mappings = mappings("public.%", "public.t3", "public.t1")
    rules = load.mappings["rules"]
    assert isinstance(rules, list)
    rules[1]["load-order"] = "2"
    rules[2]["load-order"] = 1
    load.settings = {"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}
    load.run()
    assert load.replication is not None
    tables = [t for t in load.replication.statistics() if t.full_load_started is not None]
    tables.sort(key=lambda t: t.full_load_started or 0)
    assert [t.table for t in tables] == ["t3", "t1", "t0", "t2", "t4"]


def test_gzip(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item AS SELECT 5 AS id")
    load.target = {"CompressionType": "GZIP"}
    load.run()
    assert load.bucket.text("public/item/LOAD00000001.csv.gz") == "5\n"


@pytest.mark.parametrize("mode", ["DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"])
def test_the_folder_of_a_table_is_emptied_first(database: Database, load: Task, mode: str) -> None:
    database.execute("CREATE TABLE item AS SELECT 5 AS id", "CREATE TABLE items AS SELECT 1 AS id")
    for key in ("item/LOAD00000002.csv", "item/20260101-000000000.csv", "items2/LOAD00000001.csv"):
        load.bucket.put(f"public/{key}")
    load.settings = {"FullLoadSettings": {"TargetTablePrepMode": mode}}
    load.run()
    assert load.bucket.keys() == [
        "public/item/LOAD00000001.csv",
        "public/items/LOAD00000001.csv",
        "public/items2/LOAD00000001.csv",
    ]


def test_nothing_is_removed_if_so_asked(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item AS SELECT 5 AS id")
    for name in ("LOAD00000001.csv", "LOAD00000002.csv"):
        load.bucket.put(f"public/item/{name}")
    load.settings = KEEP_FILES
    load.run()
    assert load.bucket.text("public/item/LOAD00000001.csv") == "5\n"
    assert load.bucket.text("public/item/LOAD00000002.csv") == "old"


def test_a_table_that_may_not_be_read_is_in_error_and_the_others_are_loaded(
    database: Database, load: Task
) -> None:
    database.execute(
        "CREATE TABLE secret AS SELECT 1 AS id",
        "CREATE TABLE open AS SELECT 2 AS id",
        "CREATE ROLE reader_of_some LOGIN PASSWORD 'super'",
        "GRANT SELECT ON open TO reader_of_some",
    )
    load.source = database.source("reader_of_some")
    outcome = load.run()
    assert outcome.failure is None
    assert load.bucket.keys() == ["public/open/LOAD00000001.csv"]
    assert load.table("public.secret").state == TableState.ERROR
    assert "permission denied" in load.table("public.secret").error
    assert load.replication is not None
    progress = load.replication.progress()
    assert (progress.tables_loaded, progress.tables_errored, progress.percent) == (1, 1, 100)


def test_a_table_in_error_can_end_the_task(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE secret AS SELECT 1 AS id", "CREATE ROLE reads_nothing LOGIN PASSWORD 'super'"
    )
    load.source = database.source("reads_nothing")
    load.settings = {"ErrorBehavior": {"TableErrorPolicy": "STOP_TASK"}}
    outcome = load.run()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "permission denied" in str(outcome.failure)


def test_a_task_without_tables_fails_unless_told_otherwise(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item (id int)")
    load.mappings = mappings("nowhere.%")
    outcome = load.run()
    assert outcome.stop_reason == StopReason.FATAL_ERROR
    assert "no tables were found" in str(outcome.failure)
    load.settings = {"ErrorBehavior": {"FailOnNoTablesCaptured": False}}
    assert load.run().stop_reason == StopReason.FULL_LOAD_ONLY_FINISHED


def test_a_named_table_that_does_not_exist_is_told(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item AS SELECT 1 AS id")
    load.mappings = mappings("public.item", "public.gone")
    load.run()
    assert load.table("public.gone").state == TableState.ABSENT
    assert load.table("public.item").state == TableState.COMPLETED


def test_lob_columns_need_a_key(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE keyless (id int, note text, tags int[], last int)",
        "INSERT INTO keyless VALUES (1, 'n', '{1}', 9)",
        "CREATE TABLE uniquely (id int NOT NULL UNIQUE, note text, last int)",
        "INSERT INTO uniquely VALUES (1, 'n', 9)",
        "CREATE TABLE only_lobs (note text)",
        "INSERT INTO only_lobs VALUES ('n')",
    )
    load.run()
    assert load.bucket.loaded("public.keyless") == [["1", "9"]]
    assert load.bucket.loaded("public.uniquely") == [["1", "n", "9"]]
    assert load.table("public.only_lobs").state == TableState.ERROR


def test_lob_columns_can_be_left_out(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE item (code text PRIMARY KEY, note text, last int)",
        "INSERT INTO item VALUES ('k', 'n', 9)",
    )
    load.settings = {"TargetMetadata": {"SupportLobs": False}}
    load.run()
    assert load.bucket.loaded("public.item") == [["k", "9"]]


def test_partitioned_and_inherited_rows_come_once(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE sale (id int, day date) PARTITION BY RANGE (day)",
        "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
        "INSERT INTO sale VALUES (1, '2026-01-05'), (2, '2026-02-05')",
        "CREATE TABLE base (id int)",
        "CREATE TABLE derived () INHERITS (base)",
        "INSERT INTO base VALUES (1)",
        "INSERT INTO derived VALUES (2)",
    )
    load.run()
    assert sorted(row[0] for row in load.bucket.loaded("public.sale")) == ["1", "2"]
    assert load.bucket.load_keys("public.sale_1") == []
    assert load.bucket.loaded("public.base") == [["1"]]
    assert load.bucket.loaded("public.derived") == [["2"]]


def test_generated_columns_are_loaded(database: Database, load: Task) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, "
        "last int)",
        "INSERT INTO item (id, last) VALUES (4, 9)",
    )
    load.run()
    assert load.bucket.loaded("public.item") == [["4", "8", "9"]]


FRAMINGS: list[dict[str, object]] = [
    {},
    {"CsvNullValue": "NULL"},
    {"CsvNullValue": "<none>"},
    {"CsvDelimiter": "|"},
    {"CsvDelimiter": "\\t"},
    {"CsvDelimiter": "||"},
    {"CsvRowDelimiter": "\\r\\n"},
    {"CsvRowDelimiter": ";"},
    {"Rfc4180": False},
    {"CsvDelimiter": ":", "TimestampColumnName": "ts"},
    {"CsvDelimiter": "-", "CsvRowDelimiter": "!", "CsvNullValue": "0", "Rfc4180": True},
]


@pytest.mark.parametrize("framing", FRAMINGS, ids=str)
def test_load_and_change_files_are_framed_alike(
    database: Database, task: Task, framing: dict[str, object]
) -> None:
    database.execute(
        "CREATE TABLE item (id int PRIMARY KEY, a text, b numeric(6,2))",
        "INSERT INTO item VALUES (1, E'x\\ny', 1), (2, 'q\"d', NULL), (3, '', 0), (4, NULL, -5), "
        "(5, 'NULL', 6), (6, 'a|b||c,d;e:f-g!h', 7), (7, E't\\tu\\\\v', 8), (8, '<none>', 9)",
    )
    task.target = {"IncludeOpForFullLoad": True, "CdcMaxBatchInterval": 0, **framing}
    database.execute("CREATE TABLE copy (LIKE item INCLUDING ALL)")
    task.load()
    database.execute("INSERT INTO copy SELECT * FROM item", "UPDATE item SET b = b")
    task.catch_up()
    task.stop()
    loaded = _text(task, task.bucket.load_keys("public.item"))
    assert loaded == _text(task, task.bucket.change_keys("public.copy"))
    assert loaded[:1] == "I"
    end = loaded[-1]
    updated = _text(task, task.bucket.change_keys("public.item"))
    assert updated.replace(f"{end}U", f"{end}I").replace("U", "I", 1) == loaded


def test_a_load_can_be_stopped_and_begins_again_from_row_one(
    database: Database, load: Task
) -> None:
    database.execute("CREATE TABLE item AS SELECT generate_series(1, 1000) AS id")
    blocker = database.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE item")
        load.start()
        outcome = load.stop()
    blocker.rollback()
    blocker.close()
    assert outcome.stop_reason == StopReason.NORMAL
    assert load.bucket.keys() == []
    assert load.run(Start.RESUME).stop_reason == StopReason.FULL_LOAD_ONLY_FINISHED
    assert len(load.bucket.loaded("public.item")) == 1000


def test_what_was_loaded_is_not_loaded_again_on_resume(database: Database, load: Task) -> None:
    database.execute("CREATE TABLE item AS SELECT 1 AS id")
    load.run()
    database.execute("CREATE TABLE later AS SELECT 2 AS id", "INSERT INTO item VALUES (3)")
    assert load.run(Start.RESUME).failure is None
    assert load.bucket.loaded("public.item") == [["1"]]
    assert load.bucket.loaded("public.later") == [["2"]]
    load.run(Start.RELOAD)
    assert load.bucket.loaded("public.item") == [["1"], ["3"]]
    assert load.table("public.item").reloaded


def _text(task: Task, keys: list[str]) -> str:
    return re.sub(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", "<time>", "".join(map(task.bucket.text, keys))
    )
