"""Watches the catalog of the source for what the change stream does not tell.

New tables, dropped ones, and keys that come and go. What it finds takes effect at a position of
the stream: everything before belongs to the old state.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.catalog import CatalogTable, TableName, list_tables
from dmslake.sandbox.dms.replication.failures import TableError
from dmslake.sandbox.dms.replication.publications import Publications
from dmslake.sandbox.dms.replication.selection import Selection
from dmslake.sandbox.dms.replication.tables import Tables

# Changes wait meanwhile; a table that is locked longer is tried again at the next look.
_LOCK_TIMEOUT = "SET lock_timeout = '50ms'"
_NO_LOCK_TIMEOUT = "SET lock_timeout = 0"
_POSITION = "SELECT (pg_current_wal_flush_lsn() - '0/0')::int8"
# Transactions that run now end before this id is the oldest one that runs.
_SETTLED_AFTER = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8"


class Kind(Enum):
    """What happened to a table."""

    CREATED = auto()
    RECREATED = auto()
    DROPPED = auto()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that holds from position `lsn` of the stream on.

    `settled_after` is the transaction id that a load of the table has to wait for; `error` says
    why its changes cannot be captured.
    """

    kind: Kind
    name: TableName
    lsn: int
    source: CatalogTable | None = None
    settled_after: int = 0
    error: str = ""


def selected_tables(connection: Connection, selection: Selection) -> list[CatalogTable]:
    """Return the tables that a task takes.

    A partitioned table stands for its partitions: where both are selected, the rows would come
    twice, so the partitions are left out.
    """
    selected = [
        table
        for table in list_tables(connection)
        if selection.takes(table.name.schema, table.name.table)
    ]
    oids = {table.oid for table in selected}
    return [table for table in selected if not oids.intersection(table.roots)]


class CatalogWatch:
    """Compares the catalog with the tables of a run. Knows nothing of files."""

    def __init__(self, tables: Tables, selection: Selection) -> None:
        self._tables = tables
        self._selection = selection
        self._announced: set[tuple[TableName, int]] = set()

    def look(self, connection: Connection, publications: Publications) -> list[Finding]:
        """Return what has changed since the last look; new tables are published from now on.

        Raises:
            psycopg2.Error: the connection broke.
        """
        selected = selected_tables(connection, self._selection)
        found = [
            finding
            for source in selected
            if (finding := self._compare(source, connection, publications)) is not None
        ]
        return [*found, *self._dropped(connection, selected)]

    def _compare(
        self, source: CatalogTable, connection: Connection, publications: Publications
    ) -> Finding | None:
        known = self._tables.get(source.name)
        if known is not None and known.source is not None and known.source.oid == source.oid:
            if known.source.captures_updates != source.captures_updates and place(
                connection, publications, source
            ):
                known.source = source
            return None
        if self._tables.by_oid(source.oid) is not None or self._is_announced(source):
            return None  # a new name only, which the stream tells with the next change
        lsn = current_position(connection)
        error = ""
        try:
            if not place(connection, publications, source):
                return None
        except TableError as refusal:
            error = str(refusal)
        self._announced.add((source.name, source.oid))
        return Finding(
            kind=Kind.CREATED if known is None or known.source is None else Kind.RECREATED,
            name=source.name,
            lsn=lsn,
            source=source,
            settled_after=settled_after(connection),
            error=error,
        )

    def _is_announced(self, source: CatalogTable) -> bool:
        return (source.name, source.oid) in self._announced

    def _dropped(self, connection: Connection, selected: Sequence[CatalogTable]) -> list[Finding]:
        names = {table.name for table in selected}
        missing = [
            table
            for table in self._tables.all()
            if table.source is not None and table.name not in names
        ]
        if not missing:
            return []
        existing = {table.oid for table in list_tables(connection)}
        lsn = current_position(connection)
        return [
            Finding(kind=Kind.DROPPED, name=table.name, lsn=lsn)
            for table in missing
            if table.source is not None and self._is_gone(table.source, existing)
        ]

    def _is_gone(self, source: CatalogTable, existing: Container[int]) -> bool:
        if source.oid in existing or (source.name, -source.oid) in self._announced:
            return False
        self._announced.add((source.name, -source.oid))
        return True


def place(connection: Connection, publications: Publications, table: CatalogTable) -> bool:
    """Publish a table, unless a lock on it is not free soon; tell whether it is published now.

    Raises:
        TableError: the account may not publish it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_TIMEOUT)
        publications.place(table)
    except errors.LockNotAvailable:
        return False
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_NO_LOCK_TIMEOUT)
    return True


def settled_after(connection: Connection) -> int:
    """Return the transaction id that every transaction of this moment is older than."""
    return read_number(connection, _SETTLED_AFTER)


def current_position(connection: Connection) -> int:
    """Return the position behind everything that has been committed."""
    return read_number(connection, _POSITION)


def read_number(connection: Connection, query: str) -> int:
    """Return the one number that a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        (number,) = cursor.fetchone() or (0,)
    return int(number)
