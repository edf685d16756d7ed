"""The files of a full load: takes rows from COPY, adds what stands before them, cuts at a size.

Called once per row of a table, so it does as little as it can.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dmslake.sandbox.dms.replication.csv_rows import copy_text_fields, row_encoder
from dmslake.sandbox.dms.replication.rendering import format_time
from dmslake.sandbox.dms.replication.spool import Spool
from dmslake.sandbox.dms.replication.target_settings import CsvFraming, TargetSettings

_CHUNK_BYTES = 256 * 1024
_ROWS_PER_TIMESTAMP = 16

Store = Callable[[int, Spool], None]


class RowStart:
    """What stands before a loaded row's columns: its indicator, and the time of its transfer.

    `time` is a clock, or a moment that all rows share; without it there is no timestamp column.
    """

    def __init__(
        self, framing: CsvFraming, *, op: bool, time: Callable[[], datetime] | datetime | None
    ) -> None:
        self._read_time = time
        self._op = ["I"] if op else []
        self._encode = row_encoder(framing)
        self._cut = len(framing.row_delimiter.encode())
        self._delimiter = framing.delimiter.encode()
        self._second: datetime | None = None
        self._text = ""

    @property
    def moves(self) -> bool:
        """Whether it changes from row to row."""
        return callable(self._read_time)

    def now(self) -> bytes:
        """Return the start of the rows that are transferred now."""
        fields = list(self._op)
        if self._read_time is not None:
            moment = self._read_time() if callable(self._read_time) else self._read_time
            fields.append(self._text_of(moment))
        if not fields:
            return b""
        return self._encode(fields)[: -self._cut] + self._delimiter

    def _text_of(self, moment: datetime) -> str:
        # Formatting a date costs more than all the rest of a row, so it is done once a second.
        second = moment.replace(microsecond=0)
        if second != self._second:
            self._second = second
            self._text = format_time(second)[:-6]
        return f"{self._text}{moment.microsecond:06d}"


class LoadFiles:
    """The file that COPY writes to; cuts it between rows into objects of MaxFileSize.

    `store` gets each file with its number, from 1; `header` begins every file; `count` is told the
    number of rows now and then, and ends the load by raising.
    """

    def __init__(
        self,
        settings: TargetSettings,
        header: bytes,
        start: RowStart,
        store: Store,
        count: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._header = header
        self._start = start
        self._store = store
        self._count = count
        self._prefix = start.now()
        self._renews_prefix = start.moves
        self._room = settings.max_file_bytes
        self._chunk: list[bytes] = []
        self._chunk_room = _CHUNK_BYTES
        self._spool: Spool | None = None
        self._number = 0
        self.longest_row = 0

    def write(self, row: bytes) -> None:
        """Take one row, with its end."""
        if self._prefix:
            if self._renews_prefix and len(self._chunk) % _ROWS_PER_TIMESTAMP == 0:
                self._prefix = self._start.now()
            row = self._prefix + row
        size = len(row)
        if size > self._room and (self._chunk or self._spool):
            self.finish()
        self._chunk.append(row)
        self._room -= size
        self._chunk_room -= size
        if self._chunk_room <= 0:
            self._flush()

    def finish(self) -> None:
        """Store the open file, if it has rows."""
        if self._chunk:
            self._flush()
        spool, self._spool = self._spool, None
        self._room = self._settings.max_file_bytes
        if spool is not None:
            self._number += 1
            try:
                self._store(self._number, spool)
            finally:
                spool.close()

    def abandon(self) -> None:
        """Throw the open file away."""
        if self._spool is not None:
            self._spool.close()

    def _flush(self) -> None:
        self._count(len(self._chunk))
        if self._spool is None:
            self._spool = Spool(compressed=self._settings.gzip)
            self._spool.write(self._header)
        self._spool.write(b"".join(self._chunk))
        self.longest_row = max(self.longest_row, *map(len, self._chunk))
        self._chunk.clear()
        self._chunk_room = _CHUNK_BYTES


class FramedHere:
    """Frames rows of COPY's text format, where the server cannot write the framing asked for."""

    def __init__(self, files: LoadFiles, framing: CsvFraming) -> None:
        self._files = files
        self._encode = row_encoder(framing)

    def write(self, row: bytes) -> None:
        """Take one row of the text format."""
        self._files.write(self._encode(copy_text_fields(row)))
