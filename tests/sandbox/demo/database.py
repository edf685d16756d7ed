"""Statements and queries against the tests' database."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from dmslake.sandbox.dms.replication import SourceDatabase
from dmslake.sandbox.dms.replication.connections import connect


def execute(source: SourceDatabase, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    with closing(connect(source)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def query(source: SourceDatabase, text: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(connect(source)) as connection, connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall()
