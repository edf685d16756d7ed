"""Ctrl-C as a wish: the first lets the calls in flight finish, the second ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable(tell: Callable[[str], None]) -> Iterator[threading.Event]:
    """Yield an event that is set by the first Ctrl-C (or SIGTERM); a second one interrupts."""
    stop = threading.Event()

    def wish(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's signature
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        tell("stopping: the calls in flight are finished first; Ctrl-C again ends at once")

    before = {number: signal.signal(number, wish) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
