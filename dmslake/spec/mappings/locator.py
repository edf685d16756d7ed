"""The object locator: which schemas, tables and columns a rule is about."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from dmslake.spec.display import quoted
from dmslake.spec.mappings.mistake import listed
from dmslake.spec.mappings.names import ANY
from dmslake.spec.mappings.part import Part

OBJECT_LOCATOR = "object-locator"
SCHEMA = "schema-name"
TABLE = "table-name"
COLUMN = "column-name"
DATA_TYPE = "data-type"
TABLE_TYPE = "table-type"
TABLE_SPACE = "table-tablespace-name"
INDEX_SPACE = "index-tablespace-name"
MEMBERS = (SCHEMA, TABLE, COLUMN, DATA_TYPE, TABLE_TYPE, TABLE_SPACE, INDEX_SPACE)

_SET = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Which members a locator has to have, which it may have, and where this is laid down."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    whose: str

    @property
    def known(self) -> tuple[str, ...]:
        return self.required + self.optional


def read_locator(rule: Part, shape: Shape) -> Part | None:
    """Read a rule's locator; None if it is missing or no object."""
    example = ", ".join(f'"{name}": "…"' for name in shape.required)
    locator = rule.part(OBJECT_LOCATOR, f'add "{OBJECT_LOCATOR}": {{{example}}}')
    if locator is None:
        return None
    for name in shape.required:
        _check_name(locator, name, locator.text(name))
    for name in shape.optional:
        _check_name(locator, name, locator.optional_text(name))
    _check_others(locator, shape)
    return locator


def must_be_exact(locator: Part, why: str, names: Collection[str] = (SCHEMA, TABLE)) -> None:
    """Note every name with a `%`; `_` may be part of the name that is meant."""
    for name in names:
        value = locator.members.get(name)
        if isinstance(value, str) and ANY in value:
            fix = f"write the exact {name.replace('-', ' ')}, and a rule for each one"
            locator.error(name, f"{quoted(value)} has the wildcard %, and {why}", fix)


def _check_name(locator: Part, name: str, value: str | None) -> None:
    if value is None or name == DATA_TYPE:
        return
    if "*" in value:
        locator.warning(name, f"{quoted(value)}: * is no wildcard of DMS", "the wildcard is %")
    elif _SET.search(value):
        locator.warning(
            name,
            f"{quoted(value)}: AWS no longer documents [ ] as a wildcard",
            "use % and _, and a rule for each name",
        )


def _check_others(locator: Part, shape: Shape) -> None:
    others = [name for name in MEMBERS if name not in shape.known and locator.has(name)]
    for name in others:
        locator.warning(name, f"{shape.whose} look at {listed(shape.known)} only", "remove it")
    locator.know((*shape.known, *others))
