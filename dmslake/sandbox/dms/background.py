"""Work in threads, by key, whose result is picked up later from one place."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Background(Generic[Result]):
    """At most one piece of work per key. The caller serialises access."""

    def __init__(self, pool: ThreadPoolExecutor, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._wake = wake
        self._work: dict[str, Future[Result]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._work

    def start(self, key: str, work: Callable[[], Result]) -> None:
        """Run `work` in a thread; `wake` is called from there once it has ended."""
        future = self._pool.submit(work)
        self._work[key] = future
        future.add_done_callback(lambda _: self._wake())

    def is_done(self, key: str) -> bool:
        """Tell whether work has ended and its result can be taken."""
        future = self._work.get(key)
        return future is not None and future.done()

    def take(self, key: str) -> Future[Result] | None:
        """Return ended work, once; None while it runs or when there is none."""
        future = self._work.get(key)
        if future is None or not future.done():
            return None
        return self._work.pop(key)

    def drop(self, key: str) -> None:
        """Forget work whose result nobody wants any more."""
        self._work.pop(key, None)
