"""How long work may still take."""

from collections.abc import Callable

OUT_OF_TIME = "OutOfTime"
"""The error code of what the function's time limit did not leave room for."""


FOREVER = float("inf")


class Deadline:
    """The end of the time there is.

    `left_ms` tells the milliseconds that are left, such as the `get_remaining_time_in_millis` of
    Lambda's context; without it there is no end. `reserve_s` seconds of them are kept back.
    """

    def __init__(
        self, left_ms: Callable[[], float] | None = None, *, reserve_s: float = 0.0
    ) -> None:
        self._left_ms = left_ms
        self._reserve_s = reserve_s

    def left(self) -> float:
        """Tell the seconds that are left: none is below or at zero, infinity without an end."""
        if self._left_ms is None:
            return FOREVER
        return self._left_ms() / 1000 - self._reserve_s

    @property
    def passed(self) -> bool:
        """Tell whether nothing may be begun any more."""
        return self.left() <= 0

    def earlier(self, reserve_s: float) -> "Deadline":
        """Give a deadline that comes earlier by so many seconds."""
        return Deadline(self._left_ms, reserve_s=self._reserve_s + reserve_s)


NEVER = Deadline()
"""The deadline of work that may take as long as it takes."""
