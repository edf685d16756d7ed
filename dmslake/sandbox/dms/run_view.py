"""How a task or a serverless replication has come along, as the service answers it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.positions import checkpoint_text
from dmslake.sandbox.dms.records import Runnable, StoredCheckpoint, StoredStatistics
from dmslake.sandbox.dms.replication.model import Progress, TableStatistics
from dmslake.sandbox.dms.service import Service

_UNDER_WAY = frozenset({"starting", "running", "stopping"})


def tables_of(service: Service, task: Runnable) -> Sequence[TableStatistics]:
    """Return the tables of a task or replication: those of its run, or those last seen."""
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
        "FullLoadStartTime": seconds(table.full_load_started),
        "FullLoadEndTime": seconds(table.full_load_ended),
        "FullLoadReloaded": table.reloaded,
        "LastUpdateTime": seconds(table.last_update),
        "TableState": table.state.value,
        "ValidationPendingRecords": 0,
        "ValidationFailedRecords": 0,
        "ValidationSuspendedRecords": 0,
        "ValidationState": "Not enabled",
    }
    return {name: value for name, value in answer.items() if value is not None}


def stats(service: Service, task: Runnable) -> Json:
    """Return the counts and dates of ReplicationTaskStats and ReplicationStats."""
    progress = _progress(service, task)
    begun = [t.full_load_started for t in tables_of(service, task) if t.full_load_started]
    ended = [t.full_load_ended for t in tables_of(service, task) if t.full_load_ended]
    complete = progress.percent == 100 and not progress.tables_loading  # noqa: PLR2004 - percent
    answer: Json = {
        "FullLoadProgressPercent": progress.percent,
        "ElapsedTimeMillis": _elapsed(service, task),
        "TablesLoaded": progress.tables_loaded,
        "TablesLoading": progress.tables_loading,
        "TablesQueued": progress.tables_queued,
        "TablesErrored": progress.tables_errored,
        "FreshStartDate": seconds(task.fresh_started),
        "StartDate": seconds(task.started),
        "StopDate": seconds(task.stopped),
        "FullLoadStartDate": seconds(min(begun, default=None)),
        "FullLoadFinishDate": seconds(max(ended, default=None)) if complete else None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _progress(service: Service, task: Runnable) -> Progress:
    running = service.runs.progress(task.arn)
    if running is not None:
        return running
    stored = service.store.get(StoredStatistics, task.arn)
    if stored is not None and stored.progress is not None:
        return stored.progress
    return Progress(percent=0, tables_loaded=0, tables_loading=0, tables_queued=0, tables_errored=0)


def _elapsed(service: Service, task: Runnable) -> int:
    if task.started is None:
        return 0
    end = task.stopped if task.stopped and task.stopped >= task.started else service.clock()
    return int((end - task.started).total_seconds() * 1000)


def recovery_checkpoint(service: Service, task: Runnable) -> str | None:
    """Return where a task or replication that does not run would go on; None while it runs."""
    if task.status in _UNDER_WAY:
        return None
    stored = service.store.get(StoredCheckpoint, task.arn)
    lsn = stored.position.get("lsn") if stored is not None else None
    if not isinstance(lsn, int) or not lsn:
        return None
    return checkpoint_text(lsn)


def seconds(moment: datetime | None) -> float | None:
    """Return a moment as the wire has it."""
    return None if moment is None else moment.timestamp()
