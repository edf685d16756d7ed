"""One observation of a pipeline. Data only; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """The replication task, in DMS's own words (`status`, `stop_reason`).

    `loads` is False for a task that captures changes only: it has no full load to be at.
    """

    name: str
    status: str
    loads: bool = True
    stop_reason: str = ""
    failure: str = ""
    full_load_percent: int = 0
    tables_loaded: int = 0
    tables_loading: int = 0
    tables_queued: int = 0
    tables_errored: int = 0
    started: datetime | None = None
    full_load_finished: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TableState:
    """One table: rows loaded, changes since, and the newest partition in the lake.

    `newest_partition` is None when nothing is there, empty when the layout has no partitions.
    """

    schema: str
    table: str
    state: str
    full_load_rows: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    newest_partition: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """An event that Lambda gave up on: the objects in it and the error."""

    objects: tuple[str, ...]
    error: str


@dataclass(frozen=True, kw_only=True)
class LoaderState:
    """The function: whether it is there, what it did in the last hour, what it gave up on."""

    exists: bool
    invocations: int = 0
    errors: int = 0
    recent_failures: tuple[str, ...] = ()
    dead_letters: int = 0
    examples: tuple[DeadLetter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that `status` shows; `task` is None when there is no pipeline.

    `connections` are the failed or missing connection tests: endpoint to reason.
    """

    pipeline: str
    at: datetime
    task: TaskState | None
    tables: tuple[TableState, ...] = ()
    loader: LoaderState = field(default_factory=lambda: LoaderState(exists=False))
    connections: Mapping[str, str] = field(default_factory=dict)
