"""Time, as the backfill asks for it: the only place of this package that reads a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def steady() -> float:
    """Return seconds of a clock that never goes back; only differences mean something."""
    return time.monotonic()


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def gather(seconds: float) -> None:
    """Let answers come in: taking each by itself costs as much as what it says."""
    time.sleep(seconds)
