"""Kill this very process at a chosen call to AWS, as `kill -9` does. For programs that tests start.

Counted are the calls that change something: between two of them nothing happens that a kill could
leave half done.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from botocore import handlers

VARIABLE = "KILL_AT"
"""``17 before`` or ``17 after``: the number of the call, and whether it is still made."""
READS = ("Describe", "Get", "List", "Head", "Filter", "Receive")


def environment(number: int, when: str) -> dict[str, str]:
    """Return the variables with which a program dies at its `number`-th call that changes."""
    return {VARIABLE: f"{number} {when}"}


def listen() -> None:
    """Arm the process: see `VARIABLE`."""
    number, _, when = os.environ[VARIABLE].partition(" ")
    trap = _Trap(int(number), when)
    handlers.BUILTIN_HANDLERS.append(("before-send", trap.before))
    handlers.BUILTIN_HANDLERS.append(("after-call", trap.after))


class _Trap:
    def __init__(self, number: int, when: str) -> None:
        self._number = number
        self._when = when
        self._made = 0
        self._here = threading.local()
        self._lock = threading.Lock()

    def before(self, event_name: str, **_: Any) -> None:
        if event_name.rpartition(".")[2].startswith(READS):
            self._here.number = 0
            return
        with self._lock:
            self._made += 1
            self._here.number = self._made
            if self._made == self._number and self._when == "before":
                _die()

    def after(self, **_: Any) -> None:
        if self._when == "after" and getattr(self._here, "number", 0) == self._number:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
