"""Task logs in CloudWatch Logs: what happened to a run, in a few lines.

A task whose account lacks `dms-cloudwatch-logs-role` runs all the same and writes none, as on AWS.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from dmslake.sandbox.dms.cloud import Cloud, CloudFailureError, LogLine
from dmslake.sandbox.dms.records import Instance, Runnable, StartKind, Task
from dmslake.sandbox.dms.replication.model import TableState, TableStatistics
from dmslake.sandbox.dms.store import Store
from dmslake.sandbox.dms.task_settings import (
    log_group,
    log_stream,
    logging_enabled,
    serverless_log_group,
    serverless_log_stream,
)

_log = logging.getLogger(__name__)
_PHASES = {
    "full-load": "full load only",
    "cdc": "CDC only",
    "full-load-and-cdc": "full load and CDC",
}
_STARTS = {
    StartKind.FRESH: "fresh start",
    StartKind.RESUME: "resume",
    StartKind.RELOAD: "reload",
}


class TaskLogs:
    """Writes in the order of events, from a thread of its own. The caller serialises access."""

    def __init__(self, cloud: Cloud, store: Store) -> None:
        self._cloud = cloud
        self._store = store
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dms-logs")
        self._told: dict[str, set[tuple[str, str, TableState]]] = {}
        self._since: dict[str, datetime] = {}

    def started(self, task: Runnable, now: datetime) -> None:
        """Log that a run was launched; tables loaded before are not told again."""
        self._since[task.arn] = now
        self._told[task.arn] = set()
        how = f"{_PHASES[task.migration_type]} in {_STARTS[task.start]} mode"
        self._write(task, [_line(now, "I", f"Task '{task.name}' running {how}")])

    def tables(self, task: Runnable, tables: Sequence[TableStatistics], now: datetime) -> None:
        """Log the tables that were loaded, or failed, since the last call."""
        told = self._told.setdefault(task.arn, set())
        lines = []
        for table in tables:
            mark = (table.schema, table.table, table.state)
            if mark not in told:
                told.add(mark)
                lines += self._about(task, table, now)
        if lines:
            self._write(task, lines)

    def ended(self, task: Runnable, now: datetime) -> None:
        """Log how a run ended."""
        if task.failure is not None:
            lines = [_line(now, "E", f"Task error: {task.failure}")]
        else:
            lines = [_line(now, "I", f"Task '{task.name}' stopped: {task.stop_reason}")]
        self._write(task, lines)

    def close(self, *, wait: bool) -> None:
        """Write no more; with `wait`, what was logged is written before this returns."""
        self._pool.shutdown(wait=wait)

    def _about(self, task: Runnable, table: TableStatistics, now: datetime) -> list[LogLine]:
        name = f"'{table.schema}'.'{table.table}'"
        since = self._since.get(task.arn)
        ended = table.full_load_ended
        if table.state is TableState.ERROR:
            return [
                _line(now, "E", f"Table {name} was suspended: {table.error or 'unknown error'}")
            ]
        if table.state is not TableState.COMPLETED or ended is None:
            return []
        if since is not None and ended < since:
            return []
        return [
            _line(now, "I", f"Load finished for table {name}. {table.full_load_rows} rows received")
        ]

    def _write(self, task: Runnable, lines: Sequence[LogLine]) -> None:
        place = self._place(task)
        if place is not None and logging_enabled(task.settings):
            self._pool.submit(self._put, task, place, lines)

    def _place(self, task: Runnable) -> tuple[str, str] | None:
        """Return the log group and stream; None for a task whose instance is gone."""
        if not isinstance(task, Task):
            return serverless_log_group(task.arn), serverless_log_stream(task.arn)
        instance = self._store.get(Instance, task.instance_arn)
        return None if instance is None else (log_group(instance.name), log_stream(task.arn))

    def _put(self, task: Runnable, place: tuple[str, str], lines: Sequence[LogLine]) -> None:
        group, stream = place
        try:
            problem = self._cloud.logs_role_problem()
            if problem is None:
                self._cloud.put_logs(task.region, group, stream, lines)
            else:
                _log.info("task %s writes no log: %s", task.name, problem)
        except CloudFailureError as error:
            _log.warning("the log of task %s was not written: %s", task.name, error)


def _line(at: datetime, level: str, text: str) -> LogLine:
    return LogLine(at, f"{at:%Y-%m-%dT%H:%M:%S} [TASK_MANAGER    ]{level}:  {text}")
