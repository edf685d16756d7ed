"""How the text of each type in the lake reads as a value, and what the source is asked for.

This is deliberately not the code that wrote the text: it reads the documented text forms backwards,
and both sides become values of Python. Types that DMS writes as PostgreSQL's own text are compared
as that text. (DMS user guide, "Using Amazon S3 as a target" and "Source data types for
PostgreSQL".)
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

NULL = "\\N"
"""How NULL is written (`CsvNullValue` of the staging endpoint). A string of this very text is
written alike, so that the source's is taken as NULL, too."""

Value = int | float | bool | str | bytes | Decimal | date | datetime | time | tuple[str, object]
"""A value of either side; a year before Christ is a pair of `BC` and its date. Text that does not
read as its column's type stays text, which equals no value of that type."""

_NAN = "NaN"


class Form(NamedTuple):
    """How values of a type are had from both sides.

    `select` is the SQL expression for a column, `read` makes a value of the lake's text and
    `convert` one of what psycopg2 returns; both get no NULL. `read` may raise ValueError.
    """

    select: str
    read: Callable[[str], Value]
    convert: Callable[[Any], Value] | None = None


def form_of(type_name: str, *, has_precision: bool = True) -> Form:
    """Return the form of a type, by its `pg_type` name; of a numeric without precision, its own."""
    if type_name == "numeric" and not has_precision:
        return _UNBOUNDED
    return _FORMS.get(type_name, _TEXT)


def _boolean(text: str) -> Value:
    return {"true": True, "false": False}.get(text, text)


def _number(text: str) -> Value:
    return _comparable(Decimal(text))


def _single(text: str) -> Value:
    # DMS writes nine digits, which name one float4, but not the same double as the float4 itself.
    (value,) = struct.unpack("f", struct.pack("f", float(text)))
    return _comparable(float(value))


def _double(text: str) -> Value:
    return _comparable(float(text))


def _comparable(number: Decimal | float) -> Value:
    return _NAN if number != number else number  # noqa: PLR0124  # only NaN differs from itself


def _six_decimals(number: Decimal) -> Value:
    if not number.is_finite():
        return _comparable(number)
    sign, digits, exponent = number.as_tuple()
    surplus = -6 - int(exponent)
    if surplus <= 0:
        return number
    return Decimal((sign, digits[:-surplus] or (0,), -6))


def _day(text: str) -> Value:
    return _in_era(text, date.fromisoformat)


def _finite_day(text: str) -> Value:
    return _day(_INFINITE_DAYS.get(text, text))


def _moment(text: str) -> Value:
    return _in_era(text, datetime.fromisoformat)


def _finite_moment(text: str) -> Value:
    return _moment(_INFINITE_MOMENTS.get(text, text))


def _in_era(text: str, read: Callable[[str], Value]) -> Value:
    """Read a date in the years that Python knows; years beyond them stay text."""
    bare = text.removesuffix(" BC")
    try:
        value = read(bare)
    except ValueError:
        return text
    return value if bare == text else ("BC", value)


def _clock(text: str) -> Value:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return text  # 24:00:00 is a time to PostgreSQL


def _json(text: str) -> Value:
    # Numbers are kept apart from strings, and true from 1, without going through a double.
    return json.dumps(json.loads(text, parse_float=_exactly), sort_keys=True)


def _exactly(number: str) -> str:
    return f"number {number}"


# What DMS makes of infinite dates.
_INFINITE_DAYS = {"infinity": "9999-12-31", "-infinity": "4713-01-01 BC"}
_INFINITE_MOMENTS = {
    "infinity": "9999-12-31 23:59:59",
    "-infinity": "4713-01-01 00:00:00 BC",
}
_UNBOUNDED = Form("{}", _number, _six_decimals)
_STRING = Form("nullif({}::text, '\\N')", str)
# PostgreSQL's own text, as a client gets it; a cast writes some types differently (inet).
_TEXT = Form("nullif(CASE WHEN {0} IS NOT NULL THEN format('%s', {0}) END, '\\N')", str)
_FORMS = {
    "int2": Form("{}", int),
    "int4": Form("{}", int),
    "int8": Form("{}", int),
    "numeric": Form("{}", _number, _comparable),
    "money": Form("{}::numeric", _number),
    "float4": Form("{}::float8", _single, _comparable),
    "float8": Form("{}", _double, _comparable),
    "bool": Form("{}", _boolean),
    "text": _STRING,
    "varchar": _STRING,
    "bpchar": _STRING,  # the cast trims trailing blanks, as DMS does
    "bytea": Form("{}", bytes.fromhex, bytes),
    "date": Form("{}::text", _day, _finite_day),
    "time": Form("{}::text", _clock, _clock),
    "timetz": Form("{}::time::text", _clock, _clock),
    "timestamp": Form("{}::text", _moment, _finite_moment),
    "timestamptz": Form("({} AT TIME ZONE 'UTC')::text", _moment, _finite_moment),
    "jsonb": Form("{}::text", _json, _json),
}
