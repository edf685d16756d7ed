"""Source filters of selection rules: which rows are taken.

Conditions of one filter are joined by OR, filters by AND. Source: DMS user guide, "Using source
filters". Values are never quoted in messages: they may be data.
"""

import re
from collections.abc import Mapping, Sequence
from math import isnan

from dmslake.spec.mappings.locator import must_be_exact
from dmslake.spec.mappings.mistake import shown
from dmslake.spec.mappings.part import Part

_NO_VALUE: tuple[str, ...] = ()
_ONE_VALUE = ("value",)
_TWO_VALUES = ("start-value", "end-value")
_VALUES = (*_ONE_VALUE, *_TWO_VALUES)

OPERATORS: Mapping[str, Sequence[str]] = {
    "eq": _ONE_VALUE,
    "noteq": _ONE_VALUE,
    "gte": _ONE_VALUE,
    "lte": _ONE_VALUE,
    "ste": _ONE_VALUE,
    "between": _TWO_VALUES,
    "notbetween": _TWO_VALUES,
    "null": _NO_VALUE,
    "notnull": _NO_VALUE,
}
"""Each operator with the members that hold its values."""

_NEGATIVE = ("noteq", "notbetween", "notnull")
_OTHER_NAMES = {
    "=": "eq", "==": "eq", "equals": "eq", "equal": "eq",
    "!=": "noteq", "<>": "noteq", "ne": "noteq", "neq": "noteq", "not-equal": "noteq",
    ">=": "gte", "ge": "gte", "<=": "lte", "le": "lte",
    "is-null": "null", "isnull": "null", "is-not-null": "notnull", "not-null": "notnull",
}  # fmt: skip
_STRICT = {">": "gte", "gt": "gte", "<": "lte", "lt": "lte"}
_OTHER_DATE = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}-\d\d-\d\dT.*|\d{4}[/.]\d\d[/.]\d\d.*")


def check(rule: Part, action: str | None, locator: Part) -> None:
    """Check the filters of a selection rule, if it has any."""
    if rule.members.get("filters") is None:
        return
    filters = rule.parts("filters")
    if not rule.has("filters"):
        return
    if action in ("exclude", "explicit"):
        rule.error("filters", f"not applied in {action} rules", 'use "rule-action": "include"')
    must_be_exact(locator, "filters take the name of one table")
    for each in filters:
        _check_filter(each)


def _check_filter(each: Part) -> None:
    each.know(("filter-type", "column-name", "filter-conditions"))
    each.choice("filter-type", ("source",))
    each.text("column-name")
    if each.missing("filter-conditions", "add the conditions as a list"):
        return
    conditions = each.parts("filter-conditions")
    if not each.has("filter-conditions"):
        each.error("filter-conditions", "empty", "add a condition or remove the filter")
    operators = [_check_condition(condition) for condition in conditions]
    _check_mixture(each, [operator for operator in operators if operator])


def _check_condition(condition: Part) -> str | None:
    condition.know(("filter-operator", *_VALUES))
    operator = _read_operator(condition)
    if operator is None:
        return None
    takes = OPERATORS[operator]
    for name in takes:
        _check_value(condition, name, operator)
    for name in _VALUES:
        if name not in takes and condition.has(name):
            instead = f"write {' and '.join(takes)}" if takes else "remove it"
            condition.error(name, f"{operator} does not take it", instead)
    if takes == _TWO_VALUES:
        _check_order(condition, operator)
    return operator


def _read_operator(condition: Part) -> str | None:
    written = condition.members.get("filter-operator")
    usual = written.lower().replace("_", "-") if isinstance(written, str) else ""
    listed = ", ".join(OPERATORS)
    if usual in _OTHER_NAMES:
        fix = f'write "{_OTHER_NAMES[usual]}"'
        condition.error("filter-operator", f"{shown(written)} is not one of {listed}", fix)
        return None
    if usual in _STRICT:
        fix = f'DMS has no strict comparison; write "{_STRICT[usual]}" with the next value'
        condition.error("filter-operator", f"{shown(written)} is not one of {listed}", fix)
        return None
    return condition.choice("filter-operator", OPERATORS)


def _check_value(condition: Part, name: str, operator: str) -> None:
    value = condition.members.get(name)
    if value is None:
        others = [other for other in _VALUES if condition.has(other)]
        fix = f"write {name} instead of {others[0]}" if others else ""
        condition.error(name, f"missing, and {operator} needs it", fix or f'add "{name}"')
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        condition.error(name, f"expected text or a number, not {shown(value)}")
    elif isinstance(value, str) and _OTHER_DATE.fullmatch(value):
        condition.warning(
            name,
            "looks like a date in a form that DMS does not compare as a date",
            "write YYYY-MM-DD or YYYY-MM-DD HH:MM:SS",
        )


def _check_order(condition: Part, operator: str) -> None:
    start, end = (_as_number(condition.members.get(name)) for name in _TWO_VALUES)
    if start is not None and end is not None and start > end:
        matches = "no row" if operator == "between" else "every row"
        condition.warning(
            "start-value", f"above end-value, so {operator} is true for {matches}", "swap them"
        )


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if isnan(number) else number


def _check_mixture(each: Part, operators: list[str]) -> None:
    """Warn of what OR does with negative conditions (engine 3.5.0 and later allow it)."""
    negative = [operator for operator in operators if operator in _NEGATIVE]
    if not negative or len(operators) == 1:
        return
    positive = [one for one in operators if one not in (*_NEGATIVE, "null")]
    if "null" in operators and not positive:
        message, fix = f"{negative[0]} together with null takes no row at all", "remove one of them"
    else:
        message = f"{negative[0]} beside other conditions needs engine 3.5.0 and drops NULL rows"
        fix = "give it a filter of its own; filters are joined by AND"
    each.warning("filter-conditions", message, fix)
