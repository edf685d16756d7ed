# ruff: noqa: S608  # the only text from outside is a column, which the caller has quoted
"""SQL expressions that render a column as DMS writes it, for the full load and for look-ups.

`rendering` does the same in Python for changes; tests prove that both agree for every type.
"""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.sandbox.dms.replication.data_types import DataType, Form
from dmslake.sandbox.dms.replication.rendering import LONG_STRING_BYTES, LobLimit

_MOMENT = "'YYYY-MM-DD HH24:MI:SS.US'"
_SUPPLEMENTARY = r"E'[\\U00010000-\\U0010ffff]'"
_CAST_FORMS = frozenset({Form.NCLOB, Form.CLOB})


@dataclass(frozen=True, kw_only=True)
class SqlRendering:
    """Renders columns as SQL text expressions.

    `null` is the text that stands for NULL: a string equal to it becomes NULL, so that COPY writes
    both alike, without quotes. None keeps such strings. `utf8` tells whether the server encoding
    can hold characters beyond the basic plane.
    """

    lobs: LobLimit
    null: str | None
    utf8: bool

    def expression(self, column: str, data_type: DataType) -> str:
        """Return the expression for `column`, an SQL identifier or expression of that type."""
        form = data_type.form
        text = _PLAIN_TEXT[form].format(column) if form in _PLAIN_TEXT else column
        if form is Form.LONG_STRING:
            text = self._cut_bytes(column)
        elif form is Form.BLOB:
            text = f"encode(substring({column} for {self.lobs.blob_bytes}), 'hex')"
        elif form.is_lob:
            text = self._cut(column, data_type)
        return self._nullable(text) if form in _MAY_BE_EMPTY else text

    def may_cut(self, data_type: DataType) -> bool:
        """Tell whether values of this type can be too long."""
        return data_type.form.is_lob or data_type.form is Form.LONG_STRING

    def cut_values(self, column: str, data_type: DataType) -> str:
        """Return a boolean expression: whether rendering cuts the column's value."""
        form = data_type.form
        if form is Form.BLOB:
            return f"octet_length({column}) > {self.lobs.blob_bytes}"
        if form is Form.LONG_STRING:
            return f"octet_length({column}) > {LONG_STRING_BYTES}"
        limit = self._limit(form)
        long = f"octet_length({column}) > {limit}"
        return f"({long} AND {self._units(column, form)} > {limit})"

    def _nullable(self, text: str) -> str:
        if self.null is None:
            return text
        return f"NULLIF({text}, '{self.null}')"

    def _limit(self, form: Form) -> int:
        return self.lobs.nclob_units if form is Form.NCLOB else self.lobs.clob_characters

    def _cut(self, column: str, data_type: DataType) -> str:
        form = data_type.form
        limit = self._limit(form)
        # No character has more UTF-16 units than bytes, and the length of a stored text is known
        # without fetching it.
        return (
            f"CASE WHEN octet_length({column}) <= {limit} THEN {column} "
            f"ELSE {self._cut_long(column, form, limit)} END"
        )

    def _cut_long(self, column: str, form: Form, limit: int) -> str:
        cut = f"left({column}, {limit})"
        if form is not Form.NCLOB or not self.utf8:
            return cut
        exact = (
            "(SELECT string_agg(c, '' ORDER BY i) FROM (SELECT c, i, sum(CASE WHEN "
            f"c ~ {_SUPPLEMENTARY} THEN 2 ELSE 1 END) OVER (ORDER BY i) AS units FROM "
            f"regexp_split_to_table({cut}, '') WITH ORDINALITY AS p(c, i)) AS q "
            f"WHERE units <= {limit})"
        )
        return f"CASE WHEN {cut} ~ {_SUPPLEMENTARY} THEN {exact} ELSE {cut} END"

    def _units(self, column: str, form: Form) -> str:
        if form is not Form.NCLOB or not self.utf8:
            return f"char_length({column})"
        pairs = f"(SELECT count(*) FROM regexp_matches({column}, {_SUPPLEMENTARY}, 'g'))"
        return f"char_length({column}) + {pairs}"

    def _cut_bytes(self, column: str) -> str:
        # A character has at most four bytes, so a cut after the limit's bytes may split one.
        limit = LONG_STRING_BYTES
        exact = (
            "(SELECT string_agg(c, '' ORDER BY i) FROM (SELECT c, i, sum(octet_length(c)) "
            f"OVER (ORDER BY i) AS bytes FROM regexp_split_to_table(left({column}, {limit}), '') "
            f"WITH ORDINALITY AS p(c, i)) AS q WHERE bytes <= {limit})"
        )
        return f"CASE WHEN octet_length({column}) <= {limit} THEN {column}::text ELSE {exact} END"


def needs_cast(data_type: DataType) -> bool:
    """Tell whether the column is cast to text once, before its expression uses it repeatedly."""
    return data_type.form in _CAST_FORMS and data_type.name != "text"


def _moment(zone: str) -> str:
    kind = f"timestamp{zone}"
    return (
        f"CASE WHEN {{0}} >= {kind} '0001-01-01' AND {{0}} < {kind} 'infinity' "
        f"THEN to_char({{0}}, {_MOMENT}) "
        f"WHEN {{0}} = {kind} 'infinity' THEN '9999-12-31 23:59:59.000000' "
        f"WHEN {{0}} = {kind} '-infinity' THEN '4713-01-01 00:00:00.000000 BC' "
        f"ELSE to_char({{0}}, {_MOMENT}) || ' BC' END"
    )


# NaN is the greatest float to PostgreSQL.
def _scientific(kind: str, digits: str) -> str:
    return (
        f"CASE WHEN {{0}} >= {kind} 'Infinity' OR {{0}} = {kind} '-Infinity' THEN {{0}}::text "
        f"ELSE replace(to_char({{0}}, '9.{digits}EEEE'), ' ', '+') END"
    )


_MAY_BE_EMPTY = frozenset(
    {Form.STRING, Form.CHAR, Form.LONG_STRING, Form.NCLOB, Form.CLOB, Form.BLOB}
)
_PLAIN_TEXT = {
    Form.STRING: "{0}::text",
    Form.CHAR: "{0}::text",  # the cast trims
    Form.BOOLEAN: "{0}::text",
    Form.FLOAT4: _scientific("float4", "99999999"),
    Form.FLOAT8: _scientific("float8", "9999999999999999"),
    Form.UNBOUNDED_NUMERIC: "trunc({0}, 6)",
    Form.MONEY: "round({0}::numeric, 4)",
    Form.DATE: (
        "CASE {0} WHEN date 'infinity' THEN '9999-12-31' "
        "WHEN date '-infinity' THEN '4713-01-01 BC' ELSE {0}::text END"
    ),
    Form.TIME_WITH_ZONE: "{0}::time",
    Form.TIMESTAMP: _moment(""),
    Form.TIMESTAMP_WITH_ZONE: _moment("tz"),
}
