"""Selection rules: which tables and views a task takes.

Source: DMS user guide, "Selection rules and actions".
"""

from dmslake.spec.display import quoted
from dmslake.spec.mappings import filters
from dmslake.spec.mappings.locator import (
    SCHEMA,
    TABLE,
    TABLE_TYPE,
    Shape,
    must_be_exact,
    read_locator,
)
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import know_members

ACTIONS = ("include", "exclude", "explicit")
TABLE_TYPES = ("table", "view", "all")
HIGHEST_LOAD_ORDER = 2**31 - 1

_MEMBERS = ("filters", "load-order")
_SHAPE = Shape(required=(SCHEMA, TABLE), optional=(TABLE_TYPE,), whose="selection rules")


def check(rule: Part, task: Task) -> None:
    """Check one selection rule."""
    know_members(rule, _MEMBERS)
    action = rule.choice("rule-action", ACTIONS)
    locator = read_locator(rule, _SHAPE)
    _check_load_order(rule, action, task)
    if locator is None:
        return
    if action == "explicit":
        must_be_exact(locator, "explicit rules take the name of one table")
    _check_views(locator, task)
    filters.check(rule, action, locator)


def _check_load_order(rule: Part, action: str | None, task: Task) -> None:
    order = rule.number("load-order", 0, HIGHEST_LOAD_ORDER)
    if order is not None and action == "exclude":
        rule.warning("load-order", "no effect in an exclude rule", "remove it")
    elif order is not None and task.replication_type == "cdc":
        rule.warning("load-order", "no effect without a full load", "remove it")


def _check_views(locator: Part, task: Task) -> None:
    kind = locator.optional_choice(TABLE_TYPE, TABLE_TYPES)
    if kind in (None, "table") or task.replication_type == "full-load":
        return
    message = f"{quoted(kind)}: DMS takes views in tasks of type full-load only"
    fix = "select the tables below the views, or make a pipeline of type full-load for the views"
    if kind == "view" and task.replication_type == "cdc":
        locator.error(TABLE_TYPE, message, fix)
    else:
        locator.warning(TABLE_TYPE, message, fix)
