"""Renders the text that PostgreSQL sends for a change as DMS writes it.

The text is that of a session with ISO dates, UTC, hexadecimal bytea and `lc_monetary` C, as
`connections` sets it up. `rendering_sql` does the same in SQL for the full load.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dmslake.sandbox.dms.replication.data_types import DataType, Form

LONG_STRING_BYTES = 8000  # varchar without a length, unless `unboundedVarcharMaxSize` is set
_FIRST_SUPPLEMENTARY = "\U00010000"
_INFINITE_DATES = {"infinity": "9999-12-31", "-infinity": "4713-01-01 BC"}
_INFINITE_MOMENTS = {
    "infinity": "9999-12-31 23:59:59.000000",
    "-infinity": "4713-01-01 00:00:00.000000 BC",
}
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


@dataclass(frozen=True)
class LobLimit:
    """LobMaxSize in bytes, as limited LOB mode counts it.

    An NCLOB counts two bytes for a character and four for one beyond the basic plane, so its limit
    is one in UTF-16 units; a CLOB counts characters, a BLOB bytes.
    """

    lob_bytes: int

    @property
    def nclob_units(self) -> int:
        return self.lob_bytes // 2

    @property
    def clob_characters(self) -> int:
        return self.lob_bytes

    @property
    def blob_bytes(self) -> int:
        return self.lob_bytes


@dataclass
class Renderer:
    """Renders values of changes; counts the values it had to cut.

    `money_digits` is how many digits of a money value stand behind the decimal point.
    """

    lobs: LobLimit
    money_digits: int = 2
    cut_values: int = 0

    def function(self, data_type: DataType) -> Callable[[str], str] | None:
        """Return what renders a value of this type; None where the text stays as it is."""
        return self._functions().get(data_type.form)

    def _functions(self) -> dict[Form, Callable[[str], str]]:
        return {
            Form.CHAR: _trimmed,
            Form.LONG_STRING: self._long_string,
            Form.BOOLEAN: _boolean,
            Form.FLOAT4: _float4,
            Form.FLOAT8: _float8,
            Form.UNBOUNDED_NUMERIC: _six_decimals,
            Form.MONEY: self._money,
            Form.DATE: _date,
            Form.TIME_WITH_ZONE: _without_zone,
            Form.TIMESTAMP: _moment,
            Form.TIMESTAMP_WITH_ZONE: _moment_with_zone,
            Form.NCLOB: self._nclob,
            Form.CLOB: self._clob,
            Form.BLOB: self._blob,
        }

    def _money(self, text: str) -> str:
        digits = "".join(char for char in text if char.isdigit()).rjust(self.money_digits + 1, "0")
        point = len(digits) - self.money_digits
        sign = "-" if text.startswith("-") else ""
        return f"{sign}{digits[:point]}.{digits[point:]:0<4}"

    def _nclob(self, text: str) -> str:
        limit = self.lobs.nclob_units
        if len(text) * 2 <= limit:
            return text
        cut = _first_units(text, limit)
        self.cut_values += len(cut) < len(text)
        return cut

    def _clob(self, text: str) -> str:
        self.cut_values += len(text) > self.lobs.clob_characters
        return text[: self.lobs.clob_characters]

    def _blob(self, text: str) -> str:
        digits = text[2:]
        self.cut_values += len(digits) > 2 * self.lobs.blob_bytes
        return digits[: 2 * self.lobs.blob_bytes]

    def _long_string(self, text: str) -> str:
        if len(text) * 4 <= LONG_STRING_BYTES:
            return text
        encoded = text.encode(errors="surrogateescape")
        if len(encoded) <= LONG_STRING_BYTES:
            return text
        self.cut_values += 1
        return encoded[:LONG_STRING_BYTES].decode(errors="ignore")


def format_time(moment: datetime) -> str:
    """Return a UTC moment as the timestamp column shows it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond:06d}"


def _first_units(text: str, limit: int) -> str:
    cut = text[:limit]
    if cut and max(cut) < _FIRST_SUPPLEMENTARY:
        return cut
    units = 0
    for position, char in enumerate(cut):
        units += 1 + (char >= _FIRST_SUPPLEMENTARY)
        if units > limit:
            return cut[:position]
    return cut


def _trimmed(text: str) -> str:
    return text.rstrip(" ")


def _boolean(text: str) -> str:
    return "true" if text == "t" else "false"


def _float4(text: str) -> str:
    if text in _NOT_FINITE:
        return text
    # The shortest text of a float4 is not its value as a double; through four bytes it is.
    (value,) = struct.unpack("f", struct.pack("f", float(text)))
    return f"{value:+.8e}"


def _float8(text: str) -> str:
    return text if text in _NOT_FINITE else f"{float(text):+.16e}"


def _six_decimals(text: str) -> str:
    if text in _NOT_FINITE:
        return text
    whole, _, fraction = text.partition(".")
    cut = f"{whole}.{fraction[:6]:0<6}"
    return cut.lstrip("-") if not cut.strip("-0.") else cut


def _date(text: str) -> str:
    return _INFINITE_DATES.get(text, text)


def _without_zone(text: str) -> str:
    return text.partition("+")[0].partition("-")[0]


def _moment(text: str) -> str:
    if text in _INFINITE_MOMENTS:
        return _INFINITE_MOMENTS[text]
    if text.endswith(" BC"):
        return _moment(text[:-3]) + " BC"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}"


def _moment_with_zone(text: str) -> str:
    return _moment(text.replace("+00", ""))
