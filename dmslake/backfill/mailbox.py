"""Answers that come in other threads, kept for the thread that waits for them."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue

from dmslake.backfill.clock import gather
from dmslake.backfill.store import Answer

_GATHERED = 0.002  # seconds


class Mailbox:
    """Filled by any thread, emptied by one."""

    def __init__(self) -> None:
        self._come: SimpleQueue[tuple[Callable[[Answer], None], Answer]] = SimpleQueue()

    def put(self, done: Callable[[Answer], None], answer: Answer) -> None:
        """Keep an answer for whoever empties the box to tell."""
        self._come.put((done, answer))

    def empty(self, seconds: float) -> None:
        """Tell every answer that is there; waits for the first one that long."""
        try:
            done, answer = self._come.get(timeout=seconds) if seconds else self._come.get_nowait()
            gather(_GATHERED)
            while True:
                done(answer)
                done, answer = self._come.get_nowait()
        except Empty:
            return
