"""Which tables a task takes: DMS's selection rules, checked and matched.

The effective set is (include or explicit) minus exclude, in whatever order the rules stand; names
are case sensitive, `%` is any run and `_` any one character (user guide, "Selection rules and
actions" and "Wildcards in table mapping").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dmslake.sandbox.dms.replication.failures import MappingError

_ACTIONS = ("include", "exclude", "explicit")
_RULE_MEMBERS = frozenset(
    {
        "rule-type",
        "rule-id",
        "rule-name",
        "rule-action",
        "object-locator",
        "filters",
        "load-order",
    }
)
_LOCATOR_MEMBERS = frozenset({"schema-name", "table-name", "table-type"})
_HIGHEST_LOAD_ORDER = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class SelectionRule:
    """One selection rule; `load_order` is -1 where none is set, so that it comes last."""

    action: str
    schema: str
    table: str
    load_order: int = -1

    def matches(self, schema: str, table: str) -> bool:
        if self.action == "explicit":
            return (self.schema, self.table) == (schema, table)
        return _like(self.schema, schema) and _like(self.table, table)

    @property
    def is_exact(self) -> bool:
        return self.action == "explicit" or not re.search("[%_]", self.schema + self.table)


@dataclass(frozen=True)
class Selection:
    """The selection rules of a task."""

    rules: tuple[SelectionRule, ...]

    def takes(self, schema: str, table: str) -> bool:
        """Tell whether the task replicates this table."""
        matching = [rule for rule in self.rules if rule.matches(schema, table)]
        return bool(matching) and all(rule.action != "exclude" for rule in matching)

    def load_order(self, schema: str, table: str) -> int:
        """Return the table's load order: the higher, the earlier."""
        orders = [rule.load_order for rule in self.rules if rule.matches(schema, table)]
        return max(orders, default=-1)

    def named_tables(self) -> Iterator[tuple[str, str]]:
        """Yield the schema and table of every rule that names one table without wildcards."""
        for rule in self.rules:
            if rule.is_exact and self.takes(rule.schema, rule.table):
                yield rule.schema, rule.table


def check_mappings(mappings: Mapping[str, object]) -> None:
    """Refuse table mappings (a parsed DMS document) that a replication could not honour.

    Raises:
        MappingError: names every rule that is wrong or not supported, by its id.
    """
    read_selection(mappings)


def read_selection(mappings: Mapping[str, object]) -> Selection:
    """Read the selection rules of a table-mapping document.

    Raises:
        MappingError: as `check_mappings`.
    """
    rules = mappings.get("rules")
    if not isinstance(rules, list) or not rules:
        raise MappingError("the table mappings have no rules", fix="add a selection rule")
    problems = [*_repeated_ids(rules)]
    selected: list[SelectionRule] = []
    for rule in rules:
        found = list(_problems(rule))
        problems += [f"{_label(rule)}: {problem}" for problem in found]
        if not found and rule["rule-type"] == "selection":
            selected.append(_read_rule(rule))
    if not problems and all(rule.action == "exclude" for rule in selected):
        problems = ["no selection rule includes anything"]
    if problems:
        raise MappingError(
            "the table mappings cannot be used here",
            why="; ".join(problems),
            fix="select tables with include, exclude and explicit rules only",
        )
    return Selection(tuple(selected))


def _read_rule(rule: Mapping[str, object]) -> SelectionRule:
    locator = rule["object-locator"]
    order = rule.get("load-order")
    assert isinstance(locator, Mapping)  # noqa: S101  # `_problems` has checked it
    return SelectionRule(
        action=str(rule["rule-action"]),
        schema=locator["schema-name"],
        table=locator["table-name"],
        load_order=-1 if order is None else int(str(order)),
    )


def _problems(rule: object) -> Iterator[str]:
    if not isinstance(rule, Mapping):
        yield "a rule must be an object"
        return
    kind = rule.get("rule-type")
    if not str(rule.get("rule-id")).isdigit():
        yield "rule-id is not a number"
    if kind == "selection":
        yield from _selection_problems(rule)
    elif kind != "validation":  # concerns data validation only, which does not touch files
        yield f"rule-type {kind!r} is not supported"


def _selection_problems(rule: Mapping[str, object]) -> Iterator[str]:
    action = rule.get("rule-action")
    if action not in _ACTIONS:
        yield f"rule-action {action!r} is not one of {', '.join(_ACTIONS)}"
    if rule.get("filters"):
        yield "filters are not supported"
    yield from _unknown_members(rule, _RULE_MEMBERS)
    yield from _load_order_problems(rule.get("load-order"))
    locator = rule.get("object-locator")
    if isinstance(locator, Mapping):
        yield from _locator_problems(locator, explicit=action == "explicit")
    else:
        yield "object-locator is missing"


def _locator_problems(locator: Mapping[str, object], *, explicit: bool) -> Iterator[str]:
    for member in ("schema-name", "table-name"):
        name = locator.get(member)
        if not isinstance(name, str) or not name:
            yield f"{member} is missing"
        elif explicit and "%" in name:
            yield f"{member} {name!r} has a wildcard, which explicit rules do not take"
    kind = locator.get("table-type") or "table"
    if kind != "table":
        yield f"table-type {kind!r} is not supported"
    yield from _unknown_members(locator, _LOCATOR_MEMBERS)


def _load_order_problems(order: object) -> Iterator[str]:
    if order is None:
        return
    text = "" if isinstance(order, bool) else str(order)
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_LOAD_ORDER):
        yield f"load-order {order!r} is not a number from 0 to {_HIGHEST_LOAD_ORDER}"


def _unknown_members(value: Mapping[str, object], known: frozenset[str]) -> Iterator[str]:
    for member in sorted(set(value) - known):
        if value[member] is not None:
            yield f"{member} is not supported"


def _repeated_ids(rules: list[object]) -> Iterator[str]:
    seen: set[str] = set()
    for rule in rules:
        number = str(rule.get("rule-id", "")) if isinstance(rule, Mapping) else ""
        if number and number in seen:
            yield f"rule-id {number} is used twice"
        seen.add(number)


def _label(rule: object) -> str:
    return f"rule {rule.get('rule-id')}" if isinstance(rule, Mapping) else "a rule"


def _like(pattern: str, name: str) -> bool:
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(expression, name, re.DOTALL) is not None
