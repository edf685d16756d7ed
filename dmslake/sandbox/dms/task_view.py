"""Tasks and their tables as the service answers them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Instance, StoredCheckpoint, StoredStatistics, Task
from dmslake.sandbox.dms.replication.model import Progress, TableState, TableStatistics
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.task_settings import with_log_names

_LOADED = {TableState.COMPLETED}
_LOADING = {TableState.FULL_LOAD, TableState.RELOADING}
_ERRORED = {TableState.ERROR, TableState.CANCELLED}


def wire(service: Service, task: Task, *, bare: bool = False) -> Json:
    """Return the task; `bare` leaves out settings, as WithoutSettings does."""
    answer: Json = {
        "ReplicationTaskIdentifier": task.name,
        "ReplicationTaskArn": task.arn,
        "SourceEndpointArn": task.source_arn,
        "TargetEndpointArn": task.target_arn,
        "ReplicationInstanceArn": task.instance_arn,
        "MigrationType": task.migration_type,
        "TableMappings": task.table_mappings,
        "Status": task.status,
        "ReplicationTaskCreationDate": task.created.timestamp(),
        "ReplicationTaskStats": _stats(service, task),
        "TaskData": task.data,
        "StopReason": task.stop_reason,
        "LastFailureMessage": task.failure,
        "ReplicationTaskStartDate": _seconds(task.started),
        "RecoveryCheckpoint": _recovery_checkpoint(service, task),
    }
    if not bare:
        instance = service.store.get(Instance, task.instance_arn)
        named = with_log_names(task.settings, instance.name if instance else "", task.arn)
        answer["ReplicationTaskSettings"] = json.dumps(named)
    return {name: value for name, value in answer.items() if value is not None}


def tables_of(service: Service, task: Task) -> Sequence[TableStatistics]:
    """Return a task's tables: those of its run, or those last seen."""
    running = service.runs.statistics(task.arn)
    if running:
        return running
    stored = service.store.get(StoredStatistics, task.arn)
    return stored.tables if stored is not None else ()


def wire_table(table: TableStatistics) -> Json:
    """Return one table's statistics. `Applied…` equal the others: files are what is applied."""
    answer: Json = {
        "SchemaName": table.schema,
        "TableName": table.table,
        "Inserts": table.inserts,
        "Deletes": table.deletes,
        "Updates": table.updates,
        "Ddls": table.ddls,
        "AppliedInserts": table.inserts,
        "AppliedDeletes": table.deletes,
        "AppliedUpdates": table.updates,
        "AppliedDdls": table.ddls,
        "FullLoadRows": table.full_load_rows,
        "FullLoadCondtnlChkFailedRows": 0,
        "FullLoadErrorRows": 0,
        "FullLoadStartTime": _seconds(table.full_load_started),
        "FullLoadEndTime": _seconds(table.full_load_ended),
        "FullLoadReloaded": table.reloaded,
        "LastUpdateTime": _seconds(table.last_update),
        "TableState": table.state.value,
        "ValidationPendingRecords": 0,
        "ValidationFailedRecords": 0,
        "ValidationSuspendedRecords": 0,
        "ValidationState": "Not enabled",
    }
    return {name: value for name, value in answer.items() if value is not None}


def _stats(service: Service, task: Task) -> Json:
    progress = _progress(service, task)
    begun = [t.full_load_started for t in tables_of(service, task) if t.full_load_started]
    ended = [t.full_load_ended for t in tables_of(service, task) if t.full_load_ended]
    complete = progress.percent == 100 and not progress.tables_loading  # noqa: PLR2004 - percent
    stats: Json = {
        "FullLoadProgressPercent": progress.percent,
        "ElapsedTimeMillis": _elapsed(service, task),
        "TablesLoaded": progress.tables_loaded,
        "TablesLoading": progress.tables_loading,
        "TablesQueued": progress.tables_queued,
        "TablesErrored": progress.tables_errored,
        "FreshStartDate": _seconds(task.fresh_started),
        "StartDate": _seconds(task.started),
        "StopDate": _seconds(task.stopped),
        "FullLoadStartDate": _seconds(min(begun, default=None)),
        "FullLoadFinishDate": _seconds(max(ended, default=None)) if complete else None,
    }
    return {name: value for name, value in stats.items() if value is not None}


def _progress(service: Service, task: Task) -> Progress:
    running = service.runs.progress(task.arn)
    if running is not None:
        return running
    stored = service.store.get(StoredStatistics, task.arn)
    if stored is not None and stored.progress is not None:
        return stored.progress
    return Progress(percent=0, tables_loaded=0, tables_loading=0, tables_queued=0, tables_errored=0)


def _elapsed(service: Service, task: Task) -> int:
    if task.started is None:
        return 0
    end = task.stopped if task.stopped and task.stopped >= task.started else service.clock()
    return int((end - task.started).total_seconds() * 1000)


def _recovery_checkpoint(service: Service, task: Task) -> str | None:
    stored = service.store.get(StoredCheckpoint, task.arn)
    lsn = stored.position.get("lsn") if stored is not None else None
    if not isinstance(lsn, int) or not lsn:
        return None
    return f"checkpoint:V1#1#{lsn >> 32:08X}/{lsn & 0xFFFFFFFF:08X}#0#0#*#0#0"


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
