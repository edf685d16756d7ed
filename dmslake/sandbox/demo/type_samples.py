"""Values of every common PostgreSQL type that are likely to be damaged on their way to a file.

Plain data: columns of the table `types`, each with its type and samples in PostgreSQL's own input
syntax. Every sample appears in a row, and NULL does.
"""

from __future__ import annotations

from typing import NamedTuple


class TypeSample(NamedTuple):
    """A column of the table `types`."""

    column: str
    type: str
    samples: tuple[str, ...]


# Longer than a page's share of a row, so that PostgreSQL stores it apart (TOAST), and shorter than
# the 16,384 UTF-16 units that DMS's LobMaxSize of 32 KB leaves of a text.
_LONG_TEXT = 'long, with \U0001f4e6 and "quotes"; ' * 400
_NASTY_TEXTS = (
    "",
    " ",
    "NULL",
    "null",
    "\\N",
    "\\",
    "\\.",
    "\\n is not a line break",
    '"',
    '""',
    '"quoted"',
    "comma, comma,",
    ",",
    "it's",
    "one\nline\nmore",
    "carriage\rreturn",
    "both\r\n",
    "\n",
    "tab\tand\x0bothers\x0c\x1c\x1e\x85\u2028\u2029",
    "100 %s {braces} $1 #",
    "\U0001f600 \U0001f3f3\ufe0f\u200d\U0001f308 e\u0301 \u4f60\u597d \u05e9\u05dc\u05d5\u05dd",
    "\ufeffbyte order mark",
    _LONG_TEXT,
)
TYPE_SAMPLES = (
    TypeSample("a_smallint", "smallint", ("0", "-32768", "32767")),
    TypeSample("an_integer", "integer", ("0", "-2147483648", "2147483647")),
    TypeSample("a_bigint", "bigint", ("0", "-9223372036854775808", "9223372036854775807")),
    TypeSample("a_numeric", "numeric(20,6)", ("0", "-0.000001", "12345678901234.567890")),
    TypeSample("whole", "numeric(5)", ("0", "-99999", "7")),
    # DMS takes numeric without a precision as NUMERIC(28,6) and cuts the digits after the sixth.
    TypeSample(
        "unbounded",
        "numeric",
        ("0", "1.5", "-123456789012345678901.123456", "3.1415926535", "-0.0000001"),
    ),
    TypeSample("a_percentage", "{schema}.percentage", ("0", "12.50", "100")),
    TypeSample(
        "a_real",
        "real",
        ("0", "-1.5", "32.38", "3.4028235e38", "1e-45", "NaN", "Infinity", "-Infinity"),
    ),
    TypeSample(
        "a_double",
        "double precision",
        ("0", "0.1", "-2.5e-300", "1.7976931348623157e308", "5e-324", "NaN", "-Infinity"),
    ),
    TypeSample("some_money", "money", ("0", "-1234.56", "92233720368547758.07")),
    TypeSample("a_boolean", "boolean", ("true", "false")),
    TypeSample("a_char", "char(5)", ("abc", "", "d e", " x", "\u00e9t\u00e9")),
    TypeSample("a_varchar", "varchar(30)", ("", "NULL", "\\N", " padded ", 'say "hi", then\ngo')),
    TypeSample("an_open_varchar", "varchar", ("", "\u00fc" * 3000, "a,b")),
    TypeSample("a_text", "text", _NASTY_TEXTS),
    TypeSample("some_bytes", "bytea", ("\\x", "\\x00", "\\xdeadbeef0a0d22", "\\x" + "5cff" * 5000)),
    TypeSample("a_date", "date", ("2026-02-28", "0001-01-01", "infinity", "-infinity")),
    TypeSample("a_time", "time", ("00:00:00", "12:30:15.5", "23:59:59.999999")),
    TypeSample("a_zoned_time", "timetz", ("08:00:00+02", "23:59:59.123456-07:30")),
    TypeSample(
        "a_timestamp",
        "timestamp",
        ("2026-03-29 02:30:00", "1969-12-31 23:59:59.000001", "infinity", "-infinity"),
    ),
    TypeSample(
        "a_zoned_timestamp",
        "timestamptz",
        ("2026-03-29 02:30:00+02", "2000-01-01 00:00:00.5-11:30", "infinity", "-infinity"),
    ),
    TypeSample(
        "an_interval",
        "interval",
        ("0", "1 year 2 mons 3 days 04:05:06.789", "-1 days", "-3 mons +2 days -00:00:01"),
    ),
    TypeSample("a_uuid", "uuid", ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",)),
    TypeSample("a_json", "json", ('{"a": [1, 2.50, null],\n "b": "x\\ny"}', "null", '"text"')),
    TypeSample("a_jsonb", "jsonb", ('{"b": 1.10, "a": "\u00fc\\"\\n"}', "null", '[1, true, "1"]')),
    TypeSample("integers", "integer[]", ("{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={1,2}")),
    TypeSample("texts", "text[]", ("{}", '{"a,b","c\\"d",NULL,"NULL",""}', '{"\\\\N"}')),
    TypeSample("an_enum", "{schema}.order_status", ("new", "on hold, ask")),
    TypeSample("an_address", "inet", ("192.168.0.1", "::1", "10.0.0.0/8")),
    TypeSample("a_network", "cidr", ("10.1.0.0/16",)),
    TypeSample("a_mac_address", "macaddr", ("08:00:2b:01:02:03",)),
    TypeSample("bits", "bit(8)", ("00000000", "10100101")),
    TypeSample("some_bits", "varbit", ("", "1", "010101")),
    TypeSample("a_point", "point", ("(0,0)", "(-1.5,1e-20)")),
    TypeSample("a_polygon", "polygon", ("((0,0),(1,1),(1,0))",)),
    TypeSample("a_range", "int4range", ("empty", "[1,10)", "(,5)")),
    TypeSample("a_period", "tstzrange", ('["2026-01-01 00:00:00+01",)',)),
    TypeSample("words", "tsvector", ("'don''t':2 'quote':1",)),
)
