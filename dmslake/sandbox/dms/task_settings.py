"""Task settings: the caller's JSON checked and laid over the service's defaults.

Keys that AWS does not know are dropped, as AWS does; values it would take and the sandbox cannot
honour are refused by name.
"""

from __future__ import annotations

import copy
import json

from pydantic import JsonValue

from dmslake.sandbox.dms.faults import Fault, invalid_value, not_in_sandbox
from dmslake.sandbox.dms.names import arn_suffix
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.task_defaults import (
    DEFAULTS,
    LOG_COMPONENTS,
    SEVERITIES,
    VALIDATION_DEFAULTS,
)

_SERVER_SET = ("CloudWatchLogGroup", "CloudWatchLogStream")
_CHOICES = {
    "TargetTablePrepMode": {"DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD", "DO_NOTHING"},
    "TableErrorPolicy": {"SUSPEND_TABLE", "STOP_TASK"},
    "DataErrorPolicy": {"IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"},
}
# Service limits: user guide, "Full-load task settings".
_RANGES = {"MaxFullLoadSubTasks": (1, 49), "CommitRate": (1, 50000)}
_REFUSED: tuple[tuple[str, str, JsonValue], ...] = (
    ("TargetMetadata", "BatchApplyEnabled", True),
    ("TargetMetadata", "FullLobMode", True),
    ("ValidationSettings", "EnableValidation", True),
)


def apply_settings(text: str | None, base: Json | None = None) -> Json:
    """Return the whole settings document: `text` (JSON) over `base`, or over the defaults.

    Raises:
        Fault: InvalidParameterValueException for JSON, types, choices or ranges that the service
            refuses, and for what the sandbox cannot do.
    """
    merged = copy.deepcopy(base if base is not None else DEFAULTS)
    if text is None:
        return merged
    asked = _parse(text)
    for section, value in asked.items():
        _apply_section(merged, section, value)
    _check_whole(merged)
    return merged


def with_log_names(settings: Json, group: str, stream: str) -> Json:
    """Return the settings with the log group and stream that the service sets by itself."""
    logging = _section(settings, "Logging")
    on = logging.get("EnableLogging") is True
    named: Json = {
        **logging,
        "CloudWatchLogGroup": group if on else None,
        "CloudWatchLogStream": stream if on else None,
    }
    return {**settings, "Logging": named}


def logging_enabled(settings: Json) -> bool:
    """Tell whether the task writes a log."""
    return _section(settings, "Logging").get("EnableLogging") is True


def log_group(instance: str) -> str:
    """Return the log group of an instance's tasks; fixed by DMS's managed policy."""
    return f"dms-tasks-{instance}"


def log_stream(task_arn: str) -> str:
    """Return the log stream of a task."""
    return f"dms-task-{arn_suffix(task_arn)}"


def serverless_log_group(config_arn: str) -> str:
    """Return the log group of a serverless replication."""
    return f"dms-serverless-replication-{arn_suffix(config_arn)}"


def serverless_log_stream(config_arn: str) -> str:
    """Return the log stream of a serverless replication."""
    return f"dms-serverless-replication-orchestrator-{arn_suffix(config_arn)}"


def same_but_for_severities(one: Json, other: Json) -> bool:
    """Tell whether two documents differ in log severities at most, which may change live."""
    return _without_severities(one) == _without_severities(other)


def _parse(text: str) -> Json:
    try:
        asked = json.loads(text)
    except json.JSONDecodeError as error:
        raise _invalid() from error
    if not isinstance(asked, dict):
        raise _invalid()
    return asked


def _apply_section(merged: Json, section: str, value: JsonValue) -> None:
    if section == "ValidationSettings" and isinstance(value, dict):
        merged.setdefault(section, copy.deepcopy(VALIDATION_DEFAULTS))
    if section not in merged or value is None:
        return
    known = merged[section]
    if known is None:
        merged[section] = value
    elif isinstance(known, dict) and isinstance(value, dict):
        for key, member in value.items():
            _apply_member(known, key, member)
    elif type(known) is type(value):
        merged[section] = value
    else:
        raise _invalid()


def _apply_member(section: Json, key: str, value: JsonValue) -> None:
    if key in _SERVER_SET and value is not None:
        raise invalid_value(
            "Task Settings CloudWatchLogGroup or CloudWatchLogStream cannot be set on create."
        )
    if key not in section or value is None:
        return
    known = section[key]
    if key == "LogComponents":
        section[key] = _components(known, value)
    elif type(known) is not type(value):
        raise _invalid()
    else:
        _check_value(key, value)
        section[key] = value


def _components(known: JsonValue, value: JsonValue) -> JsonValue:
    severities = _severities(known) | _severities(value)
    if not set(severities) <= set(LOG_COMPONENTS) or not set(severities.values()) <= SEVERITIES:
        raise _invalid()
    return [{"Id": component, "Severity": severities[component]} for component in LOG_COMPONENTS]


def _severities(components: JsonValue) -> dict[str, str]:
    if not isinstance(components, list):
        raise _invalid()
    severities = {}
    for one in components:
        if not isinstance(one, dict):
            raise _invalid()
        severities[str(one.get("Id"))] = str(one.get("Severity"))
    return severities


def _check_value(key: str, value: JsonValue) -> None:
    choices = _CHOICES.get(key)
    if choices is not None and value not in choices:
        raise invalid_value(f"Invalid task settings: {key} must be one of {sorted(choices)}")
    limits = _RANGES.get(key)
    if limits is not None and isinstance(value, int) and not limits[0] <= value <= limits[1]:
        raise invalid_value(f"Invalid task settings: {key} must be {limits[0]} to {limits[1]}")


def _check_whole(settings: Json) -> None:
    logging = _section(settings, "Logging")
    if logging.get("EnableLogContext") is True and logging.get("EnableLogging") is not True:
        raise invalid_value("EnableLogContext cannot be set to true when EnableLogging is false")
    for section, key, value in _REFUSED:
        if _section(settings, section).get(key) == value:
            raise not_in_sandbox(f"Task setting {section}.{key}={json.dumps(value)}")


def _section(settings: Json, name: str) -> Json:
    section = settings.get(name)
    return section if isinstance(section, dict) else {}


def _without_severities(settings: Json) -> Json:
    logging = {k: v for k, v in _section(settings, "Logging").items() if k != "LogComponents"}
    return {**settings, "Logging": logging}


def _invalid() -> Fault:
    return invalid_value("Invalid task settings JSON")
