"""Gets a run ready: the tables it takes, their publications, and the slot."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.catalog import CatalogTable, TableName
from dmslake.sandbox.dms.replication.failures import RunStoppedError, TableError, TaskError
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    MigrationType,
    Start,
    TableCheckpoint,
    TableState,
)
from dmslake.sandbox.dms.replication.publications import (
    Publications,
    Slot,
    advance,
    create_slot,
    find_slot,
    release_slot,
)
from dmslake.sandbox.dms.replication.run_context import RunContext
from dmslake.sandbox.dms.replication.selection import read_selection
from dmslake.sandbox.dms.replication.stream import lsn_text
from dmslake.sandbox.dms.replication.tables import ReplicatedTable
from dmslake.sandbox.dms.replication.watching import (
    current_position,
    selected_tables,
    settled_after,
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run begins with: where changes start, and the tables to load first.

    `to_insert` came into being while a task without full load was stopped: their rows are written
    as inserts.
    """

    position: int = 0
    to_load: list[ReplicatedTable] = field(default_factory=list)
    to_insert: list[ReplicatedTable] = field(default_factory=list)


class Preparation:
    """Prepares the source and the tables for one run."""

    def __init__(self, context: RunContext, job: Job) -> None:
        start, checkpoint, mappings = job.start, job.checkpoint, job.mappings_of_last_run
        self._context = context
        self._start = start
        self._start_position = job.start_position
        self._last_selection = None if mappings is None else read_selection(mappings)
        self._saved = self._by_name(checkpoint) if start is Start.RESUME else {}
        self._starts_over = start is not Start.RESUME
        # A run that failed before it had a slot leaves a checkpoint without a position.
        self._is_first = self._starts_over or checkpoint is None or not checkpoint.lsn

    def run(self) -> Prepared:
        """Prepare everything; waits for open transactions where a slot is made.

        Raises:
            TaskError: the source cannot be replicated, or no table is selected.
            ConnectionFailure: the source cannot be reached.
        """
        connection = self._context.session()
        self._register_tables(connection)
        if self._context.migration_type is MigrationType.FULL_LOAD:
            return Prepared(to_load=self._unfinished())
        position = self._prepare_capture(connection)
        unfinished = self._unfinished()
        if self._context.migration_type is MigrationType.FULL_LOAD_AND_CDC:
            return Prepared(position=position, to_load=unfinished)
        if self._is_first:
            for table in unfinished:
                table.state = TableState.COMPLETED
            return Prepared(position=position)
        new = [table for table in unfinished if self._is_newly_mapped(table)]
        for table in new:
            table.state = TableState.COMPLETED
        return Prepared(position=position, to_insert=[t for t in unfinished if t not in new])

    def _register_tables(self, connection: Connection) -> None:
        selection = self._context.selection
        sources = {table.name: table for table in selected_tables(connection, selection)}
        if not sources and self._context.task.fails_without_tables:
            raise TaskError(
                "no tables were found",
                why="no table matches the selection rules, or the account may not see it",
                fix="check schema and table names; they are case sensitive",
            )
        for name, source in sources.items():
            self._register(name, source)
        for schema, name_only in selection.named_tables():
            name = TableName(schema=schema, table=name_only)
            if name not in sources:
                self._register(name, None)

    def _register(self, name: TableName, source: CatalogTable | None) -> None:
        order = self._context.selection.load_order(name.schema, name.table)
        table = ReplicatedTable(name=name, source=source, load_order=order)
        table.reloaded = self._start is Start.RELOAD
        if source is None:
            table.state = TableState.ABSENT
        elif name in self._saved:
            table.restore(self._saved[name])
        self._context.tables.add(table)

    def _prepare_capture(self, connection: Connection) -> int:
        slot_name = self._context.slot
        own_slot = self._context.source.slot_name is None
        if own_slot:
            release_slot(connection, slot_name)
        slot = find_slot(connection, slot_name)
        publications = Publications(connection, self._context.names)
        are_new = publications.create()
        has_added = self._publish(publications)
        if slot is None or (own_slot and self._starts_over):
            return self._new_slot(connection, exists=slot is not None, own=own_slot)
        if slot.is_lost:
            raise TaskError(
                f"replication slot {slot_name!r} has lost changes",
                why="the source removed WAL that it needed (max_slot_wal_keep_size)",
                fix="reload the task",
            )
        position = slot.confirmed
        if self._is_first and self._start_position is not None:
            position = self._begin_at(
                connection, slot, self._start_position, is_published=not (are_new or has_added)
            )
        elif are_new:
            # The plugin cannot decode what is older than its publications.
            advance(connection, slot_name, current_position(connection))
        settled = settled_after(connection)
        for table in self._unfinished():
            table.settled_after = settled
        return position

    def _begin_at(
        self, connection: Connection, slot: Slot, position: int, *, is_published: bool
    ) -> int:
        """Move the user's slot to where changes are to begin; return that position."""
        now = current_position(connection)
        names = self._context.names
        if not slot.confirmed <= position <= now:
            raise TaskError(
                f"changes cannot be captured from {lsn_text(position)}",
                why=f"slot {names.slot!r} has those from {lsn_text(slot.confirmed)} to "
                f"{lsn_text(now)}",
                fix="give a position in that range, or a slot that is older",
            )
        if not is_published and not slot.nothing_since:
            raise TaskError(
                f"changes cannot be captured from {lsn_text(position)}",
                why="the selected tables were not published at that position",
                fix="publish them before the slot is made: tables with a primary key in "
                f"{names.everything}, others (insert, truncate) in {names.inserts}",
            )
        # Where nothing was written since, what is skipped is this task's own publications.
        begin = position if is_published else now
        advance(connection, names.slot, begin)
        return begin

    def _publish(self, publications: Publications) -> bool:
        """Publish the tables of the task and no others; tell whether one was not published."""
        oids, has_added = set(), False
        for table in self._context.tables.all():
            if table.source is None:
                continue
            oids.add(table.source.oid)
            try:
                has_added = publications.place(table.source) or has_added
            except TableError as error:
                table.fail(str(error), self._context.clock())
                if self._context.task.table_error_stops_task:
                    raise TaskError(f"table {table.name} is in error", why=str(error)) from error
            if self._context.stopping.is_set():
                raise RunStoppedError("stopped before it began")
        publications.keep_only(oids)
        return has_added

    def _is_newly_mapped(self, table: ReplicatedTable) -> bool:
        last = self._last_selection
        return last is not None and not last.takes(table.name.schema, table.name.table)

    def _new_slot(self, connection: Connection, *, exists: bool, own: bool) -> int:
        name = self._context.slot
        if not own:
            raise TaskError(
                f"there is no replication slot {name!r}",
                fix="create it with the plugin pgoutput, or leave SlotName out",
            )
        if not self._is_first:
            raise TaskError(
                f"replication slot {name!r} is gone, and with it the changes since the last run",
                fix="reload the task",
            )
        if exists:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        return create_slot(connection, name, self._context.task.consistency_seconds)

    def _unfinished(self) -> list[ReplicatedTable]:
        return [t for t in self._context.tables.all() if t.state is TableState.BEFORE_LOAD]

    @staticmethod
    def _by_name(checkpoint: Checkpoint | None) -> dict[TableName, TableCheckpoint]:
        return {
            TableName(schema=table.statistics.schema, table=table.statistics.table): table
            for table in (checkpoint.tables if checkpoint else ())
        }
