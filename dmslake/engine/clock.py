"""Time as a parameter: the only place of the engine that sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from dmslake.errors import StoppedError

_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


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
        stop = _STOP.get() or threading.Event()
        if stop.wait(seconds):
            raise StoppedError("the waiting was interrupted")


@contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Let `stop` end the sleeps of this thread while the block runs."""
    before = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(before)
