"""Transformation rules: what becomes of names and columns on the way.

Source: DMS user guide, "Transformation rules and actions" and "Using data masking".
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from dmslake.spec.display import quoted
from dmslake.spec.mappings import column_definitions, data_types, expressions
from dmslake.spec.mappings.locator import (
    COLUMN,
    DATA_TYPE,
    INDEX_SPACE,
    SCHEMA,
    TABLE,
    TABLE_SPACE,
    Shape,
    must_be_exact,
    read_locator,
)
from dmslake.spec.mappings.mistake import listed
from dmslake.spec.mappings.names import ANY, is_pattern
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import RULE_ACTION, RULE_TARGET, know_members

_COLUMN_ONLY = ("column",)
_TABLE_ONLY = ("table",)
_NAMED = ("schema", "table", "column")
_SPACES = ("table-tablespace", "index-tablespace")

TARGETS = (*_NAMED, *_SPACES)


@dataclass(frozen=True, kw_only=True)
class Action:
    """What one rule-action applies to, and which members it needs or may have."""

    targets: tuple[str, ...]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    names_column: bool = True


_PLAIN = Action(targets=_NAMED)
_WITH_VALUE = Action(targets=_NAMED, needs=("value",))
_REPLACING = Action(targets=_NAMED, needs=("old-value", "value"))
_ON_COLUMNS = Action(targets=_COLUMN_ONLY)

ACTIONS: Mapping[str, Action] = {
    "rename": Action(targets=TARGETS, may=("value", "expression")),
    "add-prefix": _WITH_VALUE,
    "add-suffix": _WITH_VALUE,
    "remove-prefix": _WITH_VALUE,
    "remove-suffix": _WITH_VALUE,
    "replace-prefix": _REPLACING,
    "replace-suffix": _REPLACING,
    "convert-lowercase": _PLAIN,
    "convert-uppercase": _PLAIN,
    "remove-column": _ON_COLUMNS,
    "include-column": _ON_COLUMNS,
    "add-column": Action(
        targets=_COLUMN_ONLY, needs=("value", "data-type"), may=("expression",), names_column=False
    ),
    "change-data-type": Action(targets=_COLUMN_ONLY, needs=("data-type",)),
    "define-primary-key": Action(targets=_TABLE_ONLY, needs=("primary-key-def",)),
    "add-before-image-columns": Action(
        targets=_COLUMN_ONLY, needs=("before-image-def",), names_column=False
    ),
    "data-masking-digits-mask": Action(targets=_COLUMN_ONLY, needs=("value",)),
    "data-masking-digits-randomize": _ON_COLUMNS,
    "data-masking-hash-mask": _ON_COLUMNS,
}

_MEMBERS = ("value", "old-value", "data-type", "expression", "primary-key-def", "before-image-def")
_SHAPES: Mapping[str, Shape] = {
    "schema": Shape(required=(SCHEMA,), whose="rules with rule-target schema"),
    "table": Shape(required=(SCHEMA, TABLE), whose="rules with rule-target table"),
    "column": Shape(
        required=(SCHEMA, TABLE, COLUMN),
        optional=(DATA_TYPE,),
        whose="rules with rule-target column",
    ),
    "table-tablespace": Shape(
        required=(SCHEMA, TABLE, TABLE_SPACE), whose="rules with rule-target table-tablespace"
    ),
    "index-tablespace": Shape(
        required=(SCHEMA, TABLE, INDEX_SPACE), whose="rules with rule-target index-tablespace"
    ),
}
_ANY_COLUMN = Shape(
    required=(SCHEMA, TABLE),
    optional=(COLUMN, DATA_TYPE),
    whose="rules with rule-target column",
)
_ANY_TARGET = Shape(
    required=(SCHEMA,),
    optional=(TABLE, COLUMN, DATA_TYPE, TABLE_SPACE, INDEX_SPACE),
    whose="transformation rules",
)
_SPECIAL = re.compile(r"[#\\/-]")
_RIGHT_TO_LEFT = ("R", "AL")


def check(rule: Part, task: Task) -> None:
    """Check one transformation rule."""
    know_members(rule, (RULE_TARGET, *_MEMBERS))
    target = rule.choice(RULE_TARGET, TARGETS)
    name = rule.choice(RULE_ACTION, ACTIONS)
    action = ACTIONS[name] if name else None
    if target and action and name:
        _check_pair(rule, name, target)
    if name and action:
        _check_members(rule, name, action)
    _check_locator(rule, target, name, task)
    _check_contents(rule, task, name)


def _check_pair(rule: Part, name: str, target: str) -> None:
    targets = ACTIONS[name].targets
    if target not in targets:
        fix = f'use "{RULE_TARGET}": "{targets[0]}"' if len(targets) == 1 else ""
        rule.error(
            RULE_TARGET,
            f"{name} applies to {listed(targets)}, not to {quoted(target)}",
            fix or "use one of these",
        )
    elif target in _SPACES:
        rule.warning(
            RULE_TARGET, f"{quoted(target)} concerns Oracle targets: no effect on S3", "remove it"
        )


def _check_members(rule: Part, name: str, action: Action) -> None:
    """Check which of the members that only some actions take are written."""
    for member in action.needs:
        if rule.members.get(member) is None:
            rule.error(member, f"missing, and {name} needs it", f'add "{member}"')
    for member in _MEMBERS:
        if member not in (*action.needs, *action.may) and rule.has(member):
            rule.error(member, f"{name} does not take it", "remove it")
    if name == "rename":
        _check_new_name(rule)


def _check_new_name(rule: Part) -> None:
    given = [member for member in ("value", "expression") if rule.has(member)]
    if not given and rule.members.get("value") is None:
        rule.error("value", "missing, and rename needs it or an expression", "add the new name")
    elif len(given) == len(("value", "expression")):
        rule.warning("expression", "AWS does not say which counts, value or expression", "keep one")


def _check_locator(rule: Part, target: str | None, name: str | None, task: Task) -> None:
    any_column = target == "column" and not (name and ACTIONS[name].names_column)
    shape = _SHAPES[target] if target else _ANY_TARGET
    locator = read_locator(rule, _ANY_COLUMN if any_column else shape)
    if locator is None:
        return
    if name == "define-primary-key":
        must_be_exact(locator, "a key is defined for one table")
    if name == "rename":
        _check_new_names(rule, locator, target)
    if target == "column":
        _check_column(locator, name, task)
        data_types.check_located(locator)


def _check_column(locator: Part, name: str | None, task: Task) -> None:
    column = locator.members.get(COLUMN)
    if not isinstance(column, str):
        return
    special = _SPECIAL.search(column)
    if special and not (special[0] == "#" and task.reads_oracle and is_pattern(column)):
        message = f"DMS does not transform columns with {quoted(special[0])} in their name"
        locator.error(COLUMN, message, "remove the rule, or rename the column in the source")
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in column):
        message = "DMS does not transform columns with names in right-to-left languages"
        locator.error(COLUMN, message, "remove the rule, or rename the column in the source")
    if column == "%" and name == "remove-column":
        locator.warning(COLUMN, '"%" removes every column', "name the columns to remove")


def _check_new_names(rule: Part, locator: Part, target: str | None) -> None:
    """Warn of a rename that gives one name to many tables of a schema or columns of a table."""
    member = {"table": TABLE, "column": COLUMN}.get(target or "", "")
    pattern = locator.members.get(member)
    if isinstance(pattern, str) and ANY in pattern and not rule.has("expression"):
        locator.warning(
            member,
            f"every {target} that {quoted(pattern)} matches gets the same new name",
            "name one, or use an action for prefixes, suffixes or letter case",
        )


def _check_contents(rule: Part, task: Task, name: str | None) -> None:
    """Check the contents of members that are written."""
    for member in ("value", "old-value"):
        if rule.has(member):
            rule.optional_text(member)
    if name and "value" in ACTIONS[name].needs and rule.members.get("value") == "":
        rule.error("value", f"empty, and {name} needs it", 'write a "value"')
    if name == "data-masking-digits-mask":
        _check_mask(rule)
    if rule.has("expression"):
        expressions.check(rule, task)
    if rule.members.get("data-type") is not None:
        data_types.check(rule)
    column_definitions.check(rule)


def _check_mask(rule: Part) -> None:
    mask = rule.members.get("value")
    if isinstance(mask, str) and mask and not re.fullmatch("[!-~]", mask):
        rule.error("value", "expected one printable ASCII character", 'for example "*"')
