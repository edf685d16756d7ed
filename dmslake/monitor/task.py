"""Read the replication task and the statistics of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.kinds.dms_search import search_one
from dmslake.kinds.replication_task import find_task
from dmslake.monitor.described import Described
from dmslake.monitor.snapshot import TableState, TaskState

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef, TableStatisticsTypeDef

_PAGE = 500  # the most that DescribeTableStatistics gives at once


def read_task(aws: Clients, name: str) -> tuple[TaskState | None, tuple[TableState, ...]]:
    """Return the task and its tables; (None, ()) when there is no such task."""
    task = describe_task(aws, name)
    return (None, ()) if task is None else (task.state, read_tables(aws, task.arn))


def describe_task(aws: Clients, name: str) -> Described | None:
    """Return the task as DMS describes it, or None when there is no such task."""
    task = find_task(aws, name)
    if task is None:
        return None
    return Described(
        state=_task(name, task),
        arn=task["ReplicationTaskArn"],
        instance_arn=task.get("ReplicationInstanceArn", ""),
        endpoints=(task.get("SourceEndpointArn", ""), task.get("TargetEndpointArn", "")),
        settings=task.get("ReplicationTaskSettings", "{}"),
    )


def read_tables(aws: Clients, arn: str) -> tuple[TableState, ...]:
    """Return the tables of a task in order; none when it never ran."""
    tables = (table_state(row) for row in _statistics(aws, arn))
    return tuple(sorted(tables, key=lambda table: (table.schema, table.table)))


def instance_name(aws: Clients, arn: str) -> str | None:
    """Return the name of the instance that a task really runs on: the ARN does not have it."""
    found = search_one(
        aws.dms.describe_replication_instances,
        "ReplicationInstances",
        "replication-instance-arn",
        arn,
    )
    return None if found is None else str(found.get("ReplicationInstanceIdentifier", "")) or None


def _task(name: str, task: ReplicationTaskTypeDef) -> TaskState:
    statistics = task.get("ReplicationTaskStats", {})
    return TaskState(
        name=name,
        status=str(task.get("Status", "")),
        loads=task.get("MigrationType") != "cdc",
        captures=task.get("MigrationType") != "full-load",
        stop_reason=str(task.get("StopReason", "")).removeprefix("Stop Reason "),
        failure=str(task.get("LastFailureMessage", "")),
        full_load_percent=statistics.get("FullLoadProgressPercent", 0),
        tables_loaded=statistics.get("TablesLoaded", 0),
        tables_loading=statistics.get("TablesLoading", 0),
        tables_queued=statistics.get("TablesQueued", 0),
        tables_errored=statistics.get("TablesErrored", 0),
        started=utc(statistics.get("StartDate")),
        full_load_finished=utc(statistics.get("FullLoadFinishDate")),
    )


def utc(time: datetime | None) -> datetime | None:
    """Undo what botocore does: it returns times in this machine's zone."""
    return None if time is None else time.astimezone(UTC)


def _statistics(aws: Clients, arn: str) -> Iterator[TableStatisticsTypeDef]:
    marker: Any = {}
    while True:
        # A task that never ran may have no statistics at all, and say so in either way.
        page = unless_absent(
            lambda: aws.dms.describe_table_statistics(
                ReplicationTaskArn=arn,
                MaxRecords=_PAGE,
                **marker,  # noqa: B023 - called at once
            ),
            "ResourceNotFoundFault",
            "InvalidResourceStateFault",
        )
        if page is None:
            return
        yield from page["TableStatistics"]
        if not page.get("Marker"):
            return
        marker = {"Marker": page["Marker"]}


def table_state(row: TableStatisticsTypeDef) -> TableState:
    """Return one row of the statistics; Serverless has rows of the same shape."""
    return TableState(
        schema=row.get("SchemaName", ""),
        table=row.get("TableName", ""),
        state=row.get("TableState", ""),
        full_load_rows=row.get("FullLoadRows", 0),
        inserts=row.get("Inserts", 0),
        updates=row.get("Updates", 0),
        deletes=row.get("Deletes", 0),
    )
