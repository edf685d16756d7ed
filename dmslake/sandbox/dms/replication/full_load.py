"""Loads one table: its rows at one moment, as files.

The files go to S3 while the rows come in; a load that ends early leaves files behind, which the
next one overwrites or, by TargetTablePrepMode, removes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication import snapshots
from dmslake.sandbox.dms.replication.catalog import CatalogTable, Column, read_definition
from dmslake.sandbox.dms.replication.connections import (
    cancel,
    connect,
    is_lost_connection,
    reason,
)
from dmslake.sandbox.dms.replication.failures import RunStoppedError, TableError
from dmslake.sandbox.dms.replication.load_files import FramedHere, LoadFiles, RowStart, Store
from dmslake.sandbox.dms.replication.load_query import LoadQuery
from dmslake.sandbox.dms.replication.model import SourceDatabase
from dmslake.sandbox.dms.replication.rendering import LobLimit
from dmslake.sandbox.dms.replication.row_shape import header, written_columns
from dmslake.sandbox.dms.replication.snapshots import Snapshot, read_snapshot
from dmslake.sandbox.dms.replication.tables import ReplicatedTable
from dmslake.sandbox.dms.replication.target_settings import TargetSettings
from dmslake.sandbox.dms.replication.task_settings import TaskSettings

_logger = logging.getLogger(__name__)
_SETTLE_POLL_SECONDS = 0.1
_SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8 >= %s"


@dataclass(frozen=True, kw_only=True)
class LoadRules:
    """What all loads of a run share; `task_start` is when the run began."""

    source: SourceDatabase
    target: TargetSettings
    task: TaskSettings
    clock: Callable[[], datetime]
    task_start: datetime
    stopping: threading.Event


class TableLoad:
    """One load of one table. `as_inserts` gives rows the shape of captured inserts."""

    def __init__(self, rules: LoadRules, table: ReplicatedTable, *, as_inserts: bool) -> None:
        self._rules = rules
        self._table = table
        self._as_inserts = as_inserts
        self._connection: Connection | None = None

    def run(self, store: Store) -> Snapshot:
        """Read the table and hand its files to `store`; return the snapshot that was read.

        Raises:
            TableError: the table cannot be read; the database's own reason.
            RunStoppedError: the run is stopping.
            psycopg2.Error: the connection broke; the load may be tried again from row one.
            ConnectionFailure: likewise, at its start.
        """
        self._connection = connect(self._rules.source)
        try:
            return self._read(self._connection, store)
        except psycopg2.Error as error:
            if is_lost_connection(error):
                raise
            if self._rules.stopping.is_set():
                raise RunStoppedError(f"the load of {self._table.name} was stopped") from error
            denied = isinstance(error, errors.InsufficientPrivilege)
            raise TableError(
                f"{self._table.name} cannot be loaded",
                why=reason(error),
                fix="grant SELECT on the table and USAGE on its schema" if denied else "",
            ) from error
        finally:
            self._connection.close()
            self._connection = None

    def cancel(self) -> None:
        """Make a `run` in another thread end soon."""
        cancel(self._connection)

    def _read(self, connection: Connection, store: Store) -> Snapshot:
        self._await_older_transactions(connection)
        source = self._table.source
        assert source is not None  # noqa: S101  # only tables that exist are loaded
        connection.autocommit = False
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute(snapshots.QUERY)
            text, lsn = cursor.fetchone() or ("", 0)
            columns = self._columns(connection, source)
            query = self._query(connection, source, columns)
            files = LoadFiles(
                self._rules.target,
                self._header(columns),
                self._row_start(),
                store,
                self._count,
            )
            framing = self._rules.target.framing
            sink = files if query.framed_by_server else FramedHere(files, framing)
            try:
                cursor.copy_expert(query.copy(), sink)
                files.finish()
            finally:
                files.abandon()
            self._count_cut_values(connection, query, files.longest_row)
        connection.rollback()
        return read_snapshot(text, lsn)

    def _await_older_transactions(self, connection: Connection) -> None:
        # A transaction older than the table's publication has changes that were not published, so
        # its outcome must be in the snapshot.
        while self._table.settled_after:
            with connection.cursor() as cursor:
                cursor.execute(_SETTLED, (self._table.settled_after,))
                (settled,) = cursor.fetchone() or (False,)
            if settled:
                return
            if self._rules.stopping.wait(_SETTLE_POLL_SECONDS):
                raise RunStoppedError(f"the load of {self._table.name} was stopped")

    def _columns(self, connection: Connection, source: CatalogTable) -> tuple[Column, ...]:
        definition = read_definition(connection, source.oid)
        columns = written_columns(definition, supports_lobs=self._rules.task.supports_lobs)
        if not columns:
            raise TableError(
                f"{self._table.name} has no columns that can be replicated",
                why="LOB columns need a primary key or a unique index, and SupportLobs",
            )
        return columns

    def _query(
        self, connection: Connection, source: CatalogTable, columns: Sequence[Column]
    ) -> LoadQuery:
        return LoadQuery(
            table=source,
            columns=columns,
            framing=self._rules.target.framing,
            lobs=LobLimit(self._rules.task.lob_bytes),
            utf8=server_is_utf8(connection),
        )

    def _row_start(self) -> RowStart:
        target = self._rules.target
        time: Callable[[], datetime] | datetime | None = None
        if target.timestamp_column and self._as_inserts:
            time = self._rules.clock()
        elif target.timestamp_column:
            fixed = target.task_start_as_timestamp
            time = self._rules.task_start if fixed else self._rules.clock
        return RowStart(target.framing, op=self._has_op, time=time)

    def _count(self, rows: int) -> None:
        self._table.full_load_rows += rows
        if self._rules.stopping.is_set():
            raise RunStoppedError(f"the load of {self._table.name} was stopped")

    @property
    def _has_op(self) -> bool:
        target = self._rules.target
        return target.op_in_changes if self._as_inserts else target.op_in_load

    def _header(self, columns: Sequence[Column]) -> bytes:
        return header(columns, self._rules.target, op=self._has_op)

    def _count_cut_values(self, connection: Connection, query: LoadQuery, longest: int) -> None:
        # No cut value makes a row shorter than the limit in characters: most loads need no count.
        if longest < min(self._rules.task.lob_bytes // 2, 8000) or not query.count_cut():
            return
        with connection.cursor() as cursor:
            cursor.execute(query.count_cut())
            (count,) = cursor.fetchone() or (0,)
        if count:
            name = self._table.name
            _logger.warning("%d values of %s are longer than LobMaxSize and were cut", count, name)
        self._table.truncated_lobs += int(count)


def server_is_utf8(connection: Connection) -> bool:
    """Tell whether the database's encoding is UTF-8."""
    return connection.get_parameter_status("server_encoding") == "UTF8"
