"""Running tasks: start, stop, their tables, and what becomes of a run when it ends."""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.errors import SandboxError
from dmslake.sandbox.dms import connections, instances, tasks
from dmslake.sandbox.dms.faults import (
    Fault,
    invalid_combination,
    invalid_state,
    invalid_value,
)
from dmslake.sandbox.dms.jobs import CannotRunError, drop_what_is_left, launch
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import (
    Connection,
    Endpoint,
    Record,
    StartKind,
    StoredCheckpoint,
    StoredStatistics,
    Task,
)
from dmslake.sandbox.dms.replication.model import TableStatistics
from dmslake.sandbox.dms.runs import Ended
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.task_rules import check_positions
from dmslake.sandbox.dms.task_states import begin, begin_stop
from dmslake.sandbox.dms.task_view import tables_of, wire, wire_table

_log = logging.getLogger(__name__)
_START_KINDS = {
    "start-replication": StartKind.FRESH,
    "resume-processing": StartKind.RESUME,
    "reload-target": StartKind.RELOAD,
}
MOST_RELOADED = 10
TABLES: Listing[TableStatistics] = Listing(
    filters={
        "schema-name": lambda table: [table.schema],
        "table-name": lambda table: [table.table],
        "table-state": lambda table: [table.state.value],
    },
    order=lambda table: f"{table.schema}\0{table.table}",
    noun="Table Statistics",
    most_records=500,
)


def start(call: Call) -> Json:
    """StartReplicationTask: both endpoints tested from its instance, and the right start type."""
    service, asked = call.service, call.input
    with service.lock:
        task = tasks.find(service, asked.text("ReplicationTaskArn"))
        if task.status not in tasks.IDLE:
            raise invalid_state("Replication Task cannot be started, invalid state")
        kind = _START_KINDS[asked.text("StartReplicationTaskType")]
        _check_kind(asked.text("StartReplicationTaskType"), kind, task)
        check_positions(asked)
        _check_tested(service, task)
        task = begin(service, task, kind)
        return {"ReplicationTask": wire(service, task)}


def stop(call: Call) -> Json:
    """StopReplicationTask: flushes what is pending, then stops."""
    service = call.service
    with service.lock:
        task = tasks.find(service, call.input.text("ReplicationTaskArn"))
        if task.status not in {"starting", "running"}:
            raise invalid_state(f"Replication Task {task.name} is currently not running.")
        task = begin_stop(service, task)
        return {"ReplicationTask": wire(service, task)}


def describe_tables(call: Call) -> Json:
    """DescribeTableStatistics: empty until the task has seen its tables."""
    service = call.service
    with service.lock:
        task = tasks.find(service, call.input.text("ReplicationTaskArn"))
        tables = tables_of(service, task)
    page, marker = TABLES.page(tables, call.input)
    return {
        "ReplicationTaskArn": task.arn,
        "TableStatistics": [wire_table(table) for table in page],
        "Marker": marker,
    }


def reload_tables(call: Call) -> Json:
    """ReloadTables: checked as on AWS, then refused; the sandbox reloads whole tasks only."""
    service, asked = call.service, call.input
    with service.lock:
        task = tasks.find(service, asked.text("ReplicationTaskArn"))
    if task.status != "running":
        raise invalid_state(f"Replication Task {task.name} is currently not running.")
    if task.migration_type == "cdc":
        raise invalid_state("Tables of a cdc Replication Task cannot be reloaded.")
    named = [
        (one.text("SchemaName"), one.text("TableName"))
        for one in asked.structures("TablesToReload")
    ]
    if len(named) > MOST_RELOADED or len(set(named)) != len(named):
        raise invalid_value(f"TablesToReload must name at most {MOST_RELOADED} different tables.")
    raise Fault(
        "InvalidOperationFault",
        "ReloadTables is not implemented by the dmslake sandbox; stop the task and start it with "
        "reload-target",
    )


def advance(service: Service, record: Record) -> None:
    """Move a task on, and start its run again after a restart of the service."""
    task = service.store.get(Task, record.key)
    if task is None:
        return
    if task.status == "running":
        _advance_running(service, task)
    elif task.status == "stopping":
        _advance_stopping(service, task)
    elif task.status == "deleting":
        _advance_deleting(service, task)
    elif task.restart_after_upgrade:
        _advance_upgraded(service, task)
    elif service.is_due(task):
        _advance_due(service, task)


def _advance_due(service: Service, task: Task) -> None:
    if task.status == "creating":
        service.store.put(replace(task, status="ready", due=None))
    elif task.status == "modifying":
        service.store.put(replace(task, status=task.before_modifying, due=None))
    elif task.status == "starting":
        _launch(service, task)
        service.store.put(replace(task, status="running", due=None))


def _advance_running(service: Service, task: Task) -> None:
    if task.arn not in service.runs:
        # The service was restarted: the run goes on from its last checkpoint.
        _launch(service, task)
        return
    service.logs.tables(task, tables_of(service, task), service.clock())
    ended = service.runs.take_ended(task.arn)
    if ended is not None:
        _finish(service, task, ended)


def _advance_stopping(service: Service, task: Task) -> None:
    if not service.is_due(task):
        return
    ended = service.runs.take_ended(task.arn)
    if ended is not None:
        _finish(service, task, ended)
    elif task.arn not in service.runs:
        _put_stopped(service, task, "NORMAL", None)


def _advance_upgraded(service: Service, task: Task) -> None:
    instance = instances.find(service, task.instance_arn)
    if instance.status == "available":
        begin(service, task, StartKind.RESUME)


def _advance_deleting(service: Service, task: Task) -> None:
    if not service.is_due(task):
        return
    if task.arn not in service.deletions:
        service.deletions.start(task.arn, drop_what_is_left(service, task))
        return
    ended = service.deletions.take(task.arn)
    if ended is None:
        return
    error = ended.exception()
    if error is not None:
        _log.error("task %s left something on its source", task.name, exc_info=error)
    service.store.remove(StoredCheckpoint, task.arn)
    service.store.remove(StoredStatistics, task.arn)
    service.store.remove(Task, task.key)


def _finish(service: Service, task: Task, ended: Ended) -> None:
    if ended.statistics:
        tables = tuple(ended.statistics)
        seen = StoredStatistics(task_arn=task.arn, tables=tables, progress=ended.progress)
        service.store.put(seen)
    service.logs.tables(task, ended.statistics, service.clock())
    error = ended.future.exception()
    if error is not None:
        _put_stopped(service, task, "FATAL_ERROR", _failure(task, error))
        return
    outcome = ended.future.result()
    _put_stopped(service, task, outcome.stop_reason.value, outcome.failure)


def _failure(task: Task, error: BaseException) -> str:
    if isinstance(error, CannotRunError | SandboxError):
        return str(error)
    _log.error("the run of task %s broke", task.name, exc_info=error)
    return f"{type(error).__name__}: {error}"


def _launch(service: Service, task: Task) -> None:
    launch(service, task)
    service.logs.started(task, service.clock())


def _put_stopped(service: Service, task: Task, reason: str, failure: str | None) -> None:
    task = replace(
        task,
        status="stopped" if failure is None else "failed",
        due=None,
        stopped=service.clock(),
        stop_reason=f"Stop Reason {reason}",
        failure=failure,
    )
    service.store.put(task)
    service.logs.ended(task, task.stopped or service.clock())


def _check_kind(word: str, kind: StartKind, task: Task) -> None:
    shown = word.upper().replace("-", "_")
    ran = task.fresh_started is not None
    if kind is StartKind.FRESH and ran:
        raise invalid_combination(
            f"Start Type : {shown}, valid only for tasks running for the first time"
        )
    if kind is StartKind.RESUME and not ran:
        raise invalid_combination(
            f"Start Type : {shown}, not valid for tasks running for the first time"
        )
    if kind is StartKind.RELOAD and task.migration_type == "cdc":
        raise invalid_combination(f"Start Type : {shown}, not valid for tasks of type cdc")


def _check_tested(service: Service, task: Task) -> None:
    instance = instances.find(service, task.instance_arn)
    if instance.status != "available":
        raise invalid_state(
            f"Replication Instance {instance.name} is not in available state; "
            f"it is {instance.status}."
        )
    for endpoint_arn in (task.source_arn, task.target_arn):
        key = connections.connection_key(task.instance_arn, endpoint_arn)
        connection = service.store.get(Connection, key)
        if connection is None or connection.status != connections.SUCCESSFUL:
            endpoint = service.store.get(Endpoint, endpoint_arn)
            name = endpoint.name if endpoint is not None else endpoint_arn
            raise invalid_state(
                f"Test connection for replication instance {instance.name} and endpoint {name} "
                "should be successful for starting the replication task"
            )
