"""Applies decoded changes: each row goes to the output of its table, rendered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication import catalog, pgoutput
from dmslake.sandbox.dms.replication.catalog import Column, TableDefinition, TableName
from dmslake.sandbox.dms.replication.change_rows import (
    ChangeRows,
    ChangeShape,
    change_shape,
    frozen_shape,
)
from dmslake.sandbox.dms.replication.data_types import DataType
from dmslake.sandbox.dms.replication.full_load import server_is_utf8
from dmslake.sandbox.dms.replication.lookups import RowLookup
from dmslake.sandbox.dms.replication.pgoutput import Message, Relation
from dmslake.sandbox.dms.replication.rendering import LobLimit, Renderer, format_time
from dmslake.sandbox.dms.replication.rendering_sql import SqlRendering
from dmslake.sandbox.dms.replication.table_output import TableOutput, Transaction
from dmslake.sandbox.dms.replication.target_settings import TargetSettings
from dmslake.sandbox.dms.replication.task_settings import TaskSettings
from dmslake.sandbox.dms.replication.visibility import wait_until_visible

_logger = logging.getLogger(__name__)
_FULL_IDENTITY = "f"
_MONEY_DIGITS = "SELECT scale(0::money::numeric)"
_UNKNOWN_TYPE = DataType(name="unknown")


@dataclass(frozen=True, kw_only=True)
class ApplyRules:
    """What applying needs; `output_of` returns None for tables that take no changes."""

    session: Callable[[], Connection]
    target: TargetSettings
    task: TaskSettings
    output_of: Callable[[TableName, int], TableOutput | None]


@dataclass
class _Feed:
    """One table as the stream describes it at present."""

    output: TableOutput
    rows: ChangeRows
    renderer: Renderer


@dataclass
class _Known:
    """What is remembered of a table across feeds: its shape, and the first one of the run."""

    first: ChangeShape
    current: ChangeShape = field(init=False)

    def __post_init__(self) -> None:
        self.current = self.first


class Applier:
    """Takes the messages of a stream in their order."""

    def __init__(self, rules: ApplyRules) -> None:
        self._rules = rules
        self._kept = rules.target.kept_operations
        self._feeds: dict[int, _Feed] = {}
        self._known: dict[TableName, _Known] = {}
        self._types: dict[int, DataType] = {}
        self._transaction = Transaction(0, 0, "")
        self._is_visible = True
        self._money_digits: int | None = None

    def apply(self, message: Message) -> None:
        """Apply one message.

        Raises:
            psycopg2.Error: the session broke while something had to be looked up.
        """
        if isinstance(message, pgoutput.Insert):
            self._write("I", message.oid, message.new)
        elif isinstance(message, pgoutput.Update):
            self._write("U", message.oid, message.new, message.old)
        elif isinstance(message, pgoutput.Delete):
            self._delete(message)
        elif isinstance(message, pgoutput.Begin):
            self._transaction = Transaction(
                message.xid, message.commit_lsn, format_time(message.time)
            )
            self._is_visible = False
        elif isinstance(message, Relation):
            self._relation(message)
        elif isinstance(message, pgoutput.Truncate):
            self._truncate(message)

    def _write(
        self, operation: str, oid: int, new: pgoutput.Values, old: pgoutput.Values | None = None
    ) -> None:
        feed = self._feeds.get(oid)
        if feed is None or operation not in self._kept:
            return
        line = feed.rows.present(operation, self._transaction.time, new, old)
        feed.output.row(operation, line, self._transaction)
        if feed.renderer.cut_values:
            self._report_cut_values(feed)

    def _delete(self, message: pgoutput.Delete) -> None:
        feed = self._feeds.get(message.oid)
        if feed is not None and "D" in self._kept:
            line = feed.rows.absent(self._transaction.time, message.old)
            feed.output.row("D", line, self._transaction)

    def _truncate(self, message: pgoutput.Truncate) -> None:
        for oid in message.oids:
            feed = self._feeds.get(oid)
            if feed is not None:
                feed.output.table.ddls += 1
                if self._rules.task.follows_truncate:
                    feed.output.empty(self._transaction)

    def _relation(self, message: Relation) -> None:
        name = TableName(schema=message.schema, table=message.table)
        output = self._rules.output_of(name, message.oid)
        if output is None:
            self._feeds.pop(message.oid, None)
            return
        shape = self._shape(message)
        if not shape.columns:
            _logger.warning("table %s has no columns that can be replicated", name)
            return
        known = self._known.get(name)
        is_first = known is None
        known = known or self._known.setdefault(name, _Known(shape))
        if not self._rules.task.follows_alter:
            shape = frozen_shape(shape, known.first)
        renderer = Renderer(LobLimit(self._rules.task.lob_bytes), self._digits_of_money(shape))
        rows = ChangeRows(name, shape, self._rules.target, renderer, self._lookup())
        # The same shape is sent again after a reconnection, or an ANALYZE.
        if is_first or shape != known.current:
            output.reshape(rows.header, self._transaction)
            output.table.ddls += not is_first
        known.current = shape
        self._feeds[message.oid] = _Feed(output, rows, renderer)

    def _shape(self, message: Relation) -> ChangeShape:
        session = self._session()
        self._learn_types(session, message)
        definition = catalog.read_definition(session, message.oid)
        if not definition.columns and message.identity != _FULL_IDENTITY:
            # The table is gone by now; its identity was its key.
            key = tuple(column.name for column in message.columns if column.is_identity)
            definition = TableDefinition(columns=(), key=key)
        sent = [
            Column(
                name=column.name,
                data_type=catalog.with_typmod(self._types[column.type_oid], column.typmod),
            )
            for column in message.columns
        ]
        return change_shape(sent, definition, supports_lobs=self._rules.task.supports_lobs)

    def _learn_types(self, session: Connection, message: Relation) -> None:
        oids = [c.type_oid for c in message.columns if c.type_oid not in self._types]
        if oids:
            found: Mapping[int, DataType] = catalog.read_types(session, oids)
            self._types.update({oid: found.get(oid, _UNKNOWN_TYPE) for oid in oids})

    def _digits_of_money(self, shape: ChangeShape) -> int:
        has_money = any(column.data_type.name == "money" for column in shape.columns)
        if has_money and self._money_digits is None:
            with self._rules.session().cursor() as cursor:
                cursor.execute(_MONEY_DIGITS)
                (self._money_digits,) = cursor.fetchone() or (2,)
        return 2 if self._money_digits is None else self._money_digits

    def _lookup(self) -> RowLookup:
        utf8 = server_is_utf8(self._rules.session())
        rendering = SqlRendering(lobs=LobLimit(self._rules.task.lob_bytes), null=None, utf8=utf8)
        return RowLookup(self._session, rendering)

    def _session(self) -> Connection:
        """Return a session that sees what the transaction at work did."""
        session = self._rules.session()
        if not self._is_visible:
            wait_until_visible(session, self._transaction.xid)
            self._is_visible = True
        return session

    def _report_cut_values(self, feed: _Feed) -> None:
        table = feed.output.table
        if not table.truncated_lobs:
            _logger.warning("values of %s are longer than LobMaxSize and were cut", table.name)
        table.truncated_lobs += feed.renderer.cut_values
        feed.renderer.cut_values = 0
