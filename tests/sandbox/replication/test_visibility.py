"""What is looked up is looked up in a database that shows the transaction at work."""

from __future__ import annotations

import threading

from dmslake.sandbox.dms.replication.visibility import wait_until_visible
from tests.sandbox.replication.database import Database


def test_a_transaction_that_others_cannot_see_yet_is_waited_for(database: Database) -> None:
    writer, reader = database.connect(), database.connect()
    with writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT txid_current()::text::bigint & 4294967295")
        (xid,) = cursor.fetchone() or (0,)
        waiting = threading.Thread(target=wait_until_visible, args=(reader, int(xid)))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        cursor.execute("COMMIT")
    waiting.join(5)
    assert not waiting.is_alive()
    writer.close()
    reader.close()


def test_a_transaction_of_long_ago_is_not_waited_for(database: Database) -> None:
    reader = database.connect()
    waiting = threading.Thread(target=wait_until_visible, args=(reader, 3))
    waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()
    reader.close()
