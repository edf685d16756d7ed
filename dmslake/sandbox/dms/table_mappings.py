"""Table mappings: read as the service reads them, and shown as it shows them."""

from __future__ import annotations

import json

from dmslake.sandbox.dms.faults import invalid_value
from dmslake.sandbox.dms.parameters import Json

INVALID_MAPPINGS = "Invalid Table Mappings document"
MOST_MAPPINGS_BYTES = 2 * 1024 * 1024
# What the service adds to rules that lack it.
_ADDED = {
    "selection": ("filters", "load-order", "parallel-load"),
    "transformation": ("value", "old-value", "expression"),
}


def read_mappings(text: str) -> Json:
    """Parse a table-mapping document: a JSON object with rules, at least one of them a selection.

    Raises:
        Fault: InvalidParameterValueException, in the service's words.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid_value(f"{INVALID_MAPPINGS}. Error parsing JSON: {error}") from error
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or len(text.encode()) > MOST_MAPPINGS_BYTES:
        raise invalid_value(INVALID_MAPPINGS)
    kinds = [rule.get("rule-type") if isinstance(rule, dict) else None for rule in rules]
    if "selection" not in kinds or None in kinds:
        raise invalid_value(f"{INVALID_MAPPINGS}. At least one selection rule is required.")
    return dict(document)


def same_mappings(one: str, other: str) -> bool:
    """Tell whether two documents say the same; members that are null say nothing."""
    return _without_nulls(json.loads(one)) == _without_nulls(json.loads(other))


def shown_mappings(text: str) -> str:
    """Return a stored document as a Describe shows it: absent members of rules as nulls."""
    document = json.loads(text)
    for rule in document["rules"]:
        for name in _ADDED.get(rule["rule-type"], ()):
            rule.setdefault(name, None)
    return json.dumps(document)


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
