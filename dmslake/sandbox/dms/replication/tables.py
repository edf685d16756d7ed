"""The tables of a run: their states and counters, shared by the threads that load and capture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from dmslake.sandbox.dms.replication.catalog import CatalogTable, TableName
from dmslake.sandbox.dms.replication.model import (
    Progress,
    TableCheckpoint,
    TableState,
    TableStatistics,
)
from dmslake.sandbox.dms.replication.snapshots import Snapshot, read_snapshot

_LOADING = frozenset({TableState.FULL_LOAD, TableState.RELOADING})
_PERCENT_WHILE_LOADING = 99


@dataclass(kw_only=True)
class ReplicatedTable:
    """A table and what has become of it.

    Counters are written by one thread at a time: the loader's until the load is over, then the one
    that captures changes. `source` is None for a table that does not exist.
    """

    name: TableName
    source: CatalogTable | None
    load_order: int = -1
    state: TableState = TableState.BEFORE_LOAD
    snapshot: Snapshot | None = None
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
    last_stamp: str = ""
    settled_after: int = 0

    @property
    def is_loading(self) -> bool:
        return self.state in _LOADING

    @property
    def waits_for_load(self) -> bool:
        return self.state is TableState.BEFORE_LOAD or self.is_loading

    def count(self, operation: str) -> None:
        """Count one change (I, U or D) that goes to a file."""
        if operation == "I":
            self.inserts += 1
        elif operation == "U":
            self.updates += 1
        else:
            self.deletes += 1

    def fail(self, error: str, at: datetime) -> None:
        """Suspend the table: it produces no more files in this run."""
        self.state = TableState.ERROR
        self.error = error
        self.last_update = at

    def begin_load(self, at: datetime) -> None:
        self.state = TableState.RELOADING if self.reloaded else TableState.FULL_LOAD
        self.full_load_started = self.last_update = at
        self.full_load_ended = None
        self.full_load_rows = 0

    def finish_load(self, snapshot: Snapshot | None, at: datetime) -> None:
        self.snapshot = snapshot
        self.state = TableState.COMPLETED
        self.full_load_ended = self.last_update = at

    def statistics(self) -> TableStatistics:
        """Return the table's counters as they are now."""
        return TableStatistics(
            schema=self.name.schema,
            table=self.name.table,
            state=self.state,
            inserts=self.inserts,
            updates=self.updates,
            deletes=self.deletes,
            ddls=self.ddls,
            full_load_rows=self.full_load_rows,
            full_load_started=self.full_load_started,
            full_load_ended=self.full_load_ended,
            last_update=self.last_update,
            reloaded=self.reloaded,
            truncated_lobs=self.truncated_lobs,
            error=self.error,
        )

    def checkpoint(self) -> TableCheckpoint:
        """Return what a later run must know."""
        return TableCheckpoint(
            statistics=self.statistics(),
            snapshot=str(self.snapshot) if self.snapshot else "",
            snapshot_lsn=self.snapshot.lsn if self.snapshot else 0,
            last_stamp=self.last_stamp,
        )

    def restore(self, saved: TableCheckpoint) -> None:
        """Go on from an earlier run; a load that was not finished begins again from row one."""
        statistics = saved.statistics
        for name, value in vars(statistics).items():
            if name not in {"schema", "table"}:
                setattr(self, name, value)
        self.last_stamp = saved.last_stamp
        if saved.snapshot:
            self.snapshot = read_snapshot(saved.snapshot, saved.snapshot_lsn)
        if statistics.state is not TableState.COMPLETED:
            self.state = TableState.BEFORE_LOAD
            self.snapshot = None
            self.error = ""


class Tables:
    """Every table of a run, by name; safe to read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[TableName, ReplicatedTable] = {}

    def add(self, table: ReplicatedTable) -> None:
        with self._lock:
            self._tables[table.name] = table

    def get(self, name: TableName) -> ReplicatedTable | None:
        with self._lock:
            return self._tables.get(name)

    def all(self) -> tuple[ReplicatedTable, ...]:
        with self._lock:
            return tuple(self._tables.values())

    def by_oid(self, oid: int) -> ReplicatedTable | None:
        matching = (table for table in self.all() if table.source and table.source.oid == oid)
        return next(matching, None)

    def statistics(self) -> tuple[TableStatistics, ...]:
        return tuple(table.statistics() for table in self.all())

    def checkpoints(self) -> tuple[TableCheckpoint, ...]:
        return tuple(table.checkpoint() for table in self.all())

    def progress(self) -> Progress:
        """Return the counts of the full load; `percent` weighs tables by their estimated rows."""
        tables = self.all()
        return Progress(
            percent=_percent(tables),
            tables_loaded=_count(tables, lambda table: table.state is TableState.COMPLETED),
            tables_loading=_count(tables, lambda table: table.is_loading),
            tables_queued=_count(tables, lambda table: table.state is TableState.BEFORE_LOAD),
            tables_errored=_count(tables, lambda table: table.state is TableState.ERROR),
        )


def _count(tables: Iterable[ReplicatedTable], matches: Callable[[ReplicatedTable], bool]) -> int:
    return sum(1 for table in tables if matches(table))


def _percent(tables: Iterable[ReplicatedTable]) -> int:
    expected = loaded = 0
    unfinished = False
    for table in tables:
        rows = max(1, table.source.estimated_rows if table.source else 1)
        expected += rows
        unfinished = unfinished or table.waits_for_load
        loaded += min(rows, table.full_load_rows) if table.waits_for_load else rows
    percent = 100 * loaded // expected if expected else 0
    return min(percent, _PERCENT_WHILE_LOADING) if unfinished else percent
