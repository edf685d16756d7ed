"""What was just asked of DMS, and the answers that do not know of it yet.

DMS describes a resource as it was for some time after a change. Taken at its word, a task that was
started again has failed, and an instance that is about to change is ready.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

# With the pauses of the engine's waiter: about half a minute, as long as Terraform waits before it
# looks for the first time.
_LOOKS = 60


@dataclass
class Recent(Generic[Answer]):
    """Tells an answer from before a change for a while; then answers are believed again."""

    asked: frozenset[str] = frozenset()
    _is_old: Callable[[Answer], bool] | None = None
    _looks: int = 0

    def expect(self, is_old: Callable[[Answer], bool], asked: frozenset[str] = frozenset()) -> None:
        """Remember that something was asked for: how to know an old answer, and what it was."""
        self.asked = asked
        self._is_old = is_old
        self._looks = _LOOKS

    def is_old(self, answer: Answer) -> bool:
        """Whether an answer is most likely from before the change."""
        if self._is_old is None or self._looks == 0:
            return False
        self._looks -= 1
        return self._is_old(answer)
