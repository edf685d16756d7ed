"""Which tables: `schema.table` patterns and how names with dots are written.

`%` stands for any run of characters and `_` for exactly one, as in AWS DMS, which has no way to
escape them. The dot divides schema and table. A name that holds a dot, a double quote, a `*`, a
control character or a space at its ends stands in double quotes as in SQL, with a double quote
doubled: `"we.ird".orders`. Quotes do not switch the wildcards off.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from dmslake.spec.mistakes import mistake

_INNER = r'[^".*\x00-\x1f\x7f]'
_EDGE = r'[^".*\x00-\x1f\x7f\s]'
_BARE_NAME = f"{_EDGE}(?:{_INNER}*{_EDGE})?"
_NAME = f'"(?:[^"]|"")+"|{_BARE_NAME}'
_PLAIN = re.compile(_BARE_NAME)
_PATTERN = re.compile(f"({_NAME})\\.({_NAME})")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True, order=True)
class TablePattern:
    """The schema and table of a DMS selection rule; both may hold the wildcards % and _."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{_written(self.schema)}.{_written(self.table)}"


def parse_table_pattern(text: str) -> TablePattern:
    """Read `schema.table`; the inverse of `str(pattern)`."""
    parts = _PATTERN.fullmatch(text)
    if not parts:
        raise mistake("{value} is not schema.table", fix=_advice(text))
    return TablePattern(schema=_read(parts[1]), table=_read(parts[2]))


def _written(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _read(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def _advice(text: str) -> str:
    bare = _QUOTED.sub("quoted", text)
    if '"' in bare:
        return "close the double quote"
    if "*" in bare:
        return "the wildcard is %, not *"
    if "." not in bare:
        return "write the schema before it; % stands for all schemas"
    if bare.count(".") > 1:
        return """put the name that holds a dot in double quotes: '"we.ird".orders'"""
    return """give both names; put odd ones in double quotes: '"odd name ".orders'"""


def _validate(value: object) -> TablePattern:
    if isinstance(value, str):
        return parse_table_pattern(value)
    raise PydanticKnownError("string_type")


TablePatternField = Annotated[
    TablePattern,
    PlainValidator(_validate),
    PlainSerializer(TablePattern.__str__, return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""A table pattern as a field of the spec."""
