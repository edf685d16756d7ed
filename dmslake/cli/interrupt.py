"""Ctrl-C as a wish: the first lets the calls in flight finish, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from dmslake.errors import StoppedError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# What a stream raises that is written to while it writes: the signal came in the middle of it.
_BUSY = RuntimeError
_SHOW_CURSOR = "\033[?25h"


def interrupt() -> NoReturn:
    """Unwind, so that what was begun is put in order."""
    raise KeyboardInterrupt


def leave() -> NoReturn:
    """End the process as interrupted, without waiting for threads whose calls hang."""
    with suppress(OSError, ValueError, _BUSY):
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)  # progress hides it
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(StoppedError.exit_code)


@contextmanager
def stoppable(
    tell: Callable[[str], None], *, again: Callable[[], NoReturn] = interrupt
) -> Iterator[threading.Event]:
    """Yield an event that is set by the first Ctrl-C (or SIGTERM); a second one calls `again`."""
    stop = threading.Event()

    def wish(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's signature
        if stop.is_set():
            again()
        stop.set()
        with suppress(_BUSY):
            tell("stopping: the calls in flight are finished first; Ctrl-C again ends at once")

    before = {number: signal.signal(number, wish) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interruptible() -> None:
    """Let Ctrl-C unwind what runs, and a second one end it even where threads hang."""

    def wish(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's signature
        signal.signal(signal.SIGINT, lambda *_: leave())
        interrupt()

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a job in the background
        signal.signal(signal.SIGINT, wish)
