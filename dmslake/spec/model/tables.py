"""The section `tables`: which tables are taken."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from dmslake.spec.display import field_name, quoted
from dmslake.spec.environment import EnvironmentText
from dmslake.spec.files import read_json
from dmslake.spec.mappings import MappingMistake, check_rules, rules_of
from dmslake.spec.mistakes import Placed, mistake, raise_all
from dmslake.spec.model.patterns import TablePatternField
from dmslake.spec.section import Section
from dmslake.spec.surroundings import surroundings

Rules = tuple[Mapping[str, object], ...]

_HEAD = 8  # messages cut long texts off at their end


def _rules(value: object, info: ValidationInfo) -> Rules:
    """Read the rules, here or in a JSON file, and check them for the task."""
    around = surroundings(info)
    if not isinstance(value, dict | str):
        fix = "write rules: below it, or the path of a JSON file"
        raise mistake("expected DMS's table mapping or the path of one, not {value}", fix=fix)
    document = read_json(around.base_dir, value) if isinstance(value, str) else value
    found = check_rules(document, engine=around.engine, replication_type=around.replication_type)
    place = _here if isinstance(value, dict) else _elsewhere
    hidden = list(_from_environment(document))
    placed = [(one.severity, place(one, hidden)) for one in found]
    around.warnings += [
        (("tables", "rules", *path), error)
        for severity, (path, error) in placed
        if severity == "warning"
    ]
    raise_all(one for severity, one in placed if severity == "error")
    around.rules = rules_of(document)
    return around.rules


def _here(found: MappingMistake, hidden: list[str]) -> Placed:
    return found.path, _said(found, f"rule {found.rule_id}" if found.rule_id else "", hidden)


def _elsewhere(found: MappingMistake, hidden: list[str]) -> Placed:
    """Say where a mistake is in another file: only this one has lines and columns."""
    rule = f", rule {found.rule_id}" if found.rule_id else ""
    return (), _said(found, f"{field_name(found.path)}{rule}" if found.path else "", hidden)


def _said(found: MappingMistake, where: str, hidden: list[str]) -> PydanticCustomError:
    """Say what is wrong, without what came from the environment: messages quote the rules."""
    message, fix = f"{where}: {found.message}" if where else found.message, found.fix
    if any(value in message or value in fix for value in hidden):
        message, fix = "DMS does not take {value}", "values from the environment are not shown"
    return mistake(message, fix=fix)


def _from_environment(value: object) -> Iterator[str]:
    """Yield the beginnings of all texts that came from the environment, as messages have them."""
    if isinstance(value, EnvironmentText) and value:
        yield value[:_HEAD]
        yield quoted(value)[1 : _HEAD + 1]
    for item in value.values() if isinstance(value, dict) else ():
        yield from _from_environment(item)
    for item in value if isinstance(value, list) else ():
        yield from _from_environment(item)


RulesField = Annotated[
    Rules,
    PlainValidator(_rules),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]}),
]
"""DMS's table mapping: a mapping with `rules`, or the path of a JSON file with one."""


class Tables(Section):
    """Which tables are taken: those that `include` names and `exclude` does not, or `rules`."""

    include: tuple[TablePatternField, ...] = Field(
        default=(),
        description="Patterns of the form schema.table. % stands for any characters and _ for "
        "exactly one, so sales.% is the whole schema. Letter case counts. A name that holds a "
        "dot stands in double quotes, inside YAML's single ones: '\"we.ird\".orders'. For the "
        "MySQL family the schema is the database. Required unless rules is written.",
        examples=[["public.orders", "sales.%"]],
    )
    exclude: tuple[TablePatternField, ...] = Field(
        default=(),
        description="Patterns of tables that are left out although include names them.",
        examples=[["public.tmp_%"]],
    )
    rules: RulesField | None = Field(
        default=None,
        description="DMS's own table mapping, inline or as the path of a JSON file (a relative "
        "one starts at the spec's folder), instead of include and exclude.",
        examples=["mappings.json"],
    )
