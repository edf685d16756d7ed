# ruff: noqa: S608  # the only text in statements is the tests' own
"""Every type reads the same in load files and change files, and as DMS writes it."""

from __future__ import annotations

import random
import struct

import pytest

from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import KEEP_FILES, Task

LONG = "ä" * 20000
# type, and pairs of an SQL literal and the text that both kinds of file must have
SAMPLES: dict[str, list[tuple[str, str]]] = {
    "smallint": [("-32768", "-32768"), ("0", "0")],
    "integer": [("2147483647", "2147483647")],
    "bigint": [("-9223372036854775808", "-9223372036854775808")],
    "real": [
        ("32.38", "+3.23800011e+01"),
        ("0", "+0.00000000e+00"),
        ("'-0'", "-0.00000000e+00"),
        ("1e-45", "+1.40129846e-45"),
        ("3.4028235e38", "+3.40282347e+38"),
        ("'NaN'", "NaN"),
        ("'Infinity'", "Infinity"),
        ("'-Infinity'", "-Infinity"),
    ],
    "double precision": [
        ("32.38", "+3.2380000000000003e+01"),
        ("-1e-300", "-1.0000000000000000e-300"),
        ("1.7976931348623157e308", "+1.7976931348623157e+308"),
        ("5e-324", "+4.9406564584124654e-324"),
        ("'NaN'", "NaN"),
        ("'-Infinity'", "-Infinity"),
    ],
    "numeric(12,2)": [("85100", "85100.00"), ("-0.005", "-0.01"), ("'NaN'", "NaN")],
    "numeric(5,0)": [("12345", "12345")],
    "numeric": [
        ("1.5", "1.500000"),
        ("0.611111104488373", "0.611111"),
        ("-0.0000001", "0.000000"),
        ("-12.9999999", "-12.999999"),
        ("1234567890123456789012345", "1234567890123456789012345.000000"),
        ("'NaN'", "NaN"),
        ("'-Infinity'", "-Infinity"),
    ],
    "money": [("1234.5", "1234.5000"), ("-0.07", "-0.0700"), ("0", "0.0000")],
    "boolean": [("true", "true"), ("false", "false")],
    "date": [
        ("'2026-02-03'", "2026-02-03"),
        ("'infinity'", "9999-12-31"),
        ("'-infinity'", "4713-01-01 BC"),
        ("'0044-03-15 BC'", "0044-03-15 BC"),
        ("'12345-06-07'", "12345-06-07"),
    ],
    "time": [("'01:02:03'", "01:02:03"), ("'23:59:59.25'", "23:59:59.25"), ("'24:00'", "24:00:00")],
    "timetz": [("'01:02:03.5+02'", "01:02:03.5"), ("'01:02:03-07:30'", "01:02:03")],
    "timestamp": [
        ("'2026-02-03 04:05:06'", "2026-02-03 04:05:06.000000"),
        ("'2026-02-03 04:05:06.12345'", "2026-02-03 04:05:06.123450"),
        ("'infinity'", "9999-12-31 23:59:59.000000"),
        ("'-infinity'", "4713-01-01 00:00:00.000000 BC"),
        ("'0044-03-15 01:02:03.4 BC'", "0044-03-15 01:02:03.400000 BC"),
        ("'12345-06-07 08:09:10'", "12345-06-07 08:09:10.000000"),
        ("'0001-01-01'", "0001-01-01 00:00:00.000000"),
    ],
    "timestamptz": [
        ("'2026-02-03 04:05:06+02'", "2026-02-03 02:05:06.000000"),
        ("'2026-02-03 04:05:06.1-05:30'", "2026-02-03 09:35:06.100000"),
        ("'infinity'", "9999-12-31 23:59:59.000000"),
        ("'-infinity'", "4713-01-01 00:00:00.000000 BC"),
        ("'0044-03-15 01:02:03+00 BC'", "0044-03-15 01:02:03.000000 BC"),
    ],
    "interval": [("'1 year 2 mons 3 days 04:05:06.7'", "1 year 2 mons 3 days 04:05:06.7")],
    "char(6)": [("'ab'", "ab"), ("''", ""), ("'a b   '", "a b"), ("'      '", "")],
    "varchar(40)": [("'it''s  '", "it's  "), ("''", ""), ("'a,b\"c'", 'a,b"c')],
    "varchar": [("'plain'", "plain"), ("''", ""), (f"'{LONG}'", "ä" * 4000), ("'NULL'", "NULL")],
    "text": [
        ("''", ""),
        ("E'a\\nb\\r\\nc\\rd'", "a\nb\r\nc\rd"),
        ("E'\\\\.'", "\\."),
        ("E'tab\\there \\\\ back'", "tab\there \\ back"),
        ("'\"'", '"'),
        ("','", ","),
        ("'naïve 日本語 😀'", "naïve 日本語 😀"),
        (f"'{LONG}'", "ä" * 16384),
        ("repeat('😀', 9000)", "😀" * 8192),
        ("'x' || repeat('😀', 9000)", "x" + "😀" * 8191),
        ("repeat('x', 16384)", "x" * 16384),
        ("repeat('x', 32769)", "x" * 16384),
        ("'\\N'", "\\N"),
    ],
    "bytea": [
        ("'\\xdeadBEEF00'", "deadbeef00"),
        ("''", ""),
        ("decode(repeat('0f', 32769), 'hex')", "0f" * 32768),
    ],
    "json": [("'{\"a\":  1}'", '{"a":  1}')],
    "jsonb": [("'{\"a\":  [1, null]}'", '{"a": [1, null]}'), ("'\"\"'", '""')],
    "integer[]": [("'{1,NULL,3}'", "{1,NULL,3}"), ("'{}'", "{}")],
    "text[]": [("ARRAY['a b', '\"', NULL, '']", '{"a b","\\"",NULL,""}')],
    "uuid": [("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")],
    "mood": [("'sad, but ok'", "sad, but ok"), ("''", "")],
    "mood[]": [('\'{"","sad, but ok"}\'', '{"","sad, but ok"}')],
    "pair": [("ROW(1, 'x,y')", '(1,"x,y")')],
    "short_text": [("'abc'", "abc")],
    "price": [("1.5", "1.50")],
    "any_number": [("2.25", "2.250000")],
    "bit(4)": [("B'1010'", "1010")],
    "bit varying": [("B'1'", "1"), ("''", "")],
    "inet": [("'10.0.0.1/8'", "10.0.0.1/8")],
    "cidr": [("'10.0.0.0/8'", "10.0.0.0/8")],
    "macaddr": [("'08:00:2b:01:02:03'", "08:00:2b:01:02:03")],
    "int4range": [("'[1,5)'", "[1,5)"), ("'empty'", "empty")],
    "tstzrange": [("'[2026-01-01 00:00+01,)'", '["2025-12-31 23:00:00+00",)')],
    "int4multirange": [("'{[1,3),[5,7)}'", "{[1,3),[5,7)}")],
    "point": [("'(1.5,-2)'", "(1.5,-2)")],
    "polygon": [("'((0,0),(1,1),(0,1))'", "((0,0),(1,1),(0,1))")],
    "path": [("'[(0,0),(1,1)]'", "[(0,0),(1,1)]")],
    "tsvector": [("'a fat cat'", "'a' 'cat' 'fat'"), ("''", "")],
    "oid": [("4294967295", "4294967295")],
    "name": [("'pg_class'", "pg_class")],
    '"char"': [("'x'", "x")],
    "pg_lsn": [("'16/B374D848'", "16/B374D848")],
}
_TYPES = """
CREATE TYPE mood AS ENUM ('sad, but ok', '');
CREATE TYPE pair AS (number int, word text);
CREATE DOMAIN short_text AS varchar(10);
CREATE DOMAIN price_base AS numeric(10,2);
CREATE DOMAIN price AS price_base CHECK (VALUE > 0);
CREATE DOMAIN any_number AS numeric;
"""


def test_every_type_is_rendered_alike_in_load_and_change_files(
    database: Database, task: Task
) -> None:
    database.execute(_TYPES)
    for number, (data_type, samples) in enumerate(SAMPLES.items()):
        database.execute(
            f"CREATE TABLE type_{number} (id int PRIMARY KEY, value {data_type}, last int)",
            f"INSERT INTO type_{number} VALUES (0, NULL, 7)",
            *(
                f"INSERT INTO type_{number} VALUES ({i}, ({literal})::{data_type}, 7)"
                for i, (literal, _) in enumerate(samples, start=1)
            ),
        )
    task.load()
    for number in range(len(SAMPLES)):
        table = f"type_{number}"
        database.execute(
            f"INSERT INTO {table} SELECT id + 1000, value, last FROM {table}",
            f"UPDATE {table} SET last = 8 WHERE id < 1000",
        )
    task.catch_up()
    task.stop()

    for number, (data_type, samples) in enumerate(SAMPLES.items()):
        expected = ["", *(text for _, text in samples)]
        loaded = {int(row[2]): row[3] for row in task.bucket.loaded(f"public.type_{number}")}
        changed = task.bucket.changed(f"public.type_{number}")
        inserted = {int(row[2]) - 1000: row[3] for row in changed if row[0] == "I"}
        updated = {int(row[2]): row[3] for row in changed if row[0] == "U"}
        for found in (loaded, inserted, updated):
            assert [found[i] for i in range(len(expected))] == expected, data_type
        assert {row[4] for row in task.bucket.loaded(f"public.type_{number}")} == {"7"}


def test_values_that_were_cut_are_counted(database: Database, task: Task) -> None:
    database.execute(
        "CREATE TABLE long (id int PRIMARY KEY, a text, b bytea, c varchar)",
        "INSERT INTO long VALUES (1, repeat('x', 20000), repeat('y', 40000)::bytea, 'short'), "
        "(2, repeat('x', 16384), repeat('y', 32768)::bytea, repeat('z', 8001))",
    )
    task.load()
    assert task.table("public.long").truncated_lobs == 3
    database.execute("INSERT INTO long SELECT id + 10, a, b, c FROM long")
    task.catch_up()
    assert task.table("public.long").truncated_lobs == 6


def test_lob_max_size_is_honoured(database: Database, task: Task) -> None:
    task.settings = {**KEEP_FILES, "TargetMetadata": {"LobMaxSize": 1}}
    database.execute(
        "CREATE TABLE long (id int PRIMARY KEY, a text)",
        "INSERT INTO long VALUES (1, repeat('x', 2000))",
    )
    task.load()
    database.execute("INSERT INTO long VALUES (2, repeat('x', 2000))")
    task.catch_up()
    assert [row[3] for row in task.bucket.loaded("public.long")] == ["x" * 512]
    assert [row[3] for row in task.bucket.changed("public.long")] == ["x" * 512]


def _random_values(kind: str, number: random.Random) -> str:
    if kind == "real":
        return repr(struct.unpack("f", number.randbytes(4))[0])
    if kind == "double precision":
        return repr(struct.unpack("d", number.randbytes(8))[0])
    if kind == "numeric":
        digits = "".join(number.choices("0123456789", k=number.randint(1, 30)))
        point = number.randint(0, len(digits))
        return f"{number.choice(['', '-'])}{digits[:point] or '0'}.{digits[point:] or '0'}"
    seconds = number.randint(-200_000_000_000, 250_000_000_000)
    microseconds = number.choice([0, number.randint(0, 999_999), 500_000])
    return f"SECONDS {seconds} {microseconds}"


@pytest.mark.parametrize(
    "kind", ["real", "double precision", "numeric", "timestamp", "timestamptz"]
)
def test_random_values_are_rendered_alike(database: Database, task: Task, kind: str) -> None:
    number = random.Random(kind)  # noqa: S311  # samples, not secrets
    values = [_random_values(kind, number) for _ in range(400)]
    literals = [
        f"timestamp '2000-01-01' + interval '{v.split()[1]} s {v.split()[2]} us'"
        if v.startswith("SECONDS")
        else f"'{v}'"
        for v in values
    ]
    rows = ", ".join(f"({i}, ({literal})::{kind})" for i, literal in enumerate(literals))
    database.execute(
        f"CREATE TABLE random (id int PRIMARY KEY, value {kind})",
        f"INSERT INTO random VALUES {rows}",
    )
    task.load()
    database.execute("UPDATE random SET id = id + 1000")
    task.catch_up()
    loaded = {int(row[2]): row[3] for row in task.bucket.loaded("public.random")}
    changed = {int(row[2]) - 1000: row[3] for row in task.bucket.changed("public.random")}
    assert loaded == changed
    assert len(loaded) == len(values)
