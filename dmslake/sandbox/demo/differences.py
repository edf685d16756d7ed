"""What a comparison finds: counts, a few examples for display, and the collector of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from dmslake.sandbox.demo.values import Value

_EXAMPLES = 3
_LONGEST_TEXT = 80


class Kind(StrEnum):
    """How the sides differ: a row is only in the source, only in the lake, or not the same."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One differing row, for display: `row` is its key, or its values where it has none.

    `column`, `source` and `lake` tell of the first value that differs, if it is in both.
    """

    kind: Kind
    row: str
    column: str = ""
    source: str = ""
    lake: str = ""


@dataclass(frozen=True, kw_only=True)
class TableComparison:
    """What became of one table: `rows` are the source's, `objects` and `records` the lake's files.

    `extra` includes rows of files that cannot be this table's.
    """

    schema: str
    table: str
    rows: int
    objects: int
    records: int
    missing: int
    extra: int
    different: int
    examples: tuple[Difference, ...]

    @property
    def differences(self) -> int:
        return self.missing + self.extra + self.different


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All tables; `strangers` are keys in the lake that belong to no table of the source."""

    tables: tuple[TableComparison, ...]
    strangers: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def differences(self) -> int:
        return sum(table.differences for table in self.tables)

    @property
    def is_identical(self) -> bool:
        """Tell whether the lake holds exactly the source's rows, and files of nothing else."""
        return not self.differences and not self.strangers


@dataclass
class Findings:
    """Counts the differences of one table, and keeps the first few."""

    counts: Counter[Kind] = field(default_factory=Counter)
    examples: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference, *, times: int = 1) -> None:
        self.counts[difference.kind] += times
        if len(self.examples) < _EXAMPLES:
            self.examples.append(difference)


def shown(value: Value | None) -> str:
    """Return a value for display: text in quotes with its escapes, shortened if it is long."""
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str | bytes | tuple) else str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def shown_row(names: Iterable[str], values: Iterable[Value | None]) -> str:
    """Return a key or a row for display, as `order_id=12, line=3`."""
    text = ", ".join(f"{name}={shown(value)}" for name, value in zip(names, values, strict=True))
    return text if len(text) <= 2 * _LONGEST_TEXT else f"{text[: 2 * _LONGEST_TEXT]}…"
