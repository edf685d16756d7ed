"""Which tables: patterns or rules, without repetition."""

import json
from collections.abc import Iterator

from dmslake.spec.consistency.values import Values
from dmslake.spec.document import Path
from dmslake.spec.mistakes import Placed, mistake

_WITHOUT_REPETITION: tuple[Path, ...] = (
    ("tables", "include"),
    ("tables", "exclude"),
    ("replication", "network", "subnets"),
    ("replication", "network", "security_groups"),
    ("replication", "notifications", "categories"),
)
_EXAMPLE = json.dumps(["public.orders", "sales.%"])


def checks(values: Values) -> Iterator[Placed]:
    """Yield what does not fit together in the section, and repetitions anywhere."""
    yield from _choice(values)
    yield from _repetition(values)
    yield from _exclusion(values)
    yield from _views(values)


def _choice(values: Values) -> Iterator[Placed]:
    """The tables are named by patterns or by rules, never by both."""
    if values.written("tables", "rules"):
        for name in ("include", "exclude"):
            if values.written("tables", name):
                fix = "remove it, or remove rules"
                yield ("tables", name), mistake("tables.rules says this already", fix=fix)
    elif values.missing("tables", "rules"):
        path: Path = ("tables", "include")
        if values.missing("tables", "include"):
            yield path, mistake("missing", fix=f"add include: {_EXAMPLE}")
        elif values.sound(path) and values.document.values[path] == []:
            yield path, mistake("too few entries: 0", fix="give at least 1")


def _repetition(values: Values) -> Iterator[Placed]:
    """What stands in a list twice was meant to be something else."""
    for above in _WITHOUT_REPETITION:
        seen: set[object] = set()
        for path, value in values.items(above):
            if value in seen:
                yield path, mistake("{value} is in this list twice", fix="remove one of them")
            seen.add(value)


def _exclusion(values: Values) -> Iterator[Placed]:
    """To leave out exactly what was asked for cannot be meant."""
    included = {value for _, value in values.items(("tables", "include"))}
    for path, value in values.items(("tables", "exclude")):
        if value in included:
            yield path, mistake("{value} is in tables.include as well", fix="remove one of them")


def _views(values: Values) -> Iterator[Placed]:
    """DMS Serverless reads no views."""
    views = [rule for rule in values.rules if _table_type(rule) in ("view", "all")]
    if views and values.written("replication", "serverless"):
        message = f"rule {views[0].get('rule-id')} takes views, and DMS Serverless reads none"
        yield ("tables", "rules"), mistake(message, fix="use an instance, or tables only")


def _table_type(rule: object) -> object:
    locator = rule.get("object-locator") if isinstance(rule, dict) else None
    return locator.get("table-type") if isinstance(locator, dict) else None
