"""Reads a replication slot's changes over a connection that can break and be opened again.

A transaction that was cut off by a broken connection is sent again from its start; what was already
accepted of it is skipped, so that a reader sees every change once for as long as it lives.
"""

from __future__ import annotations

import select
from dataclasses import dataclass
from typing import Protocol

import psycopg2
from psycopg2.extras import LogicalReplicationConnection, ReplicationCursor

from dmslake.sandbox.dms.replication import pgoutput
from dmslake.sandbox.dms.replication.connections import connect_stream
from dmslake.sandbox.dms.replication.model import SourceDatabase
from dmslake.sandbox.dms.replication.pgoutput import Begin, Commit, Message
from dmslake.sandbox.dms.replication.publications import ReplicationNames


class Waker(Protocol):
    """Something `select` can wait for besides the connection."""

    def fileno(self) -> int: ...


@dataclass
class _Position:
    """Where the reader stands: behind `end`, and `changes` messages into an open transaction."""

    end: int = 0
    open_commit: int = 0
    changes: int = 0
    to_skip: int = 0


class ChangeStream:
    """The changes of one slot, in commit order."""

    def __init__(self, source: SourceDatabase, names: ReplicationNames, slot: str) -> None:
        self._source = source
        self._slot = slot
        self._publications = f'"{names.everything}","{names.inserts}"'
        self._connection: LogicalReplicationConnection | None = None
        self._cursor: ReplicationCursor | None = None
        self._position = _Position()
        self._skips_transaction = False

    @property
    def end(self) -> int:
        """The position behind the last complete transaction, or behind WAL without changes."""
        return self._position.end

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun and its commit has not been read."""
        return bool(self._position.open_commit)

    def open(self) -> None:
        """Connect and start at the slot's confirmed position.

        Raises:
            ConnectionFailure: the source refused the session.
            psycopg2.Error: the server refused the slot.
        """
        self.close()
        # It may have broken again, or been refused, before it got as far as the last time.
        self._position.to_skip = max(self._position.to_skip, self._position.changes)
        self._position.changes = 0
        self._connection = connect_stream(self._source)
        self._cursor = self._connection.cursor()
        self._cursor.start_replication(
            slot_name=self._slot,
            options={**pgoutput.OPTIONS, "publication_names": self._publications},
            status_interval=3600,  # `confirm` is called often enough, and knows what is written
        )

    def close(self) -> None:
        """Close the connection; what was confirmed before counts for the server."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._cursor = None
        self._skips_transaction = False

    def read(self) -> Message | None:
        """Return the next message that was not accepted before, None if none has arrived yet.

        Raises:
            psycopg2.Error: the connection broke, or the server gave up the slot.
        """
        cursor = self._require_cursor()
        while (raw := cursor.read_message()) is not None:
            message = pgoutput.decode(raw.payload)
            if self._is_new(message):
                return message
        if not self._position.open_commit:
            self._position.end = max(self._position.end, cursor.wal_end)
        return None

    def accept(self, message: Message) -> None:
        """Note that a message has been dealt with: it need not be read again."""
        if isinstance(message, Commit):
            self._position = _Position(end=message.end_lsn)
        elif not isinstance(message, Begin | pgoutput.Relation):
            self._position.changes += 1

    def wait(self, seconds: float, waker: Waker) -> None:
        """Wait until something may have arrived, `waker` is readable, or the time is over."""
        select.select([self._require_cursor(), waker], [], [], seconds)

    def confirm(self, written: int) -> None:
        """Tell the server that everything before `written` is safe and need not be sent again.

        Raises:
            psycopg2.Error: the connection broke.
        """
        send = self._require_cursor().send_feedback
        end = self._position.end
        send(write_lsn=end, flush_lsn=written, apply_lsn=written, force=True)  # type: ignore[no-untyped-call]  # the stubs leave it untyped

    def _is_new(self, message: Message) -> bool:
        position = self._position
        if isinstance(message, Begin):
            self._skips_transaction = message.commit_lsn < position.end
            if self._skips_transaction:
                return False
            if message.commit_lsn != position.open_commit:
                self._position = _Position(end=position.end, open_commit=message.commit_lsn)
            return True
        if isinstance(message, Commit):
            return not self._skips_transaction
        return self._is_new_change(message)

    def _is_new_change(self, message: Message) -> bool:
        # A shape is sent once in a session, so it counts even inside a transaction that is skipped.
        if isinstance(message, pgoutput.Relation):
            return True
        if self._skips_transaction:
            return False
        if self._position.changes >= self._position.to_skip:
            return True
        self._position.changes += 1
        return False

    def _require_cursor(self) -> ReplicationCursor:
        if self._cursor is None:
            raise psycopg2.InterfaceError("the change stream is not open")
        return self._cursor


def lsn_text(position: int) -> str:
    """Return a position in the server's notation, such as `16/B374D848`."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
