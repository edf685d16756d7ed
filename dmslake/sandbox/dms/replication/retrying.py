"""Patience with a source or a bucket that is away for a while.

`RecoverableErrorCount` says how often in a row; the pauses grow, and end at once when the run is
asked to stop. They are shorter than the service's (5 s to 30 min), because nothing here is far.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from dmslake.sandbox.dms.replication.failures import RunStoppedError, TaskError

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_logger = logging.getLogger(__name__)
T = TypeVar("T")


class Patience:
    """Counts failures in a row. `limit` -1 is for ever; `stopping` ends a pause."""

    def __init__(self, limit: int, stopping: threading.Event) -> None:
        self._limit = limit
        self._stopping = stopping
        self._failures = 0

    def reset(self) -> None:
        """Begin to count anew, after something has worked."""
        self._failures = 0

    def pause(self, error: Exception) -> None:
        """Wait before the next attempt.

        Raises:
            TaskError: it has failed too often.
            RunStoppedError: the run was asked to stop.
        """
        if 0 <= self._limit <= self._failures:
            raise TaskError(
                str(error), why=f"recoverable, but failed {self._failures + 1} times"
            ) from error
        _logger.warning("%s; trying again", " ".join(str(error).split()))
        seconds = min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS)
        self._failures += 1
        if self._stopping.wait(seconds):
            raise RunStoppedError(str(error)) from error

    def insist(self, action: Callable[[], T], transient: type[Exception]) -> T:
        """Return what `action` returns, repeating it while it raises `transient`.

        Raises:
            TaskError, RunStoppedError: as `pause`.
        """
        while True:
            try:
                result = action()
            except transient as error:
                self.pause(error)
            else:
                self.reset()
                return result
