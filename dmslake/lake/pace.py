"""When a request that failed is sent again: a few times, later each time, within the time left."""

from collections.abc import Callable
from typing import TypeVar

from dmslake.lake.deadline import Deadline
from dmslake.lake.store import StoreError

DELAYS_S = (0.2, 0.8)
"""Seconds before the second and the third try; the SDK's own quick ones come on top."""

T = TypeVar("T")


class Pace:
    """The patience with one object.

    `spread` (0 to 1) sets the delays of objects that fail together apart.
    """

    def __init__(
        self, deadline: Deadline, sleep: Callable[[float], None], spread: float = 0.5
    ) -> None:
        self.deadline = deadline
        self._sleep = sleep
        self._factor = 0.5 + spread

    def persist(self, call: Callable[[], T]) -> T:
        """Make a call until it does not fail temporarily; raises its last StoreError."""
        for delay in DELAYS_S:
            try:
                return call()
            except StoreError as error:
                if not (error.temporary and self._wait(delay * self._factor)):
                    raise
        return call()

    def _wait(self, seconds: float) -> bool:
        if self.deadline.left() <= seconds:
            return False
        self._sleep(seconds)
        return True
