"""The tests' hands in the source database."""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication import SourceDatabase
from tests.sandbox.replication.waiting import eventually

_PASSWORD = "super"
_CLEAR = """
DO $$ DECLARE command text; BEGIN
    FOR command IN
        SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
        UNION ALL
        SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        UNION ALL SELECT 'CREATE SCHEMA public'
        UNION ALL SELECT 'GRANT ALL ON SCHEMA public TO public'
        UNION ALL SELECT format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname) FROM pg_roles
        WHERE rolname !~ '^pg_' AND NOT rolsuper
    LOOP
        EXECUTE command;
    END LOOP;
END $$
"""


class Database:
    """One database of the test server; statements run in transactions of their own."""

    def __init__(self, *, port: int, name: str, username: str) -> None:
        self.port = port
        self.name = name
        self.username = username
        self._connection: Connection | None = None

    def source(self, username: str = "", password: str = _PASSWORD) -> SourceDatabase:
        """Return the database as replications know it."""
        return SourceDatabase(
            host="127.0.0.1",
            port=self.port,
            database=self.name,
            username=username or self.username,
            password=password,
        )

    def connect(self) -> Connection:
        """Open another session, in autocommit mode."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=self.name,
            user=self.username,
            password=_PASSWORD,
            client_encoding="UTF8",
            options="-c timezone=UTC",
        )
        connection.autocommit = True
        return connection

    def execute(self, *statements: str, values: tuple[object, ...] | None = None) -> None:
        """Run statements, each in a transaction of its own."""
        with self._session().cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values)

    def query(self, text: str, values: tuple[object, ...] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._session().cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall()

    def value(self, text: str) -> Any:
        """Return the one value of a query."""
        ((value,),) = self.query(text)
        return value

    def publishes(self, table: str) -> bool:
        """Tell whether a task has found a table and takes its changes."""
        tables = "SELECT count(*) FROM pg_publication_tables WHERE tablename = %s"
        return self.query(tables, (table,)) == [(1,)]

    def clear(self) -> None:
        """Remove what an earlier test left: everything but the system's own."""
        self.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots")
        eventually(lambda: not self.value("SELECT count(*) FROM pg_replication_slots WHERE active"))
        self.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots", _CLEAR)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _session(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
        return self._connection
