"""Time, as the backfill asks for it: the only place of this package that reads a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


def steady() -> float:
    """Return seconds of a clock that never goes back; only differences mean something."""
    return time.monotonic()


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def gather(seconds: float) -> None:
    """Let answers come in: taking each by itself costs as much as what it says."""
    time.sleep(seconds)


def stamp() -> str:
    """Return this machine's time as requests are signed with: `20261123T144702Z`."""
    return _written(int(time.time()))


@lru_cache(2)
def _written(seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
