"""Rules without errors, with the names that their locators hold, to be compared by tables."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from dmslake.spec.mappings.locator import (
    COLUMN,
    DATA_TYPE,
    OBJECT_LOCATOR,
    SCHEMA,
    TABLE,
    TABLE_TYPE,
)
from dmslake.spec.mappings.names import ANY, ONE, covers, meet
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.vocabulary import RULE_ACTION, RULE_TARGET, RULE_TYPE

_EVERY_TYPE = "all"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Located:
    """A rule without errors; names that its locator lacks are `%`, words are empty."""

    part: Part
    kind: str
    action: str
    target: str
    schema: str
    table: str
    column: str
    data_type: str
    table_type: str

    @property
    def name(self) -> str:
        return f"rule {self.part.rule_id}"

    @property
    def number(self) -> int:
        return int(self.part.rule_id)

    @property
    def tables(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def is_pattern(self) -> bool:
        return ANY in self.schema or ANY in self.table

    @property
    def is_literal(self) -> bool:
        """Tell whether `_` stands for itself only."""
        return self.action == "explicit" or self.kind == "table-settings"

    def covers_tables_of(self, other: "Located") -> bool:
        """Tell whether this rule applies to every table that the other one applies to."""
        return self.table_type in (_EVERY_TYPE, other.table_type) and self.covers_names_of(other)

    def meets_tables_of(self, other: "Located") -> bool:
        """Tell whether there may be a table that both rules apply to."""
        if self.is_literal:
            return other.covers_names_of(self)
        if other.is_literal:
            return self.covers_names_of(other)
        return meet(self.schema, other.schema) and meet(self.table, other.table)

    def covers_names_of(self, other: "Located") -> bool:
        """Tell the same, were there no difference between tables and views."""
        if self.is_literal:
            return (self.schema, self.table) == (other.schema, other.table)
        return covers(self.schema, other.schema) and covers(self.table, other.table)

    def folded(self) -> "Located":
        """Return the rule as it would be if letter case did not count."""
        return replace(self, schema=self.schema.casefold(), table=self.table.casefold())


def located(rules: Iterable[Part]) -> list[Located]:
    """Return the rules in which no error was found."""
    rules = list(rules)
    wrong = {
        mistake.path[1]
        for mistake in (rules[0].found if rules else ())
        if mistake.severity == "error" and len(mistake.path) > 1
    }
    return [_locate(rule) for rule in rules if rule.path[1] not in wrong]


def _locate(rule: Part) -> Located:
    locator = rule.members[OBJECT_LOCATOR]
    names = {
        name: str(value)
        for name, value in (locator.items() if isinstance(locator, Mapping) else ())
        if value is not None
    }
    words = {name: str(rule.members.get(name) or "") for name in (RULE_ACTION, RULE_TARGET)}
    return Located(
        part=rule,
        kind=str(rule.members[RULE_TYPE]),
        action=words[RULE_ACTION],
        target=words[RULE_TARGET],
        schema=names.get(SCHEMA, ANY),
        table=names.get(TABLE, ANY),
        column=names.get(COLUMN, ANY),
        data_type=names.get(DATA_TYPE, ""),
        table_type=names.get(TABLE_TYPE, "table"),
    )


class TableIndex:
    """Rules to be found by the tables that they apply to, without comparing each with each.

    A name without `%` matches names of its own length only. Those of one length are kept by their
    characters, but for the places at which any of them has a `_`.
    """

    def __init__(self, rules: Iterable[Located]) -> None:
        self.rules = list(rules)
        self._loose = [rule for rule in self.rules if rule.is_pattern]
        fixed = [rule for rule in self.rules if not rule.is_pattern]
        self._by_length = grouped(fixed, _lengths)
        self._blanks = {
            lengths: {place for rule in group for place in _blanks(rule)}
            for lengths, group in self._by_length.items()
        }
        self._by_characters = grouped(fixed, self._characters)

    def covering(self, rule: Located) -> list[Located]:
        """Return the rules that apply to every table of this one."""
        return [each for each in self._candidates(rule) if each.covers_tables_of(rule)]

    def meeting(self, rule: Located) -> list[Located]:
        """Return the rules that may apply to a table of this one."""
        return [each for each in self._candidates(rule) if each.meets_tables_of(rule)]

    def _candidates(self, rule: Located) -> list[Located]:
        if rule.is_pattern:
            return self.rules
        if _blanks(rule) <= self._blanks.get(_lengths(rule), set()):
            return self._by_characters.get(self._characters(rule), []) + self._loose
        return self._by_length.get(_lengths(rule), []) + self._loose

    def _characters(self, rule: Located) -> tuple[int, int, str]:
        characters = list(rule.schema + rule.table)
        for place in self._blanks.get(_lengths(rule), ()):
            characters[place] = ONE
        return (*_lengths(rule), "".join(characters))


def grouped(rules: Iterable[Located], key: Callable[[Located], Key]) -> dict[Key, list[Located]]:
    """Return the rules by what they have in common, in their order."""
    groups: dict[Key, list[Located]] = {}
    for rule in rules:
        groups.setdefault(key(rule), []).append(rule)
    return groups


def _lengths(rule: Located) -> tuple[int, int]:
    return len(rule.schema), len(rule.table)


def _blanks(rule: Located) -> set[int]:
    return {place for place, one in enumerate(rule.schema + rule.table) if one == ONE}
