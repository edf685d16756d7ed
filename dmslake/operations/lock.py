"""One `up` or `down` of a pipeline at a time: a claim in the staging bucket, by conditional writes.

The claim is one small object. Whoever creates it works; whoever finds it is refused with its
holder. It is renewed while the command runs, and counts for nothing two minutes after the last
renewal, by S3's own clock, so that a run that was killed does not block for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, translating, unless_absent
from dmslake.errors import CloudError, LockedError
from dmslake.kinds.tags import OWNER_TAG
from dmslake.operations.holder import Holder, parse_holder

LIFETIME = 120.0
RENEWAL = 30.0

# 412: somebody else was first; 409: two wrote at the same moment; 404 with If-Match: it is gone.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_LOST_RACE = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_GONE = ("NoSuchKey", "NoSuchBucket", "404")
_TRIES = 5


def key_of(pipeline: str) -> str:
    """Return the key of a pipeline's lock; nothing below ``.dmslake/`` counts as data."""
    return f".dmslake/{pipeline}.lock"


class Renewal(Enum):
    """What became of a claim when it was renewed."""

    KEPT = "kept"
    GONE = "gone"
    LOST = "lost"


@dataclass(frozen=True)
class _Found:
    """A claim as it lies in the bucket; `age` is in seconds, by S3's clock."""

    holder: Holder | None
    etag: str
    age: float
    now: datetime


class Lock:
    """The claim of one run on one pipeline; `now` tells the time in UTC."""

    def __init__(
        self,
        aws: Clients,
        bucket: str,
        pipeline: str,
        holder: Holder,
        *,
        now: Callable[[], datetime],
        lifetime: float = LIFETIME,
    ) -> None:
        self._aws = aws
        self._where: Any = {"Bucket": bucket, "Key": key_of(pipeline)}
        self._pipeline = pipeline
        self._holder = holder
        self._now = now
        self._lifetime = lifetime
        self._etag = ""

    def acquire(self, *, force: bool = False) -> None:
        """Make the claim, or take over one that is over.

        Raises LockedError when somebody else holds it, unless `force`; CloudError when the bucket
        cannot be written to.
        """
        with translating(f"locking pipeline {self._pipeline}"):
            for _ in range(_TRIES):
                if self._write(IfNoneMatch="*"):
                    return
                found = self._read()
                if found is None:
                    continue
                if not (force or self._is_over(found)):
                    raise self._refused(found)
                if self._write(IfMatch=found.etag):
                    return
        raise LockedError(
            f"pipeline {self._pipeline} cannot be locked",
            why="others take its lock again and again at this moment",
            fix="run it again in a minute",
        )

    def renew(self) -> Renewal:
        """Say that the run goes on. Never makes a claim anew that somebody removed."""
        with translating(f"renewing the lock of pipeline {self._pipeline}"):
            if self._write(IfMatch=self._etag):
                return Renewal.KEPT
            return Renewal.GONE if self._read() is None else Renewal.LOST

    def release(self) -> None:
        """Give the claim up, unless it is somebody else's by now.

        Where that fails nothing is lost: the claim ends by itself.
        """
        with (
            suppress(CloudError),
            translating(f"unlocking pipeline {self._pipeline}"),
            tolerating(*_LOST_RACE, *_GONE),
        ):
            self._aws.s3.delete_object(**self._where, IfMatch=self._etag)

    def _write(self, **condition: str) -> bool:
        """Write the claim on a condition; whether it is ours now."""
        expires = self._now() + timedelta(seconds=self._lifetime)
        request: Any = {**self._where, "Body": self._holder.as_json(expires), **condition}
        answer = unless_absent(
            lambda: self._aws.s3.put_object(**request),
            *_LOST_RACE,
            *(_GONE if "IfMatch" in condition else ()),
        )
        if answer is not None:
            self._etag = answer["ETag"]
            return True
        # An answer that got lost on its way is tried again, and then meets its own success.
        found = self._read()
        if found is None or found.holder is None or found.holder.run != self._holder.run:
            return False
        self._etag = found.etag
        return True

    def _read(self) -> _Found | None:
        answer = unless_absent(lambda: self._aws.s3.get_object(**self._where), *_GONE)
        if answer is None:
            return None
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else self._now()
        return _Found(
            holder=parse_holder(answer["Body"].read()),
            etag=answer["ETag"],
            age=(now.astimezone(UTC) - answer["LastModified"]).total_seconds(),
            now=now.astimezone(UTC),
        )

    def _is_over(self, found: _Found) -> bool:
        return found.age > self._lifetime or (found.holder is not None and found.holder.is_over)

    def _refused(self, found: _Found) -> LockedError:
        left = max(0.0, self._lifetime - found.age)
        until = f"{found.now + timedelta(seconds=left):%H:%M:%S} UTC"
        return LockedError(
            f"pipeline {self._pipeline} is being worked on by {_named(found.holder)}",
            why="two at once would undo each other's work; unless that run renews its claim, as it "
            f"does every {RENEWAL:.0f} s while it works, it ends at {until} (in {left:.0f} s)",
            fix="wait until it is done; if you know that it no longer runs, add --force-unlock",
        )


def _named(holder: Holder | None) -> str:
    if holder is None:
        return "somebody whose claim cannot be read"
    since = f"{holder.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{holder.who}: `dmslake {holder.command}`, since {since}"


def lockable(aws: Clients, bucket: str, pipeline: str) -> bool:
    """Whether there is a bucket of this pipeline in which a claim can lie."""
    with translating(f"reading the tags of bucket {bucket}"):
        answer = unless_absent(
            lambda: aws.s3.get_bucket_tagging(Bucket=bucket),
            "NoSuchBucket", "NoSuchTagSet", "404",
        )  # fmt: skip
    tags = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]} if answer else {}
    return tags.get(OWNER_TAG) == pipeline


@contextmanager
def held(
    lock: Lock,
    *,
    force: bool,
    on_lost: Callable[[], None],
    every: float = RENEWAL,
) -> Iterator[None]:
    """Hold a lock while the block runs, however it ends.

    Args:
        lock: the claim to make.
        force: whether somebody else's claim is taken over.
        on_lost: called, in another thread, when somebody took the claim over meanwhile.
        every: seconds between two renewals.
    """
    lock.acquire(force=force)
    over = threading.Event()
    renewing = threading.Thread(
        target=_renew, args=(lock, over, on_lost, every), name="renew-lock", daemon=True
    )
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        lock.release()


def _renew(
    lock: Lock,
    over: threading.Event,
    on_lost: Callable[[], None],
    every: float,
) -> None:
    while not over.wait(every):
        try:
            renewal = lock.renew()
        except CloudError:  # the next try may get through; until then the claim still counts
            continue
        if renewal is Renewal.LOST:
            on_lost()
        if renewal is not Renewal.KEPT:
            return
