"""How the check of a table-mapping document says what is wrong."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dmslake.spec.display import describe, field_name

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]

_RULES = "rules"
_MOST_BITS = 96


@dataclass(frozen=True, kw_only=True)
class MappingMistake:
    """One mistake in a table-mapping document.

    An error is what DMS refuses or what cannot be meant; a warning is what DMS takes and what
    then has no effect, or another one than its author may think.

    Attributes:
        path: where it stands in the document, such as ("rules", 0, "rule-action").
        rule_id: the digits of the rule's id; empty for the document and for a rule without one.
        field: the same place inside the rule, such as "filters[0].column-name".
        message: what is wrong and why, on one line.
        fix: what to write instead.
    """

    path: Path
    rule_id: str
    field: str
    message: str
    fix: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        rule = f"rule {self.rule_id}" if self.rule_id else field_name(self.path[:2])
        inside = len(self.path) > 1
        where = [rule if inside else "", self.field, self.message]
        return ": ".join(part for part in where if part) + (f"; {self.fix}" if self.fix else "")


def mistake_at(
    path: Path, message: str, fix: str = "", *, rule_id: str = "", severity: Severity = "error"
) -> MappingMistake:
    """Return the mistake at a path into the document; its field follows from the path."""
    field = field_name(path[2:] if path[:1] == (_RULES,) and len(path) > 1 else path)
    return MappingMistake(
        path=path, rule_id=rule_id, field=field, message=message, fix=fix, severity=severity
    )


def nearest(word: str, candidates: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the candidate that `word` was probably meant to be, or an empty text."""
    usual = word.lower().replace("_", "-")
    found = difflib.get_close_matches(usual, list(candidates), n=1, cutoff=likeness)
    return found[0] if found else ""


def shown(value: object) -> str:
    """Name a JSON value for a message."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "so large a number"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, tuple) else describe(value)


def listed(words: Iterable[str]) -> str:
    """Return words as `a, b, c`."""
    return ", ".join(words)
