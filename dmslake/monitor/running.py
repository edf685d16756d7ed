"""Read what belongs to a task or a replication: its tables, its log, how far it is behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from dmslake.aws.clients import Clients
from dmslake.monitor.described import Described
from dmslake.monitor.latency import has_latency, read_latency
from dmslake.monitor.part import Look, Part, Reading
from dmslake.monitor.partitions import newest_partition
from dmslake.monitor.serverless import read_replicated_tables
from dmslake.monitor.snapshot import Latency, TableState, TaskLog
from dmslake.monitor.subject import Subject
from dmslake.monitor.task import instance_name, read_tables
from dmslake.monitor.task_log import is_due, read_task_log

_TABLES = Part("the statistics of the tables", vital=True)
_INSTANCE = Part("the replication instance's name")
_LOG = Part("the task's log")
_METRICS = Part("the metrics of the task")
_LAKE = Part("the folders of the lake")


class RunningReading:
    """What belongs to one task is being read from the moment on that this is made."""

    def __init__(self, look: Look, aws: Clients, task: Described, now: datetime) -> None:
        self._aws = aws
        read = read_replicated_tables if task.instance_arn is None else read_tables
        self._tables = look.at(_TABLES, partial(read, aws, task.arn), ())
        self._log: Reading[TaskLog | None] | None = None
        self._latency: list[Reading[float | None]] = []
        due, behind = is_due(task, now), has_latency(task)
        instance = _instance(look, aws, task) if due or behind else None
        if instance is None:
            return
        if due:
            self._log = look.at(_LOG, partial(read_task_log, aws, task, instance), None)
        if behind:
            self._latency = [
                look.at(_METRICS, partial(read_latency, aws, metric, task, instance, now), None)
                for metric in ("CDCLatencySource", "CDCLatencyTarget")
            ]

    def tables(self, look: Look, subject: Subject) -> tuple[TableState, ...]:
        """Return the tables with their newest partitions, which are read now."""
        tables = self._tables.value
        newest = [
            look.at(
                _LAKE,
                partial(newest_partition, self._aws, subject, table.schema, table.table),
                "",
            )
            for table in tables
        ]
        return tuple(
            replace(table, newest_partition=partition.value)
            for table, partition in zip(tables, newest, strict=True)
        )

    def log(self) -> TaskLog | None:
        """Return the log that must be there by now."""
        return self._log.value if self._log else None

    def latency(self) -> Latency | None:
        """Return what DMS publishes of how far it is behind."""
        values = [reading.value for reading in self._latency]
        if not any(value is not None for value in values):
            return None
        source, target = values
        return Latency(source_s=source, target_s=target)


def _instance(look: Look, aws: Clients, task: Described) -> str | None:
    """Return the name of what it runs on, by which logs and metrics go; Serverless has none."""
    if task.instance_arn is None:
        return ""
    return look.at(_INSTANCE, partial(instance_name, aws, task.instance_arn), None).value
