"""The publications and the replication slot that a task keeps in its source.

Two publications, because PostgreSQL refuses an UPDATE of a table that publishes updates and has no
replica identity: tables with a primary key publish everything, the others inserts only. A
publication FOR ALL TABLES is never used, since it would break updates of the source's own programs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.catalog import CatalogTable, literal, quoted
from dmslake.sandbox.dms.replication.connections import connect, reason
from dmslake.sandbox.dms.replication.failures import TableError, TaskError
from dmslake.sandbox.dms.replication.model import SourceDatabase

PLUGIN = "pgoutput"
_GENERATED_COLUMNS_SINCE = 180000
# A name has 63 bytes, and "_inserts" may follow.
_LONGEST_SLOT_IN_NAME = 46
_REFUSALS = (errors.InsufficientPrivilege, errors.InvalidParameterValue, errors.UndefinedTable)
_MEMBERS = """
SELECT r.prrelid::int8, p.pubname FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname IN (%s, %s)
"""
_SLOT = """
SELECT plugin, (confirmed_flush_lsn - '0/0')::int8, active_pid, wal_status,
    catalog_xmin::text = (pg_snapshot_xmax(pg_current_snapshot())::text::int8 %% 4294967296)::text
FROM pg_replication_slots WHERE slot_name = %s
"""
_BLOCKERS = """
SELECT string_agg(pid::text, ', ' ORDER BY xact_start) FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
_WAIT_UNTIL_RELEASED = """
DO $$ BEGIN FOR i IN 1..100 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {} AND active);
    PERFORM pg_sleep(0.05);
END LOOP; END $$
"""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A replication slot; `confirmed` is the position that the server resumes at.

    `nothing_since` tells that no transaction has written since then, in any database.
    """

    confirmed: int
    active_pid: int | None
    is_lost: bool
    nothing_since: bool


@dataclass(frozen=True)
class ReplicationNames:
    """The names a task uses in its source.

    Publications of a slot of the user's are named after it and stay as long as it does: what they
    did not publish at the time cannot be read from the slot later.
    """

    task_id: str
    slot_of_user: str | None = None

    @property
    def slot(self) -> str:
        """The slot that is read."""
        return self.slot_of_user or f"dms_{self.task_id}"

    @property
    def everything(self) -> str:
        """The publication of tables with a primary key."""
        return self._publication

    @property
    def inserts(self) -> str:
        """The publication of tables whose updates cannot be captured."""
        return f"{self._publication}_inserts"

    @property
    def _publication(self) -> str:
        if self.slot_of_user is None:
            return f"dms_{self.task_id}"
        if len(self.slot_of_user) <= _LONGEST_SLOT_IN_NAME:
            return f"dms_slot_{self.slot_of_user}"
        digest = hashlib.sha256(self.slot_of_user.encode()).hexdigest()[:8]
        return f"dms_slot_{self.slot_of_user[: _LONGEST_SLOT_IN_NAME - 9]}_{digest}"


class Publications:
    """The task's two publications; `connection` is in autocommit mode."""

    def __init__(self, connection: Connection, names: ReplicationNames) -> None:
        self._connection = connection
        self._names = names

    def create(self) -> bool:
        """Create what is missing; tell whether anything was.

        Raises:
            TaskError: the account may not create publications.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT pubname FROM pg_publication WHERE pubname IN (%s, %s)",
                (self._names.everything, self._names.inserts),
            )
            existing = {name for (name,) in cursor.fetchall()}
        wanted = {
            self._names.everything: "insert, update, delete, truncate",
            self._names.inserts: "insert, truncate",
        }
        missing = [name for name in wanted if name not in existing]
        for name in missing:
            self._create(name, wanted[name])
        return bool(missing)

    def place(self, table: CatalogTable) -> bool:
        """Put a table into the publication it belongs to; tell whether that changed anything.

        Raises:
            TableError: the account may not publish the table.
        """
        wanted = self._names.everything if table.captures_updates else self._names.inserts
        with self._connection.cursor() as cursor:
            cursor.execute(_MEMBERS, (self._names.everything, self._names.inserts))
            current = {name for oid, name in cursor.fetchall() if oid == table.oid}
            if current == {wanted}:
                return False
            steps = [
                f"ALTER PUBLICATION {quoted(name)} DROP TABLE ONLY {table.name.sql}"
                for name in current - {wanted}
            ]
            if wanted not in current:
                only = "" if table.is_partitioned else "ONLY "
                steps.append(f"ALTER PUBLICATION {quoted(wanted)} ADD TABLE {only}{table.name.sql}")
            try:
                # One simple query is one transaction: the table is never without a publication.
                cursor.execute("; ".join(steps))
            except _REFUSALS as error:
                raise TableError(
                    f"changes of {table.name} cannot be captured",
                    why=reason(error),
                    fix="let the replicating account own the table, or use full-load",
                ) from error
        return True

    def keep_only(self, oids: Collection[int]) -> None:
        """Take every other table out: the task does not replicate it any more."""
        with self._connection.cursor() as cursor:
            cursor.execute(_MEMBERS, (self._names.everything, self._names.inserts))
            for oid, name in cursor.fetchall():
                if oid not in oids:
                    cursor.execute(
                        f"ALTER PUBLICATION {quoted(name)} DROP TABLE ONLY {_table(cursor, oid)}"
                    )

    def drop(self) -> None:
        """Drop both publications, if they exist."""
        with self._connection.cursor() as cursor:
            for name in (self._names.everything, self._names.inserts):
                cursor.execute(f"DROP PUBLICATION IF EXISTS {quoted(name)}")

    def _create(self, name: str, operations: str) -> None:
        options = f"publish = {literal(operations)}, publish_via_partition_root = true"
        if self._connection.server_version >= _GENERATED_COLUMNS_SINCE:
            options += ", publish_generated_columns = stored"
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"CREATE PUBLICATION {quoted(name)} WITH ({options})")
        except errors.InsufficientPrivilege as error:
            raise TaskError(
                f"cannot create publication {name}",
                why=reason(error),
                fix="grant CREATE on the database to the replicating account",
            ) from error


def find_slot(connection: Connection, name: str) -> Slot | None:
    """Return the slot of this name, None if there is none.

    Raises:
        TaskError: a slot of this name uses another plugin.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SLOT, (name,))
        row = cursor.fetchone()
    if row is None:
        return None
    plugin, confirmed, active_pid, wal_status, nothing_since = row
    if plugin != PLUGIN:
        raise TaskError(
            f"replication slot {name!r} uses the plugin {plugin}",
            fix=f"create a slot with {PLUGIN}, or leave SlotName out",
        )
    return Slot(
        confirmed=confirmed or 0,
        active_pid=active_pid,
        is_lost=wal_status == "lost",
        nothing_since=nothing_since is True,
    )


def create_slot(connection: Connection, name: str, timeout_seconds: int) -> int:
    """Create a slot; waits for open transactions. Returns the position that changes start at.

    Raises:
        TaskError: logical replication is off, not allowed, or a transaction stayed open too long.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{int(timeout_seconds)}s'")
            cursor.execute(
                "SELECT (lsn - '0/0')::int8 FROM pg_create_logical_replication_slot(%s, %s)",
                (name, PLUGIN),
            )
            (position,) = cursor.fetchone() or (0,)
            cursor.execute("SET statement_timeout = 0")
    except errors.QueryCanceled as error:
        raise TaskError(
            f"transactions stayed open for {timeout_seconds} s, so changes cannot be captured",
            why=f"open in sessions {_blockers(connection)}",
            fix="end them, or raise TransactionConsistencyTimeout",
        ) from error
    except psycopg2.Error as error:
        raise TaskError(
            f"cannot create replication slot {name!r}",
            why=reason(error),
            fix="set wal_level to logical, and give the account the REPLICATION attribute",
        ) from error
    return int(position)


def advance(connection: Connection, slot: str, position: int) -> None:
    """Have a slot begin at a later position; one that is there or behind it stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_replication_slot_advance(slot_name, '0/0'::pg_lsn + %s::int8) "
            "FROM pg_replication_slots WHERE slot_name = %s "
            "AND confirmed_flush_lsn < '0/0'::pg_lsn + %s::int8",
            (position, slot, position),
        )


def drop_slot(source: SourceDatabase, task_id: str) -> None:
    """Drop the slot and the publications of a task; absent ones, and the user's slot, are left.

    Raises:
        ConnectionFailure: the source cannot be reached, so the slot may still hold back WAL.
        TaskError: the database refused; says why.
    """
    names = ReplicationNames(task_id, source.slot_name)
    connection = connect(source)
    try:
        release_slot(connection, names.slot)
        if source.slot_name is not None and find_slot(connection, names.slot) is not None:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE slot_name = %s",
                (names.slot,),
            )
        Publications(connection, names).drop()
    except psycopg2.Error as error:
        raise TaskError(
            f"cannot drop replication slot {names.slot!r}",
            why=reason(error),
            fix="drop it by hand with pg_drop_replication_slot",
        ) from error
    finally:
        connection.close()


def release_slot(connection: Connection, name: str) -> None:
    """End the session of a run that died without closing it, if it still holds the slot."""
    slot = find_slot(connection, name)
    if slot is None or slot.active_pid is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (slot.active_pid,))
        # It is signalled, not yet gone.
        cursor.execute(_WAIT_UNTIL_RELEASED.format(literal(name)))


def _table(cursor: Cursor, oid: int) -> str:
    cursor.execute(
        "SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
        (oid,),
    )
    (name,) = cursor.fetchone() or ("",)
    return str(name)


def _blockers(connection: Connection) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_BLOCKERS)
        (sessions,) = cursor.fetchone() or (None,)
    return str(sessions or "that have ended since")
