"""Tasks as the service answers them."""

from __future__ import annotations

import json

from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Instance, Task
from dmslake.sandbox.dms.run_view import recovery_checkpoint, seconds, stats
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.table_mappings import shown_mappings
from dmslake.sandbox.dms.task_settings import log_group, log_stream, with_log_names


def wire(service: Service, task: Task, *, bare: bool = False) -> Json:
    """Return the task; `bare` leaves out settings, as WithoutSettings does."""
    answer: Json = {
        "ReplicationTaskIdentifier": task.name,
        "ReplicationTaskArn": task.arn,
        "SourceEndpointArn": task.source_arn,
        "TargetEndpointArn": task.target_arn,
        "ReplicationInstanceArn": task.instance_arn,
        "TargetReplicationInstanceArn": task.moving_to,
        "MigrationType": task.migration_type,
        "TableMappings": shown_mappings(task.table_mappings),
        "Status": task.status,
        "ReplicationTaskCreationDate": task.created.timestamp(),
        "ReplicationTaskStats": stats(service, task),
        "TaskData": task.data,
        "StopReason": task.stop_reason,
        "LastFailureMessage": task.failure,
        "ReplicationTaskStartDate": seconds(task.started),
        "CdcStartPosition": task.start_position,
        "RecoveryCheckpoint": recovery_checkpoint(service, task),
    }
    if not bare:
        instance = service.store.get(Instance, task.instance_arn)
        group = log_group(instance.name if instance else "")
        named = with_log_names(task.settings, group, log_stream(task.arn))
        answer["ReplicationTaskSettings"] = json.dumps(named)
    return {name: value for name, value in answer.items() if value is not None}
