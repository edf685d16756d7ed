"""Time as a parameter: the only place of the engine that reads a clock."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from dmslake.pausing import pause


class Clock(Protocol):
    """Seconds that only move forward, and a way to let them pass."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None:
        """Let time pass; may return early when the work is being stopped."""


class SystemClock:
    """The machine's monotonic clock.

    `stop` cuts a sleep short. Without one, a sleep within `stopped_by` ends with a StoppedError
    when the work is being stopped: it is deep inside a call that nobody else can end.
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._stop is not None:
            self._stop.wait(seconds)
            return
        pause(seconds)
