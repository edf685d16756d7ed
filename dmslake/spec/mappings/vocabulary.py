"""The members that every rule has, and those that only some types of rules have."""

from collections.abc import Collection, Mapping

from dmslake.spec.mappings.locator import OBJECT_LOCATOR
from dmslake.spec.mappings.part import Part

RULE_TYPE = "rule-type"
RULE_ID = "rule-id"
RULE_NAME = "rule-name"
RULE_ACTION = "rule-action"
RULE_TARGET = "rule-target"

RULE_TYPES = (
    "selection",
    "transformation",
    "table-settings",
    "post-processing",
    "validation",
    "object-mapping",
)

_ALWAYS = (RULE_TYPE, RULE_ID, RULE_NAME, RULE_ACTION, OBJECT_LOCATOR)
_TRANSFORMATION = "transformation rules"
_OBJECT_MAPPING = "object-mapping rules (for other targets than S3)"
_ELSEWHERE: Mapping[str, str] = {
    "filters": "selection rules",
    "load-order": "selection rules",
    RULE_TARGET: "transformation and validation rules",
    "value": _TRANSFORMATION,
    "old-value": _TRANSFORMATION,
    "expression": _TRANSFORMATION,
    "data-type": _TRANSFORMATION,
    "primary-key-def": _TRANSFORMATION,
    "before-image-def": _TRANSFORMATION,
    "parallel-load": "table-settings rules",
    "lob-settings": "table-settings rules",
    "tag-set": "post-processing rules",
    "source-function": "validation rules",
    "target-function": "validation rules",
    "mapping-parameters": _OBJECT_MAPPING,
    "target-table-name": _OBJECT_MAPPING,
    "kafka-target-topic": _OBJECT_MAPPING,
    "partition-key": _OBJECT_MAPPING,
}


def know_members(rule: Part, members: Collection[str]) -> None:
    """Note what a rule holds beside the members of every rule and its own `members`."""
    rule.know((*_ALWAYS, *members), _ELSEWHERE)


def know_any_members(rule: Part) -> None:
    """Note what no rule of any type has."""
    rule.know((*_ALWAYS, *_ELSEWHERE))
