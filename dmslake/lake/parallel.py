"""A few threads for many calls, however many these are.

Imported when the first thread is needed: `concurrent.futures` costs a cold start what the
function's other modules need together.
"""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from dmslake.lake.deadline import FOREVER, NEVER, Deadline

T = TypeVar("T")


class Workers:
    """Threads that several callers may share; `count` of them at most."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._pool = self._threads()

    def run(
        self, calls: Iterable[Callable[[], T]], deadline: Deadline = NEVER
    ) -> Generator[tuple[int, Future[T]], None, None]:
        """Make the calls, as many at once as there are threads; yield each by its place when done.

        Calls are taken only when a thread is free for them. At the deadline it ends: what then
        runs is left alone and never yielded. A caller that stops early waits, up to the deadline,
        for what runs.
        """
        waiting = enumerate(calls)
        running: dict[Future[T], int] = {}
        try:
            while True:
                for place, call in islice(waiting, self._count - len(running)):
                    running[self._pool.submit(call)] = place
                done = running and wait(running, _timeout(deadline), FIRST_COMPLETED).done
                if not done:
                    return
                for future in done:
                    yield running.pop(future), future
        finally:
            if running:
                for future in running:
                    future.cancel()
                wait(running, _timeout(deadline))

    def abandon(self) -> None:
        """Leave the threads to what they are doing, and go on with new ones."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._threads()

    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._count, thread_name_prefix=self._name)


def _timeout(deadline: Deadline) -> float | None:
    left = deadline.left()
    return None if left == FOREVER else max(0.0, left)
