"""The words that a layout template may use: how each is written, and how it is read back.

A new token is one line in `TOKENS`; `Shape` says what the collision check may assume about it.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from dmslake.lake.objects import StagedObject


class Moment(NamedTuple):
    """The time fields of a lake key, as text: partition fields local, `stamp` in UTC."""

    year: str
    month: str
    day: str
    hour: str
    minute: str
    stamp: str

    @classmethod
    def of(cls, local: datetime, arrived: datetime) -> "Moment":
        """Write `local` as partition fields and `arrived` (UTC) as `YYYYMMDDTHHMMSSZ`."""
        return cls(
            f"{local.year:04}",
            f"{local.month:02}",
            f"{local.day:02}",
            f"{local.hour:02}",
            f"{local.minute:02}",
            f"{arrived.year:04}{arrived.month:02}{arrived.day:02}"
            f"T{arrived.hour:02}{arrived.minute:02}{arrived.second:02}Z",
        )


class Shape(Enum):
    """What can be assumed about a token's text when a key is read backwards."""

    FIXED = "ends by itself: of fixed width, or one of a few words that never start alike"
    SEGMENT = "any text without a slash"
    EXTENSION = "nothing, or dots with ASCII letters and digits"
    PATH = "any text, slashes too"


class Token(NamedTuple):
    """One word of a template."""

    name: str
    shape: Shape
    pattern: str
    value: Callable[[StagedObject, Moment], str]
    meaning: str


TOKENS = {
    token.name: token
    for token in (
        Token("schema", Shape.SEGMENT, "[^/]+", lambda s, _: s.schema, "schema"),
        Token("table", Shape.SEGMENT, "[^/]+", lambda s, _: s.table, "table"),
        Token("year", Shape.FIXED, "[0-9]{4}", lambda _, m: m.year, "year, 4 digits"),
        Token("month", Shape.FIXED, "[0-9]{2}", lambda _, m: m.month, "month, 01-12"),
        Token("day", Shape.FIXED, "[0-9]{2}", lambda _, m: m.day, "day, 01-31"),
        Token("hour", Shape.FIXED, "[0-9]{2}", lambda _, m: m.hour, "hour, 00-23"),
        Token("minute", Shape.FIXED, "[0-9]{2}", lambda _, m: m.minute, "minute, 00-59"),
        Token(
            "stem",
            Shape.PATH,
            ".+",
            lambda s, _: s.stem,
            "what follows the table in the staged key, folders kept, extension left out",
        ),
        Token(
            "ext",
            Shape.EXTENSION,
            r"(?:\.[A-Za-z0-9]+){0,2}",
            lambda s, _: s.ext,
            "extension with its dot; .csv.gz is one",
        ),
        Token(
            "stamp",
            Shape.FIXED,
            "[0-9]{8}T[0-9]{6}Z",
            lambda _, m: m.stamp,
            "LastModified in UTC, as 20261123T144702Z",
        ),
        Token("file", Shape.SEGMENT, "[^/]+", lambda s, _: s.file, "file name, folders left out"),
        Token("path", Shape.PATH, ".+", lambda s, _: s.path, "staged key below the prefix"),
        Token(
            "kind",
            Shape.FIXED,
            "(?:load|cdc|transaction|other)",
            lambda s, _: s.kind.value,
            "load, cdc, transaction or other",
        ),
    )
}
