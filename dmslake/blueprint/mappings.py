"""Tables of the spec -> DMS table-mapping rules.

https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dmslake.spec import TablePattern, Tables

Rules = tuple[Mapping[str, object], ...]
_WILDCARDS = ("%", "_")


def table_rules(tables: Tables) -> Rules:
    """Return the rules of the spec, or one selection rule per pattern, includes first.

    Ids count from 1. A rule is an `include` also where it has no wildcard: DMS's `explicit` takes
    names literally, so that a `_` in a pattern would mean something else depending on the rest.
    """
    if tables.rules is not None:
        return tables.rules
    return tuple(
        _rule(number, action, pattern)
        for number, (action, pattern) in enumerate(_patterns(tables), 1)
    )


def exact_tables(rules: Rules) -> tuple[tuple[str, str], ...]:
    """Return schema and table of the rules that can only mean one table."""
    found = []
    for rule in rules:
        locator = rule.get("object-locator")
        takes = rule.get("rule-type") == "selection" and rule.get("rule-action") != "exclude"
        if takes and isinstance(locator, Mapping):
            names = (str(locator.get("schema-name", "%")), str(locator.get("table-name", "%")))
            literal = rule.get("rule-action") == "explicit"
            if literal or not any(sign in name for sign in _WILDCARDS for name in names):
                found.append(names)
    return tuple(dict.fromkeys(found))


def _patterns(tables: Tables) -> Iterator[tuple[str, TablePattern]]:
    for pattern in tables.include:
        yield "include", pattern
    for pattern in tables.exclude:
        yield "exclude", pattern


def _rule(number: int, action: str, pattern: TablePattern) -> dict[str, object]:
    return {
        "rule-type": "selection",
        "rule-id": str(number),
        "rule-name": f"{action}-{number}",
        "object-locator": {"schema-name": pattern.schema, "table-name": pattern.table},
        "rule-action": action,
        "filters": [],
    }
