"""A removal that takes minutes: it runs beside the program, and tells how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from dmslake.aws.errors import translating
from dmslake.errors import CloudError, DmslakeError

Work = Callable[[Callable[[int], None]], None]


@dataclass
class Removal:
    """The one removal of a resource, remembered between the calls to the resource.

    It ends with the program: an interrupted one is begun again, and finds less to do.
    """

    removed: int = 0
    _error: DmslakeError | None = None
    _finished: bool = False
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, doing: str, work: Work) -> None:
        """Start the work, unless it runs already; `doing` stands in its errors."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._error, self._finished = None, False
        self._thread = threading.Thread(
            target=self._run, args=(doing, work), name="removal", daemon=True
        )
        self._thread.start()

    def under_way(self) -> bool:
        """Tell whether the work runs; raises what it ended with, if that was an error."""
        if self._thread is None:
            return False
        if self._thread.is_alive():
            return True
        if self._error is not None:
            raise self._error
        if not self._finished:
            raise CloudError("a removal ended unexpectedly", fix="run the same command again")
        return False

    def _run(self, doing: str, work: Work) -> None:
        try:
            with translating(doing):
                work(self._count)
        except DmslakeError as error:
            self._error = error
        else:
            self._finished = True

    def _count(self, number: int) -> None:
        with self._lock:
            self.removed += number
