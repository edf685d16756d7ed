"""Sends changes to their tables' outputs, and holds the tables' lives together.

A table's changes are held back from the moment its load is queued until the load is over. Used by
the capturing thread only.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dmslake.sandbox.dms.replication.catalog import CatalogTable, TableName
from dmslake.sandbox.dms.replication.failures import RunStoppedError, TableError, TaskError
from dmslake.sandbox.dms.replication.loads import LoadResult, Loads
from dmslake.sandbox.dms.replication.model import TableState
from dmslake.sandbox.dms.replication.run_context import RunContext
from dmslake.sandbox.dms.replication.table_output import OutputRules, TableOutput, Transaction
from dmslake.sandbox.dms.replication.tables import ReplicatedTable
from dmslake.sandbox.dms.replication.uploads import Uploads
from dmslake.sandbox.dms.replication.watching import Finding, Kind

_logger = logging.getLogger(__name__)


class Router:
    """The outputs of all tables."""

    def __init__(self, context: RunContext, loads: Loads, uploads: Uploads) -> None:
        self._context = context
        self._loads = loads
        self._uploads = uploads
        self._rules = OutputRules(
            settings=context.target, clock=context.clock, submit=uploads.submit
        )
        self._window = timedelta(seconds=context.target.batch_seconds)
        self._outputs: dict[TableName, TableOutput] = {}
        self._waiting: dict[TableName, bool] = {}

    def output_of(self, name: TableName, oid: int) -> TableOutput | None:
        """Return where the changes of a table go; None if it takes none."""
        table = self._context.tables.get(name)
        if table is None or table.source is None:
            table = self._renamed(name, oid)
        return None if table is None else self._output(table)

    def pending_lsn(self) -> int | None:
        """The commit position of the oldest change that is not in S3."""
        pending = [output.pending_lsn for output in self._outputs.values()]
        positions = [lsn for lsn in (*pending, self._uploads.oldest_lsn) if lsn is not None]
        return min(positions, default=None)

    def next_due(self) -> datetime | None:
        """Return when the next window, CdcMaxBatchInterval, is over."""
        opened = [output.opened for output in self._outputs.values()]
        first = min((moment for moment in opened if moment is not None), default=None)
        return None if first is None else first + self._window

    def close_due(self) -> None:
        """Close the files whose window is over."""
        now = self._context.clock()
        for output in self._outputs.values():
            if output.opened is not None and now - output.opened >= self._window:
                output.close_file()

    def close_all(self) -> None:
        for output in self._outputs.values():
            output.close_file()

    def discard_all(self) -> None:
        for output in self._outputs.values():
            output.discard()

    def load(self, table: ReplicatedTable, *, as_inserts: bool) -> None:
        """Load a table once its earlier files are stored; hold back its changes until then."""
        table.state = TableState.BEFORE_LOAD
        table.snapshot = None
        self._output(table).hold()
        self._waiting[table.name] = as_inserts

    def reload(self, name: TableName) -> None:
        """Load a table again, from row one; one that waits for its load anyway just has it."""
        table = self._context.tables.get(name)
        if table is not None and table.source is not None and not table.waits_for_load:
            table.reloaded = True
            self.load(table, as_inserts=False)

    def begin_loads(self) -> None:
        """Begin the loads whose tables have nothing left to store."""
        tables = [self._context.tables.get(name) for name in self._waiting]
        ready = [table for table in tables if table and not self._uploads.concerns(table)]
        inserts = [table for table in ready if self._waiting.pop(table.name)]
        self._loads.begin(table for table in ready if table not in inserts)
        for table in inserts:
            self._loads.begin_as_inserts(table)

    def load_ended(self, result: LoadResult) -> None:
        """Release what was held back for a load, or suspend its table.

        Raises:
            TaskError: the failure is not the table's alone, or TableErrorPolicy is STOP_TASK.
        """
        table = result.table
        if result.error is None:
            table.finish_load(result.snapshot, self._context.clock())
            if not self._context.task.stop_before_cached_changes:
                self._output(table).release()
        elif isinstance(result.error, TableError):
            self.suspend(table, str(result.error))
        elif not isinstance(result.error, RunStoppedError):
            raise result.error

    def suspend(self, table: ReplicatedTable, error: str) -> None:
        """Put a table into error: it produces no more files.

        Raises:
            TaskError: TableErrorPolicy is STOP_TASK.
        """
        _logger.error("table %s is suspended: %s", table.name, error)
        table.fail(error, self._context.clock())
        self._output(table).suspend()
        if self._context.task.table_error_stops_task:
            raise TaskError(f"table {table.name} is in error", why=error)

    def take_effect(self, finding: Finding) -> None:
        """Apply what was found in the catalog, now that the stream has come to its position."""
        table = self._context.tables.get(finding.name)
        if finding.kind is not Kind.CREATED and table is not None:
            self._dropped(table, finding)
        if finding.source is not None:
            self._created(finding.source, finding)

    def _created(self, source: CatalogTable, finding: Finding) -> None:
        table = self._context.tables.get(finding.name)
        if table is None:
            table = self._register(finding.name, source)
        table.source = source
        table.settled_after = finding.settled_after
        if finding.error:
            self.suspend(table, finding.error)
        else:
            self.load(table, as_inserts=True)

    def _dropped(self, table: ReplicatedTable, finding: Finding) -> None:
        table.ddls += 1
        table.state = TableState.ABSENT
        table.source = None
        table.snapshot = None
        if self._context.task.follows_drop:
            self._output(table).empty(Transaction(0, finding.lsn, ""))

    def _renamed(self, name: TableName, oid: int) -> ReplicatedTable | None:
        """Register the new name of a known table, if the task takes that too."""
        old = self._context.tables.by_oid(oid)
        if old is None or old.source is None:
            return None
        if not self._context.selection.takes(name.schema, name.table):
            return None
        table = self._register(name, old.source.renamed(name))
        table.state = TableState.COMPLETED
        table.snapshot = old.snapshot
        if old.state is TableState.ERROR:
            table.fail(old.error, self._context.clock())
            self._output(table).suspend()
        old.source = None
        old.state = TableState.ABSENT
        return table

    def _register(self, name: TableName, source: CatalogTable) -> ReplicatedTable:
        order = self._context.selection.load_order(name.schema, name.table)
        table = ReplicatedTable(name=name, source=source, load_order=order)
        self._context.tables.add(table)
        return table

    def _output(self, table: ReplicatedTable) -> TableOutput:
        output = self._outputs.get(table.name)
        if output is None or output.table is not table:
            output = self._outputs[table.name] = TableOutput(table, self._rules)
        return output
