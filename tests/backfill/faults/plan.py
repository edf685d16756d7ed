"""Which request goes wrong, and how: by the seed, what is asked for, and how often it was asked.

The order in which requests come does not matter to it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from zlib import crc32

_SCALE = 1 << 32


class Fault(Enum):
    """What goes wrong between the backfill and S3."""

    SLOW_DOWN = "503"
    INTERNAL = "500"
    RESET = "the connection breaks"
    CUT = "the answer breaks off"
    SHORT = "the answer is whole for HTTP, but not for XML"
    ERROR_IN_200 = "an error after 200"
    EMPTY = "nothing after 200"
    WRONG = "something else after 200"


@dataclass
class Plan:
    """The faults of one run.

    Attributes:
        share: of the requests that go wrong.
        storm: from which copy on, and for how many seconds, every copy is answered with 503.
        calm_at: when the storm ends, by the steady clock.
        struck: counts the faults by operation and kind, and whether it was done all the same.
    """

    seed: int = 0
    share: float = 0.0
    faults: tuple[Fault, ...] = tuple(Fault)
    storm: tuple[int, float] = (0, 0.0)
    struck: Counter[tuple[str, Fault, bool]] = field(default_factory=Counter)
    copies: int = 0
    calm_at: float = 0.0
    _asked: Counter[str] = field(default_factory=Counter)

    def blow(self, operation: str, what: str) -> tuple[Fault, bool] | None:
        """Return the fault that hits a request, and whether S3 does all the same what it asks."""
        found = self._storm(operation) or self._chance(operation, what)
        if found is not None:
            self.struck[operation, *found] += 1
        return found

    def _storm(self, operation: str) -> tuple[Fault, bool] | None:
        if operation != "CopyObject":
            return None
        self.copies += 1
        first, seconds = self.storm
        if self.copies == first:
            self.calm_at = monotonic() + seconds
        return (Fault.SLOW_DOWN, False) if monotonic() < self.calm_at else None

    def _chance(self, operation: str, what: str) -> tuple[Fault, bool] | None:
        if not self.share:
            return None
        asked = f"{operation}|{what}"
        self._asked[asked] += 1
        number = crc32(f"{self.seed}|{asked}|{self._asked[asked]}".encode())
        if number >= self.share * _SCALE:
            return None
        which = crc32(f"{number}|which".encode())
        return self.faults[which % len(self.faults)], which & 0x10000 > 0
