"""The session for questions beside the stream: catalog, look-ups, publications.

Opened when first asked for and again after it broke.
"""

from __future__ import annotations

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.connections import cancel, connect
from dmslake.sandbox.dms.replication.model import SourceDatabase


class SourceSession:
    """One ordinary connection, used by one thread; any thread may cancel what it does."""

    def __init__(self, source: SourceDatabase) -> None:
        self._source = source
        self._connection: Connection | None = None

    def __call__(self) -> Connection:
        """Return the open connection.

        Raises:
            ConnectionFailure: the source refused a new one.
        """
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._source)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def cancel(self) -> None:
        """Make the statement that runs now fail."""
        cancel(self._connection)
