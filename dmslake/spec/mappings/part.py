"""One JSON object of a table-mapping document, read member by member.

Reading a member returns its value, or None after the mistake has been noted. Members that are
null count as not written: the console of DMS writes many of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dmslake.spec.display import quoted
from dmslake.spec.mappings.mistake import (
    MappingMistake,
    Path,
    Severity,
    listed,
    mistake_at,
    nearest,
    shown,
)

Where = str | Path

_LIKE_A_MEMBER = 0.75
_MOST_DIGITS = 18


def whole_number(value: object) -> int | None:
    """Return the number that a JSON number or a text of digits stands for."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value.lstrip("0")[:_MOST_DIGITS] or "0")
    return None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A JSON object, with its place in the document and the list of what was found so far."""

    members: Mapping[str, object]
    path: Path
    rule_id: str
    found: list[MappingMistake]

    def error(self, at: Where, message: str, fix: str = "") -> None:
        self._note(at, message, fix, "error")

    def warning(self, at: Where, message: str, fix: str = "") -> None:
        self._note(at, message, fix, "warning")

    def _note(self, at: Where, message: str, fix: str, severity: Severity) -> None:
        steps = (at,) if isinstance(at, str) and at else tuple(at)
        place = (*self.path, *steps)
        self.found.append(mistake_at(place, message, fix, rule_id=self.rule_id, severity=severity))

    def has(self, name: str) -> bool:
        """Tell whether a member says anything; null and empty ones do not."""
        value = self.members.get(name)
        return value is not None and value not in ("", [], {}, ())

    def count(self, name: str) -> int:
        """Return how many entries a list has; 0 if it is none."""
        value = self.members.get(name)
        return len(value) if isinstance(value, list | tuple) else 0

    def missing(self, name: str, fix: str = "") -> bool:
        """Tell whether a member that must be written is not, and note it."""
        absent = self.members.get(name) is None
        if absent:
            self.error(name, "missing", fix or f"add {quoted(name)}")
        return absent

    def text(self, name: str, fix: str = "") -> str | None:
        """Read a member that must be text and not empty."""
        return None if self.missing(name, fix) else self.optional_text(name, fix)

    def optional_text(self, name: str, fix: str = "") -> str | None:
        value = self.members.get(name)
        if isinstance(value, str) and value:
            return value
        if value == "":
            self.error(name, "empty", fix or "write a name")
        elif value is not None:
            self.error(name, f"expected text, not {shown(value)}", fix)
        return None

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Read a member that must be one of some words."""
        if self.missing(name, f"write {_one_of(allowed)}"):
            return None
        return self.optional_choice(name, allowed)

    def optional_choice(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.members.get(name)
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        near = nearest(value, allowed) if isinstance(value, str) else ""
        fix = f"did you mean {quoted(near)}?" if near else ""
        self.error(name, f"{shown(value)} is not {_one_of(allowed)}", fix)
        return None

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        """Read a member that may be missing and else is a whole number or its digits as text."""
        value = self.members.get(name)
        number = whole_number(value)
        if value is None or (number is not None and lowest <= number <= highest):
            return number
        if number is None:
            self.error(name, f"expected a whole number, not {shown(value)}", "write digits")
        else:
            self.error(
                name, f"{shown(value)} is out of range", f"use a number from {lowest} to {highest}"
            )
        return None

    def part(self, name: str, fix: str = "") -> "Part | None":
        """Read a member that must be an object."""
        if self.missing(name, fix):
            return None
        value = self.members[name]
        if isinstance(value, Mapping):
            return replace(self, members=value, path=(*self.path, name))
        self.error(name, f"expected an object, not {shown(value)}", fix)
        return None

    def parts(self, name: str) -> list["Part"]:
        """Read a member that must be a list of objects; without the entries that are none."""
        read = []
        for index, value in enumerate(self.entries(name)):
            if isinstance(value, Mapping):
                read.append(replace(self, members=value, path=(*self.path, name, index)))
            else:
                self.error((name, index), f"expected an object, not {shown(value)}")
        return read

    def texts(self, name: str) -> list[str]:
        """Read a list of texts that may be missing; without the entries that are none."""
        read: list[str] = []
        for index, value in enumerate(self.entries(name)):
            if not isinstance(value, str) or not value:
                self.error((name, index), f"expected text, not {shown(value or None)}")
            elif value in read:
                self.error((name, index), f"{quoted(value)} is in this list twice", "remove one")
            else:
                read.append(value)
        return read

    def entries(self, name: str) -> list[object]:
        """Read a list that may be missing."""
        value = self.members.get(name)
        if isinstance(value, list | tuple):
            return list(value)
        if value is not None:
            self.error(name, f"expected a list, not {shown(value)}", "write it in [ ]")
        return []

    def know(self, known: Collection[str], elsewhere: Mapping[str, str] | None = None) -> None:
        """Note members that do not belong here.

        Args:
            known: the members that AWS documents for this object.
            elsewhere: members of other objects, each with what takes it.
        """
        for name in self.members:
            if name not in known and self.has(name):
                self._note_unknown(name, known, elsewhere or {})

    def _note_unknown(
        self, name: str, known: Collection[str], elsewhere: Mapping[str, str]
    ) -> None:
        near = nearest(name, known, likeness=_LIKE_A_MEMBER)
        if name in elsewhere:
            self.error(name, f"only {elsewhere[name]} take it", "remove it")
        elif near:
            self.error(name, "unknown member", f"did you mean {quoted(near)}?")
        else:
            self.warning(
                name, "AWS documents no such member: DMS ignores or refuses it", "remove it"
            )


def _one_of(words: Collection[str]) -> str:
    return f"one of {listed(words)}" if len(words) > 1 else listed(map(quoted, words))
