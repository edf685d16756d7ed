"""When a transaction that was streamed can be seen by other sessions: a moment later.

PostgreSQL streams a transaction as soon as its commit is in the log, shows it to others after that,
and gives up its lock on the transaction's number last.
https://www.postgresql.org/docs/current/view-pg-locks.html
"""

from __future__ import annotations

import logging
import threading
import time

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

_HELD = (
    "SELECT 1 FROM pg_catalog.pg_locks "
    "WHERE locktype = 'transactionid' AND granted AND transactionid = %s::text::xid"
)
_POLL_SECONDS = 0.002
_LONGEST_SECONDS = 10.0
_logger = logging.getLogger(__name__)


def wait_until_visible(session: Connection, xid: int) -> None:
    """Return when the session sees what a committed transaction did.

    Raises:
        psycopg2.Error: the connection broke.
    """
    deadline = time.monotonic() + _LONGEST_SECONDS
    pause = threading.Event()
    with session.cursor() as cursor:
        while True:
            cursor.execute(_HELD, [str(xid)])
            if cursor.fetchone() is None:
                return
            if time.monotonic() > deadline:
                _logger.warning("transaction %d is still not to be seen", xid)
                return
            pause.wait(_POLL_SECONDS)
