"""One observation of a pipeline. Data only; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """The replication task, in DMS's own words (`status`, `stop_reason`).

    `loads` is False for a task that captures changes only: it has no full load to be at;
    `captures` is False for one that ends with the full load.
    """

    name: str
    status: str
    loads: bool = True
    captures: bool = True
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
class TaskLog:
    """Where the task writes its log; `missing` is ``group`` or ``stream``, or empty."""

    group: str
    stream: str
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How far the changes are behind, in seconds; None for what DMS does not say."""

    source_s: float | None = None
    target_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class TableState:
    """One table: rows loaded, changes since, and the newest partition in the lake.

    `newest_partition` is None when nothing is there, empty when the layout does not tell.
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
    """The function: whether it is there, what it did in the last hour, what it gave up on.

    None where it may not be read. `last_success` is the beginning of the last minute in which an
    invocation did not fail, `last_failure` the time of the last failure, both of this hour.
    """

    exists: bool | None
    invocations: int | None = 0
    errors: int | None = 0
    recent_failures: tuple[str, ...] = ()
    last_failure: datetime | None = None
    last_success: datetime | None = None
    dead_letters: int | None = 0
    examples: tuple[DeadLetter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A part that the identity may not read; `vital` when the verdict cannot do without it."""

    part: str
    why: str
    fix: str
    vital: bool = False


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that `status` shows; `task` is None when there is no pipeline.

    `connections` are the failed or missing connection tests: endpoint to reason. `log` is None
    where there need not be one (yet), `latency` where DMS publishes none.
    """

    pipeline: str
    at: datetime
    task: TaskState | None
    log: TaskLog | None = None
    latency: Latency | None = None
    tables: tuple[TableState, ...] = ()
    loader: LoaderState = field(default_factory=lambda: LoaderState(exists=False))
    connections: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
