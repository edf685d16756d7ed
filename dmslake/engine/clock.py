"""Time as a parameter: the only place of the engine that sleeps."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only move forward, and a way to let them pass."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None:
        """Let time pass; may return early when the work is being stopped."""


class SystemClock:
    """The machine's monotonic clock; `stop` cuts a sleep short."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)
