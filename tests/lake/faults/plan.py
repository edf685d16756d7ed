"""Which request goes wrong, and how: decided by the seed, the object and how often it was asked.

The order in which threads come does not matter to it.
"""

from __future__ import annotations

import threading
from collections import Counter
from enum import Enum
from typing import NamedTuple
from zlib import crc32

from tests.lake.faults.answers import Request

_OFTEN = 0.06  # of all requests
_STUBBORN = 0.01  # of all objects: what fails there fails until the faults end
_SCALE = 1 << 32


class Fault(Enum):
    """What goes wrong between the loader and S3."""

    INTERNAL = "500"
    SLOW_DOWN = "503"
    RESET = "the connection breaks"
    CUT = "the answer breaks off"
    LATE = "no answer in time"
    ERROR_IN_200 = "an error after 200"
    EMPTY = "nothing after 200"
    WRONG = "something else after 200"
    DENIED = "403"


class Blow(NamedTuple):
    """A fault, and whether S3 does what it was asked for all the same."""

    fault: Fault
    done: bool


_PASSING = (
    *(Fault.INTERNAL, Fault.SLOW_DOWN, Fault.RESET, Fault.CUT, Fault.ERROR_IN_200) * 4,
    *(Fault.EMPTY, Fault.WRONG) * 4,
    Fault.LATE,
)
_STAYING = (Fault.INTERNAL, Fault.SLOW_DOWN, Fault.RESET, Fault.ERROR_IN_200, Fault.EMPTY,
            Fault.DENIED)  # fmt: skip
_HIT_FOR_GOOD = ("HeadObject", "CopyObject", "UploadPartCopy", "CompleteMultipartUpload")


class Plan:
    """The faults of one run. `struck` counts them by what they were."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._calm = False
        self.struck: Counter[tuple[str, Blow]] = Counter()

    def calm(self) -> None:
        """Let nothing go wrong from now on."""
        self._calm = True

    def blow(self, request: Request) -> Blow | None:
        if self._calm:
            return None
        operation = request.operation
        found = self._staying(operation, request) or self._passing(operation, request)
        if found is not None:
            self.struck[operation, found] += 1
        return found

    def _staying(self, operation: str, request: Request) -> Blow | None:
        key = request.source[0] if "x-amz-copy-source" in request.headers else request.key
        chance = self._number(f"{key}|stubborn")
        if chance >= _STUBBORN * _SCALE:
            return None
        hit = _HIT_FOR_GOOD[chance % len(_HIT_FOR_GOOD)]
        # One that is hit at the completion of an upload never gets there when it is small.
        if operation != hit:
            return None
        fault = _STAYING[(chance >> 4) % len(_STAYING)]
        return Blow(fault, done=fault is not Fault.DENIED and chance & 0x800 > 0)

    def _passing(self, operation: str, request: Request) -> Blow | None:
        what = f"{operation}|{request.bucket}|{request.key}|{request.query.get('partNumber')}"
        with self._lock:
            self._asked[what] += 1
            time = self._asked[what]
        chance = self._number(f"{what}|{time}")
        if chance >= _OFTEN * _SCALE:
            return None
        which = self._number(f"{what}|{time}|which")
        return Blow(_PASSING[which % len(_PASSING)], done=which & 0x10000 > 0)

    def _number(self, text: str) -> int:
        return crc32(f"{self._seed}|{text}".encode())
