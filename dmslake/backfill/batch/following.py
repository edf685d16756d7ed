"""A job while it runs: S3 is asked again and again, at first often, then four times a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating

COMPLETE = "Complete"
_OVER = frozenset({COMPLETE, "Failed", "Cancelled"})
_LONGER = 1.5


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A job as S3 tells it; `why` are its reasons for having failed, with their codes."""

    job: str
    state: str
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    seconds: int = 0
    why: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in _OVER


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Seconds between two looks at a job: the first, and the longest."""

    first: float = 0.5
    longest: float = 15.0


def look(clients: Clients, job: str) -> Sight:
    """Ask for a job. Raises CloudError."""
    with translating("looking at the job of S3 Batch Operations"):
        found = clients.s3control.describe_job(AccountId=clients.account.id, JobId=job)["Job"]
    progress = found.get("ProgressSummary") or {}
    reasons = [
        f"{one.get('FailureCode', '')}: {one.get('FailureReason', '')}"
        for one in found.get("FailureReasons") or ()
    ]
    return Sight(
        job=job,
        state=str(found["Status"]),
        total=int(progress.get("TotalNumberOfTasks") or 0),
        succeeded=int(progress.get("NumberOfTasksSucceeded") or 0),
        failed=int(progress.get("NumberOfTasksFailed") or 0),
        seconds=int((progress.get("Timers") or {}).get("ElapsedTimeInActiveSeconds") or 0),
        why="; ".join(reasons) or str(found.get("StatusUpdateReason") or ""),
    )


def follow(
    look_again: Callable[[], Sight],
    on_sight: Callable[[Sight], None],
    stop: threading.Event,
    pauses: Pauses,
) -> Sight:
    """Watch a job until it is over, or until told to stop; returns what was seen last."""
    pause = pauses.first
    while True:
        seen = look_again()
        on_sight(seen)
        if seen.is_over or stop.wait(pause):
            return seen
        pause = min(pauses.longest, pause * _LONGER)
