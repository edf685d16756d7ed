"""What a replication is told, what it remembers between runs, and what it reports.

Plain data: nothing here connects to anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto


@dataclass(frozen=True, kw_only=True)
class SourceDatabase:
    """A PostgreSQL database and the account that replicates from it.

    `ssl_mode` is DMS's word: "none", "require", ... and `certificate` the PEM chain that verify-ca
    and verify-full trust. `slot_name` names a `pgoutput` slot that the user made and keeps; without
    it the task has its own.
    """

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    ssl_mode: str = "none"
    slot_name: str | None = None
    certificate: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class StagingTarget:
    """Where the files go; `settings` holds botocore's `S3Settings` members."""

    bucket: str
    folder: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


class MigrationType(StrEnum):
    """DMS's migration types."""

    FULL_LOAD = "full-load"
    CDC = "cdc"
    FULL_LOAD_AND_CDC = "full-load-and-cdc"


class Start(Enum):
    """How a run begins: from scratch, where the last one stopped, or with every table again."""

    FRESH = auto()
    RESUME = auto()
    RELOAD = auto()


class TableState(StrEnum):
    """`TableState` of DescribeTableStatistics."""

    BEFORE_LOAD = "Before load"
    FULL_LOAD = "Full load"
    COMPLETED = "Table completed"
    CANCELLED = "Table cancelled"
    ERROR = "Table error"
    RELOADING = "Table is being reloaded"
    ABSENT = "Table does not exist"


class StopReason(StrEnum):
    """Why a run ended, as in `StopReason` of DescribeReplicationTasks, without its prefix."""

    FULL_LOAD_ONLY_FINISHED = "FULL_LOAD_ONLY_FINISHED"
    STOPPED_AFTER_FULL_LOAD = "STOPPED_AFTER_FULL_LOAD"
    STOPPED_AFTER_CACHED_EVENTS = "STOPPED_AFTER_CACHED_EVENTS"
    NORMAL = "NORMAL"
    RECOVERABLE_ERROR = "RECOVERABLE_ERROR"
    FATAL_ERROR = "FATAL_ERROR"


@dataclass(frozen=True, kw_only=True)
class TableStatistics:
    """One table's line of DescribeTableStatistics.

    `inserts`, `updates` and `deletes` count changes written to files, `full_load_rows` rows of the
    load, `truncated_lobs` values that were cut at LobMaxSize.
    """

    schema: str
    table: str
    state: TableState = TableState.BEFORE_LOAD
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    ddls: int = 0
    full_load_rows: int = 0
    full_load_started: datetime | None = None
    full_load_ended: datetime | None = None
    last_update: datetime | None = None
    reloaded: bool = False
    truncated_lobs: int = 0
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The counts of `ReplicationTaskStats`; `percent` is of the full load, 0 to 100."""

    percent: int
    tables_loaded: int
    tables_loading: int
    tables_queued: int
    tables_errored: int


@dataclass(frozen=True, kw_only=True)
class TableCheckpoint:
    """What a later run must know of a table.

    `snapshot` (`pg_snapshot` text) and `snapshot_lsn` say which changes its load already shows;
    a table without a snapshot was not loaded. `last_stamp` is the time in the newest file name.
    """

    statistics: TableStatistics
    snapshot: str = ""
    snapshot_lsn: int = 0
    last_stamp: str = ""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far a task has come: everything before `lsn` is in S3."""

    lsn: int = 0
    tables: tuple[TableCheckpoint, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the checkpoint as JSON values; `from_dict` is the inverse."""
        return {"version": 1, "lsn": self.lsn, "tables": [_table_to_dict(t) for t in self.tables]}

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Checkpoint:
        """Read what `to_dict` made.

        Raises:
            ValueError: the value is not a checkpoint of this version.
        """
        tables = value.get("tables")
        lsn = value.get("lsn")
        if value.get("version") != 1 or not isinstance(tables, list) or not isinstance(lsn, int):
            raise ValueError("not a replication checkpoint of version 1")
        return cls(lsn=lsn, tables=tuple(_table_from_dict(table) for table in tables))


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a task.

    `task_id` (lower-case letters and digits) names the slot and the publications; `mappings` is the
    parsed table-mapping document; `settings` are DMS task settings, whose gaps are filled with the
    service's defaults. `mappings_of_last_run` tells which tables are new to the task. A first run
    without a full load begins at `start_position` of the user's slot, if one is given.
    """

    task_id: str
    source: SourceDatabase
    target: StagingTarget
    mappings: Mapping[str, object]
    migration_type: str
    settings: Mapping[str, object] = field(default_factory=dict)
    start: Start = Start.FRESH
    checkpoint: Checkpoint | None = None
    mappings_of_last_run: Mapping[str, object] | None = None
    start_position: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended; `failure` is the reason in words, None after a success."""

    stop_reason: StopReason
    failure: str | None = None


_TIMES = ("full_load_started", "full_load_ended", "last_update")


def _table_to_dict(table: TableCheckpoint) -> dict[str, object]:
    statistics = dict(vars(table.statistics))
    for name in _TIMES:
        moment = statistics[name]
        statistics[name] = moment.isoformat() if isinstance(moment, datetime) else None
    return {**vars(table), "statistics": statistics}


def _table_from_dict(value: Mapping[str, object]) -> TableCheckpoint:
    raw = value["statistics"]
    if not isinstance(raw, Mapping):
        raise TypeError("a table checkpoint has no statistics")
    statistics = {**raw, "state": TableState(raw["state"])}
    for name in _TIMES:
        statistics[name] = datetime.fromisoformat(raw[name]) if raw[name] else None
    fields = {**value, "statistics": TableStatistics(**statistics)}
    return TableCheckpoint(**fields)  # type: ignore[arg-type]  # dataclass fields, checked by it
