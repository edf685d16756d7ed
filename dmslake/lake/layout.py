"""A layout: a template compiled in both directions, from a staged object to a lake key and back.

Pure text: it is given the time fields and knows neither clocks nor time zones.
"""

import re
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from dmslake.lake.collisions import Part, collisions
from dmslake.lake.objects import StagedObject, read_time
from dmslake.lake.tokens import TOKENS, Moment, Token

DEFAULT_LAYOUT = (
    "{schema}/{table}/year={year}/month={month}/day={day}/hour={hour}/{stem}-{stamp}{ext}"
)


class LayoutError(ValueError):
    """A template that cannot be used. `fix` says what to do about it."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Origin(NamedTuple):
    """Where a lake key came from: the staged key, and the `LastModified` it then had (UTC)."""

    key: str
    arrived: datetime


class Layout:
    """A compiled template. Raises LayoutError for one that is malformed or has unknown tokens.

    `default` stands for `DEFAULT_LAYOUT`. Call `check` before using a layout that a user wrote.
    """

    def __init__(self, template: str = DEFAULT_LAYOUT) -> None:
        self.template = DEFAULT_LAYOUT if template == "default" else template
        self._parts = _compile(self.template)
        self._format = "".join(
            "%s" if isinstance(part, Token) else part.replace("%", "%%") for part in self._parts
        )
        self._values = tuple(part.value for part in self._parts if isinstance(part, Token))

    def __repr__(self) -> str:
        return f"Layout({self.template!r})"

    def check(self, *, allow_overwrite: bool = False) -> None:
        """Refuse a layout that could send two objects to one key, naming what it lacks."""
        found = [] if allow_overwrite else collisions(self._parts)
        if found:
            raise LayoutError(
                f"layout {self.template!r} can lose data: {'; '.join(found)}",
                fix="give every variable part a folder of its own, as the default does "
                f"({DEFAULT_LAYOUT}), or set allow_overwrite: true",
            )

    def render(self, staged: StagedObject, moment: Moment) -> str:
        """Write the lake key, below the lake prefix."""
        return self._format % tuple([value(staged, moment) for value in self._values])

    def parse(self, key: str) -> Origin | None:
        """Read a lake key (below the lake prefix) back: the inverse of `render`.

        Gives the staged key below the staging prefix; nothing for a key that this layout never
        writes. Raises LayoutError for a layout that cannot be read back.
        """
        match = self._reader.fullmatch(key)
        if match is None:
            return None
        found = match.groupdict()
        arrived = read_time(found["stamp"][:8], found["stamp"][9:15])
        staged = StagedObject.parse(_path(found))
        if arrived is None or not isinstance(staged, StagedObject):
            return None
        moment = Moment(*(found.get(field, "") for field in Moment._fields))
        return Origin(staged.path, arrived) if self.render(staged, moment) == key else None

    @cached_property
    def _reader(self) -> re.Pattern[str]:
        self.check()
        seen: set[str] = set()
        return re.compile("".join(_pattern(part, seen) for part in self._parts), re.DOTALL)


def _path(found: dict[str, str]) -> str:
    if "path" in found:
        return found["path"]
    return StagedObject(found["schema"], found["table"], found["stem"] + found["ext"]).path


def _pattern(part: Part, seen: set[str]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    if part.name in seen:
        return f"(?P={part.name})"
    seen.add(part.name)
    return f"(?P<{part.name}>{part.pattern})"


def _compile(template: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for literal, name, form, conversion in _pieces(template):
        parts += [literal] if literal else []
        if name is not None:
            parts.append(_token(template, name, f"{conversion or ''}{form}"))
    _check_folders(template, parts)
    return tuple(parts)


def _pieces(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    from string import Formatter  # noqa: PLC0415 - slow to import, and boto3 brings it

    try:
        return list(Formatter().parse(template))
    except ValueError as error:
        raise LayoutError(
            f"layout {template!r} is malformed: {error}",
            fix="write tokens as {name}, and a literal brace twice",
        ) from error


def _token(template: str, name: str, extra: str) -> Token:
    if name not in TOKENS or extra:
        written = f"{name}:{extra}" if extra else name
        raise LayoutError(
            f"layout {template!r} uses {{{written}}}, which is not a token",
            fix="use " + ", ".join(f"{{{known}}}" for known in TOKENS),
        )
    return TOKENS[name]


def _check_folders(template: str, parts: list[Part]) -> None:
    """Refuse a template whose keys would have an empty folder, `.` or `..`, or stray spaces."""
    # A token that is never empty stands in as a letter, {ext} as nothing.
    outline = "".join(
        part if isinstance(part, str) else "" if part.name == "ext" else "x" for part in parts
    )
    folders = outline.split("/")
    if any(folder in {"", ".", ".."} for folder in folders):
        raise LayoutError(
            f"layout {template!r} has a folder that is empty, '.' or '..'",
            fix="leave out slashes at its ends and double ones, and do not let {ext} stand alone",
        )
    if outline != outline.strip() or not outline.isprintable():
        raise LayoutError(
            f"layout {template!r} has line breaks or spaces at its ends",
            fix="write it on one line, in quotes",
        )
