"""Pauses within work that can be stopped: whoever works does not have to know by whom, or how.

Who starts the work says what stops it, for the thread that does it; every pause below ends then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dmslake.errors import StoppedError

_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


def pause(seconds: float) -> None:
    """Let time pass. Raises StoppedError as soon as the work around it is being stopped."""
    stop = _STOP.get() or threading.Event()
    if stop.wait(seconds):
        raise StoppedError("the waiting was interrupted")


@contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Let `stop` end the pauses of this thread while the block runs."""
    before = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(before)
