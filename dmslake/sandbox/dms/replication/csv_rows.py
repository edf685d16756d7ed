"""CSV rows as DMS frames them: text in, bytes out.

Rfc4180 quotes only fields that hold the quote, the delimiter or a line break, and doubles the
quote; without it nothing is quoted. NULL is `CsvNullValue`, never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dmslake.sandbox.dms.replication.target_settings import CsvFraming

_QUOTE = '"'
# COPY's own CSV writes these nulls and PostgreSQL's quoting rule is then DMS's.
_COPY_NULLS = frozenset({"", "NULL", "null", "\\N"})
_COPY_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_COPY_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

RowEncoder = Callable[[Sequence[str | None]], bytes]


def row_encoder(framing: CsvFraming) -> RowEncoder:
    """Return a function that makes one row, with its row delimiter, of text fields."""
    delimiter, end, null = framing.delimiter, framing.row_delimiter, framing.null
    special = re.compile("|".join(map(re.escape, {_QUOTE, delimiter, end, "\n", "\r"})))

    def quoted(field: str | None) -> str:
        if field is None:
            return null
        if framing.quoted and special.search(field):
            return _QUOTE + field.replace(_QUOTE, _QUOTE * 2) + _QUOTE
        return field

    # A row is plain if joining adds all the delimiters it has, and nothing else is special.
    breaking = re.compile("|".join(map(re.escape, {_QUOTE, end, "\n", "\r"})))

    def encode(fields: Sequence[str | None]) -> bytes:
        line = delimiter.join([null if field is None else field for field in fields])
        if line.count(delimiter) != len(fields) - 1 or breaking.search(line):
            line = delimiter.join(map(quoted, fields))
        return (line + end).encode(errors="surrogateescape")

    return encode


def copy_options(framing: CsvFraming) -> str | None:
    """Return the COPY options that make the server write this framing, None if it cannot."""
    delimiter = framing.delimiter
    simple = len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\n\r'
    if not (framing.quoted and simple and framing.row_delimiter == "\n"):
        return None
    if framing.null not in _COPY_NULLS or delimiter in framing.null:
        return None
    quoted = delimiter.replace("'", "''")
    return f"FORMAT csv, DELIMITER '{quoted}', NULL '{framing.null}', ENCODING 'UTF8'"


def copy_text_fields(row: bytes) -> list[str | None]:
    """Read one row of COPY's text format; the inverse of what the server escaped."""
    return [_copy_field(field) for field in row[:-1].split(b"\t")]


def _copy_field(field: bytes) -> str | None:
    if field == b"\\N":
        return None
    if b"\\" in field:
        field = _COPY_ESCAPE.sub(_unescape, field)
    return field.decode(errors="surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    return _COPY_ESCAPED.get(match[1], match[1])
