# ruff: noqa: S608  # all of it is constant
"""Values of both sides: DMS's documented text equals the source's value, and nothing else does."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.sandbox.demo.sessions import snapshot
from dmslake.sandbox.demo.source_rows import Row, SourceTable, read_tables, source_rows
from dmslake.sandbox.demo.values import form_of
from dmslake.sandbox.dms.replication import SourceDatabase
from tests.sandbox.demo.database import execute

# A type, a value as PostgreSQL takes it, DMS's text for it, and texts that are not that value.
CASES = [
    ("smallint", "-32768", "-32768", ["32768", "-32767", ""]),
    ("integer", "7", "7", ["8", "7.5", "x"]),
    ("bigint", "9223372036854775807", "9223372036854775807", ["9223372036854775806"]),
    ("numeric(10,2)", "85100", "85100.00", ["85100.01", "-85100.00", "NaN", ""]),
    ("numeric(10,2)", "-0.01", "-0.01", ["0.01", "0.00"]),
    ("numeric", "3.1415926535", "3.141592", ["3.141593", "3.1415926535", "3.14159"]),
    ("numeric", "-0.0000009", "0.000000", ["-0.000001"]),
    ("numeric", "NaN", "NaN", ["0.000000", "Infinity"]),
    ("trial.percentage", "12.5", "12.50", ["12.5001"]),
    ("real", "32.38", "+3.23800011e+01", ["+3.23800049e+01", "+3.23800011e+02", ""]),
    ("real", "0", "+0.00000000e+00", ["+1.00000000e-45"]),
    ("real", "1e-45", "+1.40129846e-45", ["+0.00000000e+00", "+2.80259693e-45"]),
    ("real", "NaN", "NaN", ["Infinity", "+0.00000000e+00"]),
    ("double precision", "0.1", "+1.0000000000000001e-01", ["+1.0000000000000002e-01"]),
    ("double precision", "-Infinity", "-Infinity", ["Infinity", "-1.7976931348623157e+308"]),
    ("money", "-1234.56", "-1234.5600", ["-1234.5601", "1234.5600", "-$1,234.56"]),
    ("boolean", "yes", "true", ["false", "t", "1", "True"]),
    ("boolean", "no", "false", ["true", "f", "0", ""]),
    ("char(5)", "ab", "ab", ["ab   ", "AB", ""]),
    ("varchar(20)", " NULL ", " NULL ", ["NULL", " NULL"]),
    ("varchar", "", "", [" "]),
    ("text", "NULL", "NULL", ["null"]),
    ("text", "a\r\n\"b\", 'c'\\", "a\r\n\"b\", 'c'\\", ["a\n\"b\", 'c'\\"]),
    ("text", "\U0001f600e\u0301", "\U0001f600e\u0301", ["\U0001f600\u00e9", "?e\u0301"]),
    ("bytea", "\\xdeadBEEF", "deadbeef", ["\\xdeadbeef", "deadbee", "deadbeef00", ""]),
    ("bytea", "\\x", "", ["00"]),
    ("date", "2026-02-28", "2026-02-28", ["2026-02-27", "2026-02-28 00:00:00", "28.02.2026"]),
    ("date", "infinity", "9999-12-31", ["infinity", "9999-12-30"]),
    ("date", "-infinity", "4713-01-01 BC", ["4713-01-01", "0001-01-01", "-infinity"]),
    ("date", "0044-03-15 BC", "0044-03-15 BC", ["0044-03-15"]),
    ("time", "12:30:15.5", "12:30:15.5", ["12:30:15", "12:30:15.500001"]),
    ("time", "24:00:00", "24:00:00", ["00:00:00"]),
    ("timetz", "08:00:00.25+02", "08:00:00.25", ["06:00:00.25", "08:00:00"]),
    ("timestamp", "2026-03-29 02:30", "2026-03-29 02:30:00.000000", ["2026-03-29 02:30:00.000001"]),
    ("timestamp", "infinity", "9999-12-31 23:59:59.000000", ["9999-12-31 23:59:58.000000"]),
    ("timestamp", "-infinity", "4713-01-01 00:00:00.000000 BC", ["4713-01-01 00:00:00.000000"]),
    (
        "timestamptz",
        "2026-01-01 00:30:00.5+01",
        "2025-12-31 23:30:00.500000",
        ["2026-01-01 00:30:00.500000", "2025-12-31 23:30:00.500000+00"],
    ),
    ("timestamptz", "infinity", "9999-12-31 23:59:59.000000", ["infinity"]),
    ("interval", "13 mons 1:00", "1 year 1 mon 01:00:00", ["1 year 1 mon", "13 mons 01:00:00"]),
    ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", [""]),
    ("json", '{"b":1,  "a":2}', '{"b":1,  "a":2}', ['{"b":1, "a":2}']),
    ("jsonb", '{"b":1.10,"a":[true]}', '{"a": [true], "b": 1.10}', ['{"a": [1], "b": 1.10}']),
    ("jsonb", "null", "null", ["0", '"null"', ""]),
    ("jsonb", "1.5", "1.5", ["1.50000000000000000001", '"1.5"']),
    ("integer[]", "{1,NULL}", "{1,NULL}", ["{1}", "{NULL,1}"]),
    ("text[]", '{"a,b",NULL,"NULL",c}', '{"a,b",NULL,"NULL",c}', ['{"a,b",NULL,NULL,c}']),
    ("trial.mood", "so, so", "so, so", ["so", "good"]),
    ("inet", "192.168.0.1", "192.168.0.1", ["192.168.0.1/32"]),
    ("cidr", "10.1.0.0/16", "10.1.0.0/16", ["10.1.0.0"]),
    ("bit(8)", "10100101", "10100101", ["a5"]),
    ("varbit", "", "", ["0"]),
    ("point", "(1,-2.5)", "(1,-2.5)", ["(-2.5,1)"]),
    ("int4range", "[1,10)", "[1,10)", ["[1,10]"]),
    ("tsvector", "'b':2 'a':1", "'a':1 'b':2", ["'b':2 'a':1"]),
]  # fmt: skip
NUMBERED = [pytest.param(number, id=f"{case[0]}={case[1]!r}") for number, case in enumerate(CASES)]


@pytest.fixture(scope="module")
def trial(source: SourceDatabase) -> tuple[SourceTable, list[Row]]:
    """A table with a column per case, with a row of their values and one of NULLs."""
    columns = ", ".join(f"c{i} {type_}" for i, (type_, *_) in enumerate(CASES))
    values = ", ".join("'" + literal.replace("'", "''") + "'" for _, literal, *_ in CASES)
    execute(
        source,
        "DROP SCHEMA IF EXISTS trial CASCADE",
        "CREATE SCHEMA trial",
        "CREATE DOMAIN trial.percentage AS numeric(5,2)",
        "CREATE TYPE trial.mood AS ENUM ('good', 'so, so')",
        f"CREATE TABLE trial.cases ({columns})",
        f"INSERT INTO trial.cases VALUES ({values})",
        "INSERT INTO trial.cases DEFAULT VALUES",
    )
    with snapshot(source, "reading") as connection:
        (table,) = read_tables(connection, ["trial"])
        return table, list(source_rows(connection, table))


@pytest.mark.parametrize("number", NUMBERED)
def test_the_documented_text_is_the_value_and_no_other_is(
    trial: tuple[SourceTable, list[Row]], number: int
) -> None:
    table, (values, nulls) = trial
    _, _, text, others = CASES[number]
    read = table.forms[number].read
    assert read(text) == values[number]
    assert nulls[number] is None
    for other in others:
        try:
            found = read(other)
        except (ValueError, ArithmeticError):
            continue
        assert found != values[number], other


def test_a_string_that_looks_like_null_is_null_because_csv_has_one_text_for_both(
    source: SourceDatabase,
) -> None:
    execute(
        source,
        "DROP SCHEMA IF EXISTS nulls CASCADE",
        "CREATE SCHEMA nulls",
        r"CREATE TABLE nulls.t AS SELECT '\N'::text AS a, '\n'::varchar AS b, ' \N' AS c",
    )
    with snapshot(source, "reading") as connection:
        (table,) = read_tables(connection, ["nulls"])
        assert list(source_rows(connection, table)) == [(None, "\\n", " \\N")]


@given(st.floats(width=32, allow_nan=False))
def test_nine_digits_name_one_float4_exactly(value: float) -> None:
    read = form_of("float4").read
    text = f"{value:+.8e}" if abs(value) != float("inf") else str(value)
    assert struct.pack("f", read(text)) == struct.pack("f", value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_unbounded_numeric_keeps_six_decimals_and_every_digit_before_them(
    value: Decimal,
) -> None:
    convert = form_of("numeric", has_precision=False).convert
    assert convert is not None
    kept = convert(value)
    assert isinstance(kept, Decimal)
    assert abs(kept) <= abs(value)
    whole, _, fraction = f"{value:f}".partition(".")
    assert f"{kept:f}" in {f"{whole}.{fraction[:6]}".rstrip("."), f"{value:f}"}
