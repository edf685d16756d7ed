"""What a task's request must hold, by the service's rules and by what the sandbox can do."""

from __future__ import annotations

import json

from dmslake.sandbox.dms.endpoint_rules import check_for_task
from dmslake.sandbox.dms.faults import invalid_combination, invalid_value, not_in_sandbox
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import Endpoint
from dmslake.sandbox.dms.replication.failures import SettingsError
from dmslake.sandbox.dms.replication.task_settings import read_task_settings

INVALID_MAPPINGS = "Invalid Table Mappings document"
MOST_MAPPINGS_BYTES = 2 * 1024 * 1024


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


def check_positions(asked: Parameters) -> None:
    """Refuse start and stop positions: one of two for AWS, none for the sandbox."""
    if "CdcStartTime" in asked and "CdcStartPosition" in asked:
        raise invalid_combination("Only one of CdcStartTime and CdcStartPosition can be specified.")
    if "CdcStartTime" in asked:
        # User guide, PostgreSQL source: there is no start time, only a position in a slot.
        raise invalid_combination("CdcStartTime is not supported for a PostgreSQL source.")
    for name in ("CdcStartPosition", "CdcStopPosition"):
        if name in asked:
            raise not_in_sandbox(name)


def check_endpoints(source: Endpoint, target: Endpoint) -> None:
    """Check what the service checks of both endpoints only once there is a task."""
    if source.engine == "s3":
        raise not_in_sandbox("An s3 source")
    if target.engine == "s3":
        check_for_task(target.settings)


def check_settings(settings: Json) -> None:
    """Refuse task settings that the data plane cannot read."""
    try:
        read_task_settings(settings)
    except SettingsError as error:
        raise invalid_value(f"Invalid task settings: {error}") from error
