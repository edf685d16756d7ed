"""The DMS task settings that a lake needs; everything else stays as the service has it.

https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.html
"""

from __future__ import annotations

from collections.abc import Mapping


def task_settings() -> Mapping[str, object]:
    """Return the settings in the words of DMS's own JSON.

    The service's defaults empty a table's folder before it is loaded, delete a table's staged files
    when the source truncates or drops it (also those not in the lake yet), and log nothing.
    """
    return {
        "TargetMetadata": {"BatchApplyEnabled": False},
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
        "ChangeProcessingDdlHandlingPolicy": {
            "HandleSourceTableTruncated": False,
            "HandleSourceTableDropped": False,
        },
    }
