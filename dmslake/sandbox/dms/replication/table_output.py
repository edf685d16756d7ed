"""Collects one table's change rows into files, or holds them back while the table loads.

Rows held back are released once the load's snapshot is known: those that the snapshot shows are
part of the load and dropped, the others follow it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from dmslake.sandbox.dms.replication.spool import Spool, temporary_file
from dmslake.sandbox.dms.replication.tables import ReplicatedTable
from dmslake.sandbox.dms.replication.target_settings import TargetSettings
from dmslake.sandbox.dms.replication.uploads import ChangeFile, FolderRemoval, Work

_RECORD = struct.Struct("!cIQI")
_NEW_SHAPE, _EMPTIED = "S", "T"


@dataclass(frozen=True, slots=True)
class Transaction:
    """What every change of a transaction shares; `time` is its commit as files show it."""

    xid: int
    lsn: int
    time: str


@dataclass(frozen=True, kw_only=True)
class OutputRules:
    """What outputs share: settings, the clock, and where finished work goes."""

    settings: TargetSettings
    clock: Callable[[], datetime]
    submit: Callable[[Work], None]


@dataclass(kw_only=True)
class _OpenFile:
    spool: Spool
    lsn: int
    opened: datetime


class TableOutput:
    """Where one table's changes go. Used by the capturing thread only."""

    def __init__(self, table: ReplicatedTable, rules: OutputRules) -> None:
        self.table = table
        self._rules = rules
        self._header = b""
        self._file: _OpenFile | None = None
        self._held: IO[bytes] | None = None
        self._first_held_lsn: int | None = None
        self._is_suspended = False

    @property
    def pending_lsn(self) -> int | None:
        """The commit position of the first change that no closed file holds."""
        if self._first_held_lsn is not None:
            return self._first_held_lsn
        return self._file.lsn if self._file else None

    @property
    def opened(self) -> datetime | None:
        """When the first pending change of the open file came."""
        return self._file.opened if self._file else None

    def hold(self) -> None:
        """Hold back what comes from now on; what came before is written first."""
        self.close_file()
        self._is_suspended = False
        if self._held is None:
            self._held = temporary_file()

    def release(self) -> None:
        """Write what was held back and is not part of the table's load."""
        held, self._held, self._first_held_lsn = self._held, None, None
        if held is None:
            return
        held.seek(0)
        while head := held.read(_RECORD.size):
            kind, xid, lsn, size = _RECORD.unpack(head)
            self._take(kind.decode(), held.read(size), Transaction(xid, lsn, ""))
        held.close()

    def suspend(self) -> None:
        """Forget everything that is pending, and take nothing more: the table is in error."""
        self._is_suspended = True
        self.discard()

    def discard(self) -> None:
        """Forget everything that is pending."""
        self.discard_file()
        held, self._held, self._first_held_lsn = self._held, None, None
        if held is not None:
            held.close()

    def discard_file(self) -> None:
        """Forget the open file: the table's objects are about to be removed."""
        file, self._file = self._file, None
        if file is not None:
            file.spool.close()

    def row(self, operation: str, line: bytes, transaction: Transaction) -> None:
        """Take one change row; `operation` is I, U or D."""
        self._take_or_hold(operation, line, transaction)

    def reshape(self, header: bytes, transaction: Transaction) -> None:
        """Begin a new file, because rows have other columns from now on."""
        self._take_or_hold(_NEW_SHAPE, header, transaction)

    def empty(self, transaction: Transaction) -> None:
        """Remove the table's objects: its source was truncated or dropped."""
        self._take_or_hold(_EMPTIED, b"", transaction)

    def close_file(self) -> None:
        """Hand the open file over, if there is one."""
        file, self._file = self._file, None
        if file is not None:
            closed = self.table.last_update = self._rules.clock()
            self._rules.submit(
                ChangeFile(
                    table=self.table,
                    lsn=file.lsn,
                    closed=closed,
                    size=file.spool.size,
                    content=file.spool.finish(),
                )
            )

    def _take_or_hold(self, kind: str, data: bytes, transaction: Transaction) -> None:
        if self._is_suspended:
            return
        if self._held is None:
            self._take(kind, data, transaction)
            return
        if self._first_held_lsn is None:
            self._first_held_lsn = transaction.lsn
        record = _RECORD.pack(kind.encode(), transaction.xid, transaction.lsn, len(data))
        self._held.write(record + data)

    def _take(self, kind: str, data: bytes, transaction: Transaction) -> None:
        if kind == _NEW_SHAPE:
            self.close_file()
            self._header = data
            return
        snapshot = self.table.snapshot
        if snapshot is not None and snapshot.shows(transaction.xid, transaction.lsn):
            return
        if kind == _EMPTIED:
            self.discard_file()
            self._rules.submit(FolderRemoval(table=self.table, lsn=transaction.lsn))
            return
        self._write(data, transaction.lsn)
        self.table.count(kind)

    def _write(self, line: bytes, lsn: int) -> None:
        if self._file is None:
            spool = Spool(compressed=self._rules.settings.gzip)
            self._file = _OpenFile(spool=spool, lsn=lsn, opened=self._rules.clock())
            if self._header:
                spool.write(self._header)
        self._file.spool.write(line)
        if 0 < self._rules.settings.batch_bytes <= self._file.spool.size:
            self.close_file()
