"""The DMS task settings that a lake needs; everything else stays as the service has it.

https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.html
"""

from __future__ import annotations

from collections.abc import Mapping

_FOR_A_LAKE: Mapping[str, object] = {
    "TargetMetadata": {"BatchApplyEnabled": False},
    "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
    "Logging": {"EnableLogging": True},
    "ChangeProcessingDdlHandlingPolicy": {
        "HandleSourceTableTruncated": False,
        "HandleSourceTableDropped": False,
    },
}


def task_settings(wanted: Mapping[str, object] | None = None) -> Mapping[str, object]:
    """Return the settings in the words of DMS's own JSON; `wanted` comes over ours, key by key.

    The service's defaults empty a table's folder before it is loaded, delete a table's staged files
    when the source truncates or drops it (also those not in the lake yet), and log nothing.
    """
    return _over(_FOR_A_LAKE, wanted or {})


def _over(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(below, value) if both else value  # type: ignore[arg-type]
    return merged
