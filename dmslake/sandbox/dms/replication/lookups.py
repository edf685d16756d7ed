"""Looks values up by primary key that the change stream does not carry.

A large value that an update left alone is not sent, nor are generated columns before PostgreSQL 18.
The value is the row's present one, and NULL if the row is gone, as with DMS's LOB look-ups.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.catalog import Column, TableName, quoted
from dmslake.sandbox.dms.replication.rendering_sql import SqlRendering

_logger = logging.getLogger(__name__)
# The table changed since: what is asked for is not there any more, or not for this account.
_GONE = (errors.UndefinedTable, errors.UndefinedColumn, errors.InsufficientPrivilege)


class RowLookup:
    """Reads single rows, rendered as files show them."""

    def __init__(self, session: Callable[[], Connection], rendering: SqlRendering) -> None:
        self._session = session
        self._rendering = rendering

    def find(
        self, table: TableName, key: Sequence[tuple[str, str | None]], columns: Sequence[Column]
    ) -> list[str | None]:
        """Return the present values of `columns` in the row with this key.

        Raises:
            psycopg2.Error: the connection broke.
        """
        absent: list[str | None] = [None] * len(columns)
        if not key:
            return absent
        values = ", ".join(
            f"({self._rendering.expression(quoted(c.name), c.data_type)})::text" for c in columns
        )
        condition = " AND ".join(f"{quoted(name).replace('%', '%%')} = %s" for name, _ in key)
        query = f"SELECT {values} FROM {table.sql} WHERE ".replace("%", "%%") + condition  # noqa: S608  # identifiers are quoted
        try:
            with self._session().cursor() as cursor:
                cursor.execute(query, [value for _, value in key])
                row = cursor.fetchone()
        except _GONE as error:
            _logger.warning("values of %s could not be looked up: %s", table, error)
            return absent
        return list(row) if row else absent
