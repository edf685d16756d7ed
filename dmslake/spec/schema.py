"""The JSON Schema of the spec, for editors and for the documentation.

Looser than the loader on purpose: it describes the YAML before `${NAME}` is replaced.
"""

from collections.abc import Container

from pydantic.json_schema import JsonSchemaValue

from dmslake.spec.environment import VARIABLE_PATTERN
from dmslake.spec.members import Member
from dmslake.spec.model.spec import Spec
from dmslake.spec.model.staging import STRUCTURE
from dmslake.spec.service_model import members
from dmslake.spec.staging_rules import REFUSED_IN_STAGING

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: JsonSchemaValue = {"type": "string", "pattern": VARIABLE_PATTERN}


def json_schema() -> JsonSchemaValue:
    """Return the JSON Schema of a spec file."""
    schema = Spec.model_json_schema(by_alias=True)
    for section in (schema, *schema["$defs"].values()):
        fields = section.get("properties", {})
        fields.update({name: _field(field) for name, field in fields.items()})
    staging = schema["$defs"]["Staging"]["properties"]
    staging["settings"] |= _settings(STRUCTURE, REFUSED_IN_STAGING)
    return {"$schema": _DIALECT, **schema}


def _settings(structure: str, refused: Container[str]) -> JsonSchemaValue:
    """Return the settings of an endpoint, as far as they do not depend on other fields."""
    known = {name: one for name, one in members(structure).items() if name not in refused}
    fields = {name: _member(member) for name, member in known.items()}
    return {"type": "object", "properties": fields, "additionalProperties": False}


def _member(member: Member) -> JsonSchemaValue:
    """Return one setting; choices may be written in any letter case."""
    if member.kind == "text":
        return {"type": "string", **({"examples": list(member.choices)} if member.choices else {})}
    if member.kind == "switch":
        return {"anyOf": [{"type": "boolean"}, _VARIABLE]}
    limits = {"minimum": member.minimum, "maximum": member.maximum}
    return {"anyOf": [{"type": "integer", **limits}, _VARIABLE]}


def _field(field: JsonSchemaValue) -> JsonSchemaValue:
    """Take off the generated title and the default that means nothing; let `${NAME}` stand in."""
    about: JsonSchemaValue = {
        key: field[key] for key in ("description", "examples", "default") if key in field
    }
    value = {key: part for key, part in field.items() if key not in about and key != "title"}
    if about.get("default", "") is None:
        del about["default"]
    if {"integer", "boolean"} & _types(value) or "enum" in value:
        value = {"anyOf": [*value.get("anyOf", [value]), _VARIABLE]}
    return {**about, **value}


def _types(value: JsonSchemaValue) -> set[str]:
    return {part.get("type", "") for part in (value, *value.get("anyOf", ()))}
