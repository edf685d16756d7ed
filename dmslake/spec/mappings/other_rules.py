"""Rules that do nothing to the files in S3: those for other targets, and for data validation."""

from collections.abc import Mapping

from dmslake.spec.mappings.locator import (
    COLUMN,
    DATA_TYPE,
    SCHEMA,
    TABLE,
    Shape,
    read_locator,
)
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import RULE_ACTION, RULE_TARGET, RULE_TYPE, know_members

OVERRIDE = "override-validation-function"

_FUNCTIONS = ("source-function", "target-function")
_VALIDATED = Shape(
    required=(SCHEMA, TABLE, COLUMN), optional=(DATA_TYPE,), whose="validation rules"
)
_GRAPH = ("vertex_definitions", "edge_definitions")


def check_object_mapping(rule: Part, task: Task) -> None:  # noqa: ARG001  # all checks of rules have this form
    """Say that an object-mapping rule belongs to another target."""
    rule.error(
        RULE_TYPE,
        f'"object-mapping" is for {_target_of(rule)}, and the target of this pipeline is S3, '
        "which does not take it",
        "remove the rule; transformation rules rename and remove columns",
    )


def _target_of(rule: Part) -> str:
    parameters = rule.members.get("mapping-parameters")
    members = set(rule.members) | set(parameters if isinstance(parameters, Mapping) else ())
    if "kafka-target-topic" in members:
        return "Kafka targets"
    if {"partition-key-type", "partition-key"} & members:
        return "Kinesis and Kafka targets"
    if {"partition-key-name", "sort-key-name"} & members:
        return "DynamoDB targets"
    if rule.members.get(RULE_ACTION) == "map-record-to-document":
        return "Kinesis and Kafka targets"
    return "targets such as DynamoDB, Kinesis, Kafka and OpenSearch"


def is_graph_mapping(rule: Part) -> bool:
    """Tell whether a rule is one of the graph mapping that Neptune targets take."""
    return any(name in rule.members for name in _GRAPH)


def check_validation(rule: Part, task: Task) -> None:  # noqa: ARG001  # all checks of rules have this form
    """Check a validation rule; it concerns data validation only, never the files."""
    know_members(rule, (RULE_TARGET, *_FUNCTIONS))
    rule.choice(RULE_TARGET, ("column",))
    rule.choice(RULE_ACTION, (OVERRIDE,))
    read_locator(rule, _VALIDATED)
    for name in _FUNCTIONS:
        rule.text(name)
