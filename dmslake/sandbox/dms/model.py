"""The service's own model (botocore's), and requests checked against all of it.

boto3 checks types and required members only; the service also checks enums, lengths, ranges and
patterns, and so does this. Members that the model does not know are refused, never ignored.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, TypeAlias

import botocore.session
from botocore.model import ListShape, MapShape, StringShape, StructureShape

from dmslake.sandbox.dms.faults import Fault

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape
    from pydantic import JsonValue

    from dmslake.sandbox.dms.parameters import Json

TARGET_PREFIX = "AmazonDMSv20160101"
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str,),
    "timestamp": (int, float, str),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
Violations: TypeAlias = list[str]


class DmsModel:
    """The operations of a service, of AWS DMS 2016-01-01 unless told otherwise, as botocore has."""

    def __init__(self, service: ServiceModel | None = None) -> None:
        self._service = service or _service_model()

    def operation(self, name: str) -> OperationModel | None:
        """Return the operation, or None when DMS has none of this name."""
        if name not in self._service.operation_names:
            return None
        return self._service.operation_model(name)

    def read(self, operation: str, body: bytes) -> Json:
        """Parse and validate a request's body.

        Raises:
            Fault: UnknownOperationException, SerializationException for what is not JSON of the
                right types, ValidationException with every violated constraint.
        """
        known = self.operation(operation)
        if known is None:
            raise Fault("UnknownOperationException", f"AWS DMS has no operation {operation}")
        members = _without_nulls(_decode(body))
        if not isinstance(members, dict):
            raise Fault("SerializationException", "the body must be a JSON object")
        shape = known.input_shape
        violations: Violations = []
        if shape is not None:
            _check(shape, members, "", violations)
        if violations:
            errors = "error" if len(violations) == 1 else "errors"
            text = "; ".join(violations)
            raise Fault(
                "ValidationException", f"{len(violations)} validation {errors} detected: {text}"
            )
        return members

    def members_of(self, structure: str) -> dict[str, Shape]:
        """Return the members of a structure by name, e.g. of `S3Settings`."""
        shape = self._service.shape_for(structure)
        return dict(shape.members) if isinstance(shape, StructureShape) else {}


@functools.cache
def _service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("dms")


def _decode(body: bytes) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(body or b"{}")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Fault("SerializationException", f"the body is not JSON: {error}") from error
    return decoded


def _without_nulls(value: JsonValue) -> JsonValue:
    # AWS JSON 1.1: a null member is an absent member.
    if isinstance(value, dict):
        return {
            name: _without_nulls(member) for name, member in value.items() if member is not None
        }
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return value


def _check(shape: Shape, value: JsonValue, path: str, violations: Violations) -> None:
    types = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Fault("SerializationException", f"{path or 'body'} must be a {shape.type_name}")
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        _check_structure(shape, value, path, violations)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        _check_size(shape, len(value), path, "", violations)
        for position, member in enumerate(value, start=1):
            _check(shape.member, member, f"{path}.{position}.member", violations)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, member in value.items():
            _check(shape.value, member, f"{path}.{key}", violations)
    else:
        _check_scalar(shape, value, path, violations)


def _check_structure(shape: StructureShape, value: Json, path: str, violations: Violations) -> None:
    for name in shape.required_members:
        if name not in value:
            where = _member_path(path, name)
            violations.append(_violation("null", where, "Member must not be null"))
    for name, member in value.items():
        known = shape.members.get(name)
        if known is None:
            violations.append(f"{_member_path(path, name)} is not a member of {shape.name}")
        else:
            _check(known, member, _member_path(path, name), violations)


def _check_scalar(shape: Shape, value: JsonValue, path: str, violations: Violations) -> None:
    shown = "" if shape.metadata.get("sensitive") else f"'{value}'"
    if isinstance(value, str) and isinstance(shape, StringShape):
        _check_size(shape, len(value), path, shown, violations)
        pattern = shape.metadata.get("pattern")
        if pattern and not re.search(pattern, value):
            text = f"Member must satisfy regular expression pattern: {pattern}"
            violations.append(_violation(shown, path, text))
        if shape.enum and not _in_enum(value, shape.enum, path):
            text = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            violations.append(_violation(shown, path, text))
    elif isinstance(value, int | float):
        _check_range(shape, value, path, violations)


def _check_size(shape: Shape, size: int, path: str, shown: str, violations: Violations) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        text = f"Member must have length greater than or equal to {least}"
        violations.append(_violation(shown, path, text))
    if most is not None and size > most:
        text = f"Member must have length less than or equal to {most}"
        violations.append(_violation(shown, path, text))


def _check_range(shape: Shape, value: float, path: str, violations: Violations) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        text = f"Member must have value greater than or equal to {least}"
        violations.append(_violation(f"'{value}'", path, text))
    if most is not None and value > most:
        text = f"Member must have value less than or equal to {most}"
        violations.append(_violation(f"'{value}'", path, text))


def _in_enum(value: str, allowed: list[str], path: str) -> bool:
    # Inside endpoint settings the service also takes GZIP and SSE_S3, which its own guide writes.
    if "." not in path:
        return value in allowed
    return fold(value) in {fold(one) for one in allowed}


def fold(value: str) -> str:
    """Return an enum value as the service compares it inside endpoint settings."""
    return value.lower().replace("_", "-")


def _violation(shown: str, path: str, constraint: str) -> str:
    value = f"Value {shown} at" if shown else "Value at"
    return f"{value} '{path}' failed to satisfy constraint: {constraint}"


def _member_path(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered
