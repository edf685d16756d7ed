"""Table patterns -> DMS table-mapping rules.

https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dmslake.spec import TablePattern, Tables


def selection_rules(tables: Tables) -> tuple[Mapping[str, object], ...]:
    """Return one selection rule per pattern, includes first; ids count from 1.

    A rule is an `include` also where it has no wildcard: DMS's `explicit` takes names literally,
    so that a `_` in a pattern would mean something else depending on the rest of it.
    """
    return tuple(
        _rule(number, action, pattern)
        for number, (action, pattern) in enumerate(_patterns(tables), 1)
    )


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
