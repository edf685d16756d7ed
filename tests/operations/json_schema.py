"""As much of JSON Schema as our schemas use, to hold real output against a published file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,), "boolean": (bool,), "integer": (int,), "null": (type(None),),
    "number": (int, float), "object": (dict,), "string": (str,),
}  # fmt: skip
_KNOWN = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "default", "description",
    "enum", "items", "minimum", "pattern", "properties", "propertyNames", "required", "title",
    "type",
}  # fmt: skip


def mistakes(value: Any, schema: Mapping[str, Any], path: str = "$") -> list[str]:
    """Return everything in which a value does not fit a schema."""
    return list(_mistakes(value, schema, schema.get("$defs", {}), path))


def _mistakes(
    value: Any, schema: Mapping[str, Any], known: Mapping[str, Any], path: str
) -> Iterator[str]:
    assert set(schema) <= _KNOWN, f"{path}: {set(schema) - _KNOWN} is not checked"
    if "$ref" in schema:
        yield from _mistakes(value, known[schema["$ref"].rpartition("/")[2]], known, path)
    choices = schema.get("anyOf")
    if choices and all(list(_mistakes(value, one, known, path)) for one in choices):
        yield f"{path}: fits none of the choices"
    if not _has_type(value, schema.get("type")):
        yield f"{path}: {value!r} is no {schema['type']}"
        return
    yield from _limits(value, schema, path)
    if isinstance(value, dict):
        yield from _members(value, schema, known, path)
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield from _mistakes(item, schema.get("items", {}), known, f"{path}[{number}]")


def _has_type(value: Any, name: str | None) -> bool:
    if name is None:
        return True
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _limits(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: {value} is less than {schema['minimum']}"


def _members(
    value: dict[str, Any], schema: Mapping[str, Any], known: Mapping[str, Any], path: str
) -> Iterator[str]:
    named = schema.get("properties", {})
    yield from (
        f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value
    )
    for name, member in value.items():
        yield from _mistakes(name, schema.get("propertyNames", {}), known, f"{path}.{name}")
        other = schema.get("additionalProperties", True)
        if name in named:
            yield from _mistakes(member, named[name], known, f"{path}.{name}")
        elif other is False:
            yield f"{path}: {name} is unknown"
        elif isinstance(other, dict):
            yield from _mistakes(member, other, known, f"{path}.{name}")
