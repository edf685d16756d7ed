"""The JSON Schema."""

import json
import re

from pydantic.json_schema import JsonSchemaValue

from dmslake.spec import ENGINES, Spec, json_schema
from dmslake.spec.section import fields_of, section_of, walk


def _field(*path: str) -> JsonSchemaValue:
    schema = json_schema()
    section: JsonSchemaValue = schema
    for name in path[:-1]:
        reference = json.dumps(section["properties"][name])
        found = re.search(r"#/\$defs/(\w+)", reference)
        assert found
        section = schema["$defs"][found[1]]
    field: JsonSchemaValue = section["properties"][path[-1]]
    return field


def test_describes_every_field() -> None:
    for path, field in walk(Spec):
        described = _field(*(str(step) for step in path)).get("description")
        below = section_of(field)
        assert described == field.description or (below and below.__doc__ == field.description)


def test_refuses_unknown_fields_everywhere() -> None:
    schema = json_schema()

    sections = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
    assert len(sections) == 1 + sum(1 for _, field in walk(Spec) if section_of(field))
    assert all(section["additionalProperties"] is False for section in sections)


def test_lists_the_engines_and_lets_a_variable_stand_for_one() -> None:
    listed, variable = _field("source", "engine")["anyOf"]

    assert listed["enum"] == list(ENGINES)
    assert re.search(variable["pattern"], "${ENGINE}")
    assert not re.search(variable["pattern"], "postgre")


def test_numbers_have_their_range_and_may_be_variables() -> None:
    number, variable = _field("loader", "memory_mb")["anyOf"]

    assert number == {"type": "integer", "minimum": 128, "maximum": 10240}
    assert variable["type"] == "string"


def test_a_password_is_a_variable() -> None:
    pattern = _field("source", "password")["pattern"]

    assert re.search(pattern, "${SHOP_DB_PASSWORD}")
    assert not re.search(pattern, "hunter2")


def test_requires_what_the_model_requires() -> None:
    schema = json_schema()
    required = {name for name, field in fields_of(Spec).items() if field.is_required()}

    assert set(schema["required"]) == required
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_knows_the_settings_of_staging() -> None:
    settings = _field("staging", "settings")

    assert settings["additionalProperties"] is False
    assert settings["properties"]["compression_type"]["examples"] == ["none", "gzip"]
    assert settings["properties"]["max_file_size"]["anyOf"][0]["maximum"] == 1048576
    assert "bucket_name" not in settings["properties"]


def test_is_json() -> None:
    assert json.loads(json.dumps(json_schema())) == json_schema()
