"""Stores finished change files, one after the other, beside the thread that reads changes.

Order matters: a later file of a table must not be in S3 without the earlier one, or a replay after
a crash would end with an older state. So the first failure that cannot be waited out ends it all.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO

from dmslake.sandbox.dms.replication.failures import RunStoppedError
from dmslake.sandbox.dms.replication.retrying import Patience
from dmslake.sandbox.dms.replication.staging import Staging, TransientS3Error, stamp
from dmslake.sandbox.dms.replication.tables import ReplicatedTable

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class ChangeFile:
    """A closed change file; `lsn` is the commit position of its first change."""

    table: ReplicatedTable
    lsn: int
    closed: datetime
    size: int
    content: IO[bytes]


@dataclass(frozen=True, kw_only=True)
class FolderRemoval:
    """A table was truncated or dropped in the source: its objects go."""

    table: ReplicatedTable
    lsn: int
    size: int = 0


Work = ChangeFile | FolderRemoval


class FileNames:
    """Gives change files their names: rising within a table, and never one that exists."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._checked: set[int] = set()

    def key(self, table: ReplicatedTable, closed: datetime) -> str:
        """Return the key of a file closed at that moment, a few milliseconds later if need be.

        Raises:
            TransientS3Error, TaskError: as `Staging.exists`.
        """
        moment = closed.astimezone(UTC)
        if table.last_stamp and stamp(moment) <= table.last_stamp:
            moment = _moment(table.last_stamp) + _MILLISECOND
        key = self._staging.change_key(table.name, moment)
        # Names of this run rise by themselves. An earlier run's may be newer than this clock, and
        # local time repeats an hour every autumn.
        while (id(table) not in self._checked or self._staging.names_repeat) and (
            self._staging.exists(key)
        ):
            moment += _MILLISECOND
            key = self._staging.change_key(table.name, moment)
        self._checked.add(id(table))
        table.last_stamp = stamp(moment)
        return key


class Uploads:
    """A queue of work for the bucket and the thread that does it."""

    def __init__(self, staging: Staging, recoverable_errors: int, wake: Callable[[], None]) -> None:
        self._staging = staging
        self._names = FileNames(staging)
        self._abandoned = threading.Event()
        self._patience = Patience(recoverable_errors, self._abandoned)
        self._wake = wake
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished: list[Work] = []
        self._pool = ThreadPoolExecutor(1, "dms-uploads")
        self._end = self._pool.submit(self._run)

    def submit(self, work: Work) -> None:
        with self._lock:
            self._unfinished.append(work)
        self._queue.put(work)

    @property
    def oldest_lsn(self) -> int | None:
        """The position of the first change that is not in S3 yet."""
        with self._lock:
            return min((work.lsn for work in self._unfinished), default=None)

    @property
    def waiting_bytes(self) -> int:
        with self._lock:
            return sum(work.size for work in self._unfinished)

    def concerns(self, table: ReplicatedTable) -> bool:
        """Tell whether work for a table is not finished."""
        with self._lock:
            return any(work.table is table for work in self._unfinished)

    def check(self) -> None:
        """Raise the failure that ended the uploads, if one did."""
        if self._end.done():
            self._end.result()

    def finish(self, seconds: float) -> None:
        """Wait until everything is stored, and end the thread.

        Raises:
            TaskError: S3 refused.
            RunStoppedError: S3 did not recover in that time; what is not stored stays unconfirmed.
        """
        self._queue.put(None)
        wait([self._end], seconds)
        self._abandoned.set()
        self._end.result()

    def abandon(self) -> None:
        """End the thread without storing what is left."""
        self._abandoned.set()
        self._queue.put(None)
        self._pool.shutdown()

    def _run(self) -> None:
        try:
            self._work_off()
        finally:
            for work in self._unfinished:
                if isinstance(work, ChangeFile):
                    work.content.close()
            self._wake()

    def _work_off(self) -> None:
        while (work := self._queue.get()) is not None:
            if self._abandoned.is_set():
                raise RunStoppedError("files were left unwritten")
            self._store(work)
            with self._lock:
                self._unfinished.remove(work)
            self._wake()

    def _store(self, work: Work) -> None:
        if isinstance(work, FolderRemoval):
            name = work.table.name
            self._patience.insist(lambda: self._staging.empty_folder(name), TransientS3Error)
            return
        key = self._patience.insist(
            lambda: self._names.key(work.table, work.closed), TransientS3Error
        )
        self._patience.insist(lambda: self._staging.put(key, work.content), TransientS3Error)
        work.content.close()


def _moment(text: str) -> datetime:
    return datetime.strptime(text + "000", "%Y%m%d-%H%M%S%f").replace(tzinfo=UTC)
