"""A clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StandingClock:
    """Shows the same time until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, 30, 27, 362_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
