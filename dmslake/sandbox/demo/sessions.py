"""Connections to the shop's database: opened, closed, and its refusals told in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.replication.connections import connect, reason
from dmslake.sandbox.dms.replication.model import SourceDatabase


@contextmanager
def session(source: SourceDatabase, doing: str) -> Iterator[Connection]:
    """Open a session without autocommit; what is not committed at its end is rolled back.

    The session renders values as DMS's sessions do: UTC, ISO dates. `doing` says what it is for.

    Raises:
        ConnectionFailure: the database cannot be reached, or refuses the account.
        SandboxError: a statement failed; carries PostgreSQL's own reason.
    """
    with closing(connect(source)) as connection:
        connection.autocommit = False
        try:
            yield connection
        except psycopg2.Error as error:
            raise SandboxError(
                f"{doing} failed in database {source.database!r}",
                why=reason(error),
                fix="remove the cause; the log of the sandbox's PostgreSQL is in its folder",
            ) from error


@contextmanager
def snapshot(source: SourceDatabase, doing: str) -> Iterator[Connection]:
    """Open a session as `session` does, which sees the database as it is at its first query."""
    with session(source, doing) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield connection
