"""The comparison finds every way in which a lake can be wrong, and nothing in one that is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dmslake.errors import DifferenceError, SandboxError
from dmslake.sandbox.demo.compare import compare
from dmslake.sandbox.demo.differences import Comparison, Difference, Kind
from dmslake.sandbox.dms.replication import SourceDatabase
from tests.sandbox.demo.database import execute
from tests.sandbox.demo.files import LOAD, LOADER, Record, change_file, csv_of, put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Files = dict[tuple[str, str], list[Record]]

ITEMS, EVENTS = "trial/order items", "trial/events"
FIRST, SECOND = change_file(60.123), change_file(60.124)
OLD, NEW = "2026-11-23 13:00:00.000000", "2026-11-23 14:00:00.500000"
TABLES = """
CREATE TABLE trial."order items" (order_id bigint, line smallint, note text, price numeric(8,2),
    weight real, PRIMARY KEY (line, order_id) INCLUDE (price));
CREATE TABLE trial.events (at timestamptz, kind varchar(20));
CREATE TABLE trial.empty (id integer PRIMARY KEY);
INSERT INTO trial."order items" VALUES
    (1, 1, E'say "yes",\nthen go', 9.9, 32.38), (1, 2, NULL, NULL, NULL), (2, 1, '', 0, 0),
    (3, 1, 'NULL', -1.25, 'NaN'), (4, 1, '\\N', 1, 1);
INSERT INTO trial.events VALUES
    ('2026-11-23 13:00Z', 'view'), ('2026-11-23 13:00Z', 'view'), ('2026-11-23 14:00:00.5Z', NULL);
"""


def right_files() -> Files:
    """Return a lake that holds the rows of `TABLES`, by a load and two files of changes."""
    return {
        (ITEMS, LOAD): [
            ("I", "1", "1", "before", "9.00", "+1.00000000e+00"),
            ("I", "1", "2", None, None, None),
            ("I", "9", "1", "goes away", None, None),
        ],
        (ITEMS, FIRST): [
            ("U", "1", "1", "between", "9.90", "+1.00000000e+00"),
            ("I", "2", "1", "", "0.00", "+0.00000000e+00"),
            ("D", "9", "1", "", "", ""),
            ("I", "8", "1", "", "", ""),
        ],
        (ITEMS, SECOND): [
            ("U", "1", "1", 'say "yes",\nthen go', "9.90", "+3.23800011e+01"),
            ("I", "3", "1", "NULL", "-1.25", "NaN"),
            ("I", "4", "1", None, "1.00", "+1.00000000e+00"),
            ("D", "8", "1", "", "", ""),
        ],
        (EVENTS, LOAD): [("I", OLD, "view"), ("I", OLD, "view")],
        (EVENTS, FIRST): [("I", NEW, None)],
    }


@pytest.fixture(scope="module")
def trial(source: SourceDatabase) -> SourceDatabase:
    """A database with the rows of `TABLES`."""
    execute(source, "DROP SCHEMA IF EXISTS trial CASCADE", "CREATE SCHEMA trial", TABLES)
    return source


def fill(s3: S3Client, files: Files) -> None:
    for (table, file), records in files.items():
        seconds = 0 if file == LOAD else 61
        put(s3, table, file, csv_of(records), seconds=seconds)


def check(trial: SourceDatabase, s3: S3Client) -> Comparison:
    return compare(trial, s3, LOADER, schemas=["trial"])


def test_a_lake_that_is_right_is_identical(trial: SourceDatabase, s3: S3Client) -> None:
    fill(s3, right_files())
    found = check(trial, s3)
    assert found.is_identical
    assert (found.rows, found.differences, found.strangers) == (8, 0, ())
    tables = {table.table: (table.rows, table.objects, table.records) for table in found.tables}
    assert tables == {"empty": (0, 0, 0), "events": (3, 2, 3), "order items": (5, 3, 11)}


def _without(table: str, file: str, record: int) -> Callable[[Files], None]:
    return lambda files: files[table, file].__delitem__(record)


def _with(table: str, file: str, *record: str | None) -> Callable[[Files], None]:
    return lambda files: files.setdefault((table, file), []).append(record)


def _changed(file: str, record: int, field: int, text: str | None) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        fields = [*files[ITEMS, file][record]]
        fields[field] = text
        files[ITEMS, file][record] = fields

    return change


def _swap(files: Files) -> None:
    files[ITEMS, FIRST], files[ITEMS, SECOND] = files[ITEMS, SECOND], files[ITEMS, FIRST]


# What is done to the lake, and the rows that are then missing, extra and different.
DAMAGES = {
    "a row of the load is lost": (_without(ITEMS, LOAD, 1), (1, 0, 0)),
    "an insert is lost": (_without(ITEMS, FIRST, 1), (1, 0, 0)),
    "an update is lost": (_without(ITEMS, SECOND, 0), (0, 0, 1)),
    "a delete is lost": (_without(ITEMS, FIRST, 2), (0, 1, 0)),
    "the load is lost": (lambda files: files.pop((ITEMS, LOAD)), (1, 0, 0)),
    "the first changes are lost": (lambda files: files.pop((ITEMS, FIRST)), (1, 1, 0)),
    "the last changes are lost": (lambda files: files.pop((ITEMS, SECOND)), (2, 1, 1)),
    "changes come in the wrong order": (_swap, (0, 1, 1)),
    "a text is another": (_changed(SECOND, 0, 3, 'say "yes",\r\nthen go'), (0, 0, 1)),
    "a text is empty": (_changed(SECOND, 1, 3, ""), (0, 0, 1)),
    "a text is NULL": (_changed(FIRST, 1, 3, None), (0, 0, 1)),
    "a NULL is empty": (_changed(LOAD, 1, 3, ""), (0, 0, 1)),
    "a number is another": (_changed(SECOND, 0, 4, "9.91"), (0, 0, 1)),
    "a number is NULL": (_changed(FIRST, 1, 4, None), (0, 0, 1)),
    "a number is empty": (_changed(LOAD, 1, 4, ""), (0, 0, 1)),
    "a number is no number": (_changed(SECOND, 0, 4, "9,90"), (0, 0, 1)),
    "a float differs in its last digit": (_changed(SECOND, 0, 5, "+3.23800049e+01"), (0, 0, 1)),
    "a key is another": (_changed(SECOND, 1, 1, "33"), (1, 1, 0)),
    "a key is no number": (_changed(SECOND, 1, 1, "x"), (1, 1, 0)),
    "half a key is another": (_changed(SECOND, 1, 2, "3"), (1, 1, 0)),
    "a row is too many": (_with(ITEMS, LOAD, "I", "7", "7", "", None, None), (0, 1, 0)),
    "a row lacks a field": (_with(ITEMS, LOAD, "I", "7", "7", "", None), (0, 1, 0)),
    "a row has a field too many": (_with(ITEMS, LOAD, "I", "7", "7", "", "1", "1", "1"), (0, 1, 0)),
    "an operation is unknown": (_with(ITEMS, SECOND, "T", "1", "1", "", None, None), (0, 1, 0)),
    "a row has no operation": (_changed(SECOND, 1, 0, "3"), (1, 1, 0)),
    "one of two equal rows is lost": (_without(EVENTS, LOAD, 0), (1, 0, 0)),
    "there are three of two equal rows": (_with(EVENTS, FIRST, "I", OLD, "view"), (0, 1, 0)),
    "a row without a key is another": (_with(EVENTS, SECOND, "I", NEW, ""), (0, 1, 0)),
    "a row without a key is deleted": (_with(EVENTS, SECOND, "D", OLD, "view"), (0, 1, 0)),
    "a time is no time": (_with(EVENTS, SECOND, "I", "yesterday", None), (0, 1, 0)),
    "an empty table has a row": (_with("trial/empty", LOAD, "I", "1"), (0, 1, 0)),
    "rows are in another table's folder": (
        lambda files: files.update({(EVENTS, SECOND): files.pop((ITEMS, SECOND))}),
        (2, 5, 1),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_is_found(trial: SourceDatabase, s3: S3Client, name: str) -> None:
    damage, expected = DAMAGES[name]
    files = right_files()
    damage(files)
    fill(s3, files)
    found = check(trial, s3)
    assert not found.is_identical
    counts = tuple(
        sum(getattr(table, kind) for table in found.tables)
        for kind in ("missing", "extra", "different")
    )
    assert counts == expected
    assert found.differences == sum(expected)
    for table in found.tables:
        assert len(table.examples) == min(table.differences, 3)


def test_a_lake_that_is_empty_lacks_every_row(trial: SourceDatabase, s3: S3Client) -> None:
    found = check(trial, s3)
    assert {table.table: table.missing for table in found.tables} == {
        "empty": 0,
        "events": 3,
        "order items": 5,
    }
    assert all(len(table.examples) <= 3 for table in found.tables)


@pytest.mark.parametrize("table", ["trial/order+items", "trial/order%20items", "elsewhere/events"])
def test_files_of_no_table_are_found(trial: SourceDatabase, s3: S3Client, table: str) -> None:
    fill(s3, right_files())
    key = put(s3, table, LOAD, csv_of([("I", OLD, "view")]))
    found = check(trial, s3)
    assert found.strangers == (key,)
    assert found.differences == 0
    assert not found.is_identical


def test_a_file_that_is_no_csv_is_an_error(trial: SourceDatabase, s3: S3Client) -> None:
    fill(s3, right_files())
    put(s3, EVENTS, "LOAD00000002.csv", b"\xff\xfe\x00")
    with pytest.raises(DifferenceError, match="LOAD00000002"):
        check(trial, s3)


def test_examples_name_the_row_and_the_first_value_that_differs(
    trial: SourceDatabase, s3: S3Client
) -> None:
    files = right_files()
    _changed(SECOND, 0, 4, "9.91")(files)
    _changed(SECOND, 0, 5, None)(files)
    _without(EVENTS, FIRST, 0)(files)
    fill(s3, files)
    examples = [example for table in check(trial, s3).tables for example in table.examples]
    assert examples == [
        Difference(kind=Kind.MISSING, row="at=2026-11-23 14:00:00.500000, kind=NULL"),
        Difference(
            kind=Kind.DIFFERENT,
            row="line=1, order_id=1",
            column="price",
            source="9.90",
            lake="9.91",
        ),
    ]


def test_long_values_are_shortened_for_display(source: SourceDatabase, s3: S3Client) -> None:
    execute(
        source,
        "DROP SCHEMA IF EXISTS trial2 CASCADE",
        "CREATE SCHEMA trial2",
        "CREATE TABLE trial2.t AS SELECT repeat('x', 20000) AS long",
    )
    put(s3, "trial2/t", LOAD, csv_of([("I", "y" * 20_000)]))
    (table,) = compare(source, s3, LOADER, schemas=["trial2"]).tables
    assert [example.kind for example in table.examples] == [Kind.MISSING, Kind.EXTRA]
    assert all(len(example.row) < 200 for example in table.examples)


def test_a_source_that_may_not_be_read_is_an_error(
    administrator: SourceDatabase, source: SourceDatabase, s3: S3Client
) -> None:
    execute(
        administrator,
        "DROP SCHEMA IF EXISTS secret CASCADE",
        "CREATE SCHEMA secret",
        "CREATE TABLE secret.t (id integer PRIMARY KEY)",
        "REVOKE pg_read_all_data FROM dms",
        "GRANT USAGE ON SCHEMA secret TO dms",
        "GRANT SELECT (id) ON secret.t TO dms",
        "ALTER TABLE secret.t ADD COLUMN hidden text",
    )
    try:
        # What the source shows in part must not pass for the whole.
        put(s3, "secret/t", LOAD, csv_of([("I", "1")]))
        with pytest.raises(SandboxError) as refused:
            compare(source, s3, LOADER, schemas=["secret"])
        assert refused.value.why == "permission denied for table t"
    finally:
        execute(administrator, "GRANT pg_read_all_data TO dms", "DROP SCHEMA secret CASCADE")
