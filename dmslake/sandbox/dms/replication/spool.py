"""Content on its way to the bucket: in memory while small, in a temporary file when it grows."""

from __future__ import annotations

import gzip
import tempfile
from typing import IO, cast

_IN_MEMORY_BYTES = 1024 * 1024


def temporary_file() -> IO[bytes]:
    """Return an empty file that vanishes when it is closed."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # the caller closes it
    return cast("IO[bytes]", file)


class Spool:
    """A file that grows, compressed as the object will be; `size` is before compression."""

    def __init__(self, *, compressed: bool) -> None:
        self.size = 0
        self._raw = temporary_file()
        self._zip = gzip.GzipFile(fileobj=self._raw, mode="wb", mtime=0) if compressed else None
        self._sink = cast("IO[bytes]", self._zip or self._raw)

    def write(self, data: bytes) -> None:
        self._sink.write(data)
        self.size += len(data)

    def finish(self) -> IO[bytes]:
        """Return the whole content; the caller closes it."""
        if self._zip is not None:
            self._zip.close()
        return self._raw

    def close(self) -> None:
        """Throw the content away."""
        self.finish().close()
