"""Running tasks: start, stop, their tables, and what becomes of a run when it ends."""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.sandbox.dms import connections, endpoints, instances, moving, tasks
from dmslake.sandbox.dms.faults import invalid_combination, invalid_state
from dmslake.sandbox.dms.jobs import drop_what_is_left
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.positions import start_of
from dmslake.sandbox.dms.records import Connection, Endpoint, Record, Runnable, StartKind, Task
from dmslake.sandbox.dms.replication.model import TableStatistics
from dmslake.sandbox.dms.run_results import forget, launch_run, look_after, look_after_stop
from dmslake.sandbox.dms.run_view import tables_of, wire_table
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.task_states import begin, begin_stop
from dmslake.sandbox.dms.task_view import wire

_log = logging.getLogger(__name__)
START_KINDS = {
    "start-replication": StartKind.FRESH,
    "resume-processing": StartKind.RESUME,
    "reload-target": StartKind.RELOAD,
}
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
        word = asked.text("StartReplicationTaskType")
        kind = START_KINDS[word]
        source = endpoints.find(service, task.source_arn)
        point = start_of(asked, task.migration_type, source)
        check_kind(word, kind, task, restarts=bool(point))
        _check_tested(service, task)
        if point:
            task = replace(task, start_position=point.position, start_time=point.time)
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


def advance(service: Service, record: Record) -> None:
    """Move a task on, and start its run again after a restart of the service."""
    task = service.store.get(Task, record.key)
    if task is None:
        return
    if task.status == "running":
        look_after(service, task)
    elif task.status == "stopping":
        if service.is_due(task):
            look_after_stop(service, task)
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
    elif task.status == "moving":
        service.store.put(moving.moved(service, task))
    elif task.status == "starting":
        launch_run(service, task)
        service.store.put(replace(task, status="running", due=None))


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
    forget(service, task)


def check_kind(word: str, kind: StartKind, task: Runnable, *, restarts: bool = False) -> None:
    """Refuse a start type that does not fit; `restarts` tells that a new start point is given."""
    shown = word.upper().replace("-", "_")
    ran = task.fresh_started is not None
    if kind is StartKind.FRESH and ran and not restarts:
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
