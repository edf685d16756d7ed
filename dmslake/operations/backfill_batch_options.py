"""How a backfill by S3 Batch Operations goes about it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from dmslake.backfill.batch.following import Pauses, Sight

FOLLOWING = "following the job"


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How a run by jobs goes about it.

    Attributes:
        canary: the number of objects of the first job.
        manifest: what the others read: empty for manifests written from the ledger, "generated"
            for one that S3 makes, or the ARN of an inventory's manifest.json.
        pauses: how long to wait between two looks at a job.
        role_seconds: how long to wait for a role that was just made and is not seen yet.
    """

    canary: int = 1000
    manifest: str = ""
    role_seconds: float = 10.0
    pauses: Pauses = field(default_factory=Pauses)


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a run is: what it does, and the job that it follows, as S3 tells it."""

    step: str
    seconds: float
    listed: int = 0
    number: int = 0
    sight: Sight | None = None
