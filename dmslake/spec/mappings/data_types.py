"""Data types in transformation rules: DMS's own, not those of the source.

Source: DMS user guide, "Transformation rules and actions" and "Data types for AWS DMS".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmslake.spec.display import quoted
from dmslake.spec.mappings.locator import COLUMN, DATA_TYPE
from dmslake.spec.mappings.names import is_pattern
from dmslake.spec.mappings.part import Part, whole_number

_LONGEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The least and the greatest value of a data type's member."""

    least: int
    greatest: int


_LENGTH = {"length": Limit(least=1, greatest=_LONGEST)}
_NUMERIC = {"precision": Limit(least=1, greatest=38), "scale": Limit(least=0, greatest=38)}
_FRACTION = {"precision": Limit(least=0, greatest=9), "scale": Limit(least=0, greatest=9)}
_NOTHING: Mapping[str, Limit] = {}
_MEMBERS: Sequence[str] = ("length", "precision", "scale")

TYPES: Mapping[str, Mapping[str, Limit]] = {
    "bytes": _LENGTH,
    "date": _NOTHING,
    "time": _FRACTION,
    "datetime": _FRACTION,
    "int1": _NOTHING,
    "int2": _NOTHING,
    "int4": _NOTHING,
    "int8": _NOTHING,
    "numeric": _NUMERIC,
    "real4": _NOTHING,
    "real8": _NOTHING,
    "string": _LENGTH,
    "uint1": _NOTHING,
    "uint2": _NOTHING,
    "uint4": _NOTHING,
    "uint8": _NOTHING,
    "wstring": _LENGTH,
    "blob": _LENGTH,
    "nclob": _LENGTH,
    "clob": _LENGTH,
    "boolean": _NOTHING,
    "set": _NOTHING,
    "list": _NOTHING,
    "map": _NOTHING,
    "tuple": _NOTHING,
}
"""Each data type with the members that it takes."""

_TEXTS = ("string", "wstring", "bytes")
_OTHER_NAMES = {
    "varchar": "string", "char": "string", "text": "string", "str": "string",
    "nvarchar": "wstring", "nchar": "wstring",
    "bool": "boolean", "timestamp": "datetime", "decimal": "numeric", "number": "numeric",
    "tinyint": "int1", "smallint": "int2", "int": "int4", "integer": "int4", "bigint": "int8",
    "float": "real4", "double": "real8", "binary": "bytes", "varbinary": "bytes",
}  # fmt: skip


def check(rule: Part) -> None:
    """Check the `data-type` of a rule: the type that a column gets."""
    part = rule.part("data-type", 'write "data-type": {"type": "…"}')
    if part is None:
        return
    part.know(("type", *_MEMBERS))
    name = _read_type(part, "type")
    if name is None:
        return
    for member in _MEMBERS:
        _check_member(part, member, name)
    _check_scale(part)
    if name in _TEXTS and part.members.get("length") is None:
        part.warning("length", f"missing, and {name} has one", 'add "length"')


def check_located(locator: Part) -> None:
    """Check the `data-type` of a locator: the type that a column has."""
    if not locator.has(DATA_TYPE):
        return
    name = locator.members[DATA_TYPE]
    if isinstance(name, str) and is_pattern(name):
        locator.error(
            DATA_TYPE, f"{quoted(name)} has a wildcard, which {DATA_TYPE} does not take",
            "write one data type, and a rule for each one",
        )  # fmt: skip
    elif isinstance(name, str):
        _read_type(locator, DATA_TYPE)
    column = locator.members.get(COLUMN)
    if isinstance(column, str) and not is_pattern(column):
        locator.warning(DATA_TYPE, "meant for many columns, and column-name names one", "remove it")


def _read_type(part: Part, member: str) -> str | None:
    name = part.members.get(member)
    usual = name.lower() if isinstance(name, str) else ""
    known = _OTHER_NAMES.get(usual, usual)
    if isinstance(name, str) and name not in TYPES and known in TYPES:
        part.error(member, f"{quoted(name)} is not a data type of DMS", f'write "{known}"')
        return None
    return part.choice(member, TYPES)


def _check_member(part: Part, member: str, name: str) -> None:
    if part.members.get(member) is None:
        return
    limit = TYPES[name].get(member)
    if limit is None:
        part.warning(member, f"no effect on {name}", "remove it")
    else:
        part.number(member, limit.least, limit.greatest)


def _check_scale(part: Part) -> None:
    precision, scale = (whole_number(part.members.get(name)) for name in ("precision", "scale"))
    if part.members.get("type") == "numeric" and precision and scale and scale > precision:
        part.error("scale", f"above the precision, {precision}", "use a smaller scale")
