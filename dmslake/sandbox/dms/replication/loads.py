"""Runs full loads: several tables at once, in load order, each until it works or cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import psycopg2

from dmslake.errors import DmslakeError
from dmslake.sandbox.dms.replication.failures import (
    ConnectionFailure,
    RunStoppedError,
)
from dmslake.sandbox.dms.replication.full_load import LoadRules, TableLoad
from dmslake.sandbox.dms.replication.retrying import Patience
from dmslake.sandbox.dms.replication.snapshots import Snapshot
from dmslake.sandbox.dms.replication.spool import Spool
from dmslake.sandbox.dms.replication.staging import Staging, TransientS3Error
from dmslake.sandbox.dms.replication.tables import ReplicatedTable
from dmslake.sandbox.dms.replication.uploads import FileNames

_CANCEL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """How a load ended: with a snapshot, or with an error."""

    table: ReplicatedTable
    snapshot: Snapshot | None = None
    error: DmslakeError | None = None


class Loads:
    """The loads of a run. `wake` is called whenever `results` has something new."""

    def __init__(self, rules: LoadRules, staging: Staging, wake: Callable[[], None]) -> None:
        self._rules = rules
        self._staging = staging
        self._wake = wake
        self._names = FileNames(staging)
        self._futures: list[Future[LoadResult]] = []
        self._lock = threading.Lock()
        self._running: set[TableLoad] = set()
        self._pool = ThreadPoolExecutor(rules.task.parallel_tables, "dms-load")

    def begin(self, tables: Iterable[ReplicatedTable]) -> None:
        """Queue full loads: the highest load order first, then by name."""
        ordered = sorted(tables, key=lambda t: (-t.load_order, t.name.schema, t.name.table))
        for table in ordered:
            self._submit(table, as_inserts=False)

    def begin_as_inserts(self, table: ReplicatedTable) -> None:
        """Queue the rows of a table that came into being during the run, as change files."""
        self._submit(table, as_inserts=True)

    def results(self) -> list[LoadResult]:
        """Return what has ended since the last call; an error that nobody foresaw is raised."""
        ended = [future for future in self._futures if future.done()]
        self._futures = [future for future in self._futures if future not in ended]
        return [future.result() for future in ended]

    def stop(self) -> None:
        """End what runs and drop what waits; the run's `stopping` event must be set."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Again and again: a load that is just connecting has nothing yet that could be cancelled.
        while unfinished := [future for future in self._futures if not future.done()]:
            with self._lock:
                running = tuple(self._running)
            for load in running:
                load.cancel()
            wait(unfinished, _CANCEL_SECONDS)

    def _submit(self, table: ReplicatedTable, *, as_inserts: bool) -> None:
        future = self._pool.submit(self._load, table, as_inserts=as_inserts)
        self._futures.append(future)
        future.add_done_callback(lambda _: self._wake())

    def _load(self, table: ReplicatedTable, *, as_inserts: bool) -> LoadResult:
        table.begin_load(self._rules.clock())
        try:
            snapshot = self._insist(table, as_inserts=as_inserts)
        except DmslakeError as error:
            return LoadResult(table=table, error=error)
        return LoadResult(table=table, snapshot=snapshot)

    def _insist(self, table: ReplicatedTable, *, as_inserts: bool) -> Snapshot:
        patience = Patience(self._rules.task.recoverable_errors, self._rules.stopping)
        if self._rules.task.empties_folder and not as_inserts:
            patience.insist(lambda: self._staging.empty_folder(table.name), TransientS3Error)
        while True:
            table.full_load_rows = 0
            load = TableLoad(self._rules, table, as_inserts=as_inserts)
            try:
                return self._run(load, table, patience, as_inserts=as_inserts)
            except (psycopg2.Error, ConnectionFailure) as error:
                patience.pause(error)

    def _run(
        self, load: TableLoad, table: ReplicatedTable, patience: Patience, *, as_inserts: bool
    ) -> Snapshot:
        def store(number: int, spool: Spool) -> None:
            key = self._staging.load_key(table.name, number)
            if as_inserts:
                key = self._names.key(table, self._rules.clock())
            content = spool.finish()
            patience.insist(lambda: self._staging.put(key, content), TransientS3Error)

        if self._rules.stopping.is_set():
            raise RunStoppedError(f"the load of {table.name} was stopped")
        with self._lock:
            self._running.add(load)
        try:
            snapshot = load.run(store)
        finally:
            with self._lock:
                self._running.discard(load)
        if as_inserts:
            table.inserts, table.full_load_rows = table.inserts + table.full_load_rows, 0
        return snapshot
