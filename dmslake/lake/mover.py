"""Moves one object from staging to the lake: HEAD, route, copy.

Must not know where its object came from (an event, a listing) nor report to anybody: it returns
an Outcome. Safe to call from many threads when its client is.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from dmslake.lake.deadline import NEVER, Deadline
from dmslake.lake.envelopes.base import ObjectRef
from dmslake.lake.objects import Skipped, SkipReason, StagedObject
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.pace import Pace
from dmslake.lake.places import Places
from dmslake.lake.routing import Route, Router
from dmslake.lake.seen import Seen
from dmslake.lake.store import ARCHIVED, CHANGED, GONE, S3Client, Store, StoreError

if TYPE_CHECKING:
    from dmslake.lake.multipart import PartsCopier

__all__ = [
    "ATTEMPTS",
    "MAX_COPY_BYTES",
    "PARTS_AT_ONCE",
    "Mover",
    "Places",
    "S3Client",
    "pause",
    "utc_now",
]

MAX_COPY_BYTES = 5 * 1024**3
"""Largest object that one CopyObject takes (S3 API Reference, CopyObject)."""

ATTEMPTS = 3
"""How often an object that is being rewritten is looked at again before giving up."""

PARTS_AT_ONCE = 16
"""Parts copied at once, of all the big objects together."""

_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_RESTORED = 'ongoing-request="false"'


def utc_now() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.now(UTC)


pause = time.sleep
"""What to wait with before a request is sent again, in seconds."""


class _Look(NamedTuple):
    """A staged object as it is copied; `head` is what HEAD said, nothing if it was not asked."""

    seen: Seen
    head: Mapping[str, Any]

    @property
    def is_archived(self) -> bool:
        """Tell whether S3 would refuse to read the object, as far as HEAD tells.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        away = self.head.get("ArchiveStatus") or self.head.get("StorageClass") in _ARCHIVES
        return bool(away) and _RESTORED not in str(self.head.get("Restore"))


class Mover:
    """Moves objects between two places."""

    def __init__(
        self,
        s3: S3Client,
        router: Router,
        places: Places,
        *,
        now: Callable[[], datetime] = utc_now,
        timer: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._store = Store(s3, places)
        self._router = router
        self._places = places
        self._now = now
        self._timer = timer
        self._sleep = sleep

    def move(self, ref: ObjectRef, deadline: Deadline = NEVER) -> Outcome:
        """Copy one object to where it belongs; repeating it is harmless.

        What S3 answers becomes the outcome, and so does not reaching it. Requests that failed for
        the moment are sent again while the deadline allows it.
        """
        started = self._timer()
        try:
            outcome = self._move(ref, deadline)
        except StoreError as error:
            outcome = _failed(ref, error)
        return outcome.after((self._timer() - started) * 1000)

    def _move(self, ref: ObjectRef, deadline: Deadline) -> Outcome:
        if ref.bucket != self._places.staging_bucket:
            return Outcome.skipped(ref.address, Skipped(SkipReason.OTHER_BUCKET))
        staged = self._router.stage(ref.key)
        if isinstance(staged, Skipped):
            return Outcome.skipped(ref.address, staged)
        if deadline.passed:
            return Outcome.out_of_time(ref.address)
        pace = Pace(deadline, self._sleep, spread=hash(ref.key) % 100 / 100)
        return self._until_it_rests(ref, staged, pace).of_table(staged.schema, staged.table)

    def _until_it_rests(self, ref: ObjectRef, staged: StagedObject, pace: Pace) -> Outcome:
        known = ref.seen
        for _ in range(ATTEMPTS):
            outcome = self._attempt(ref, staged, known, pace)
            if outcome is not None:
                return outcome
            known = None
        error = f"the object changed {ATTEMPTS} times while it was being copied"
        return Outcome.failed(ref.address, code=CHANGED, error=error, temporary=True)

    def _attempt(
        self, ref: ObjectRef, staged: StagedObject, known: Seen | None, pace: Pace
    ) -> Outcome | None:
        """Try once; nothing when the object changed between the look and the copy."""
        look = self._look(ref, known, pace)
        if look is None:
            return Outcome.vanished(ref.address)
        route = self._router.place(staged, look.seen.last_modified)
        if isinstance(route, Skipped):
            return Outcome.skipped(ref.address, route)
        return self._refusal(ref, route, look) or self._copy(ref, route, look, pace)

    def _look(self, ref: ObjectRef, known: Seen | None, pace: Pace) -> _Look | None:
        # What an event tells is not enough to send every property of a big object again.
        if known is not None and not self._is_big(known):
            return _Look(known, {})
        try:
            head = pace.persist(lambda: self._store.look(ref))
        except StoreError as error:
            if error.code in GONE:
                return None
            raise
        return _Look(Seen(head["ETag"], head["ContentLength"], head["LastModified"]), head)

    def _is_big(self, seen: Seen) -> bool:
        return seen.size > min(self._places.multipart_threshold, MAX_COPY_BYTES)

    def _refusal(self, ref: ObjectRef, route: Route, look: _Look) -> Outcome | None:
        same_bucket = self._places.lake_bucket == ref.bucket
        if same_bucket and route.target.startswith(self._router.staging_folder):
            detail = f"its lake key {route.target!r} lies in staging: every copy would be copied"
            return Outcome.skipped(ref.address, Skipped(SkipReason.INSIDE_STAGING, detail))
        if look.is_archived:
            kept = look.head.get("ArchiveStatus") or look.head.get("StorageClass")
            error = (
                f"the object is archived ({kept}), so it cannot be copied: restore it "
                "(RestoreObject), wait until it can be read, then replay its event"
            )
            target = self._store.address(route.target)
            return Outcome.failed(ref.address, code=ARCHIVED, error=error, target=target)
        return None

    def _copy(self, ref: ObjectRef, route: Route, look: _Look, pace: Pace) -> Outcome | None:
        target = self._store.address(route.target)
        try:
            if self._is_big(look.seen):
                self._copy_in_parts(ref, route, look, pace)
            else:
                pace.persist(lambda: self._copy_once(ref, route, look))
        except StoreError as error:
            return _copy_failure(ref, target, error)
        return Outcome(
            status=Status.COPIED,
            source=ref.address,
            target=target,
            size=look.seen.size,
            # S3's clock may be ahead of this one, but nothing arrives before it was staged.
            lag_s=max(0.0, (self._now() - look.seen.last_modified).total_seconds()),
        )

    def _copy_once(self, ref: ObjectRef, route: Route, look: _Look) -> None:
        """Copy by one request; one of unknown outcome counts if the copy turns out to be there."""
        began = self._timer()
        try:
            self._store.copy(ref, look.seen.etag, route.target)
        except StoreError as error:
            if not (error.temporary and self._is_there(route, look, self._timer() - began)):
                raise

    def _is_there(self, route: Route, look: _Look, after: float) -> bool:
        from dmslake.lake.arrival import Expected, is_there  # noqa: PLC0415 - hardly ever needed

        trusted = None if self._places.may_overwrite else after
        expected = Expected(look.seen.size, look.seen.etag, trusted)
        return is_there(self._store, route.target, expected)

    def _copy_in_parts(self, ref: ObjectRef, route: Route, look: _Look, pace: Pace) -> None:
        from dmslake.lake.multipart import Source  # noqa: PLC0415 - most functions never need it

        self._parts.copy(Source(ref, look.head), route.target, pace)

    @cached_property
    def _parts(self) -> "PartsCopier":
        from dmslake.lake.multipart import PartsCopier  # noqa: PLC0415 - as above
        from dmslake.lake.parallel import Workers  # noqa: PLC0415 - as above

        workers = Workers(PARTS_AT_ONCE, "part")
        size = self._places.part_size
        return PartsCopier(self._store, workers, part_bytes=size, timer=self._timer)


def _copy_failure(ref: ObjectRef, target: str, error: StoreError) -> Outcome | None:
    if error.code == CHANGED:
        return None
    if error.code in GONE:
        return Outcome.vanished(ref.address)
    return _failed(ref, error, target)


def _failed(ref: ObjectRef, error: StoreError, target: str = "") -> Outcome:
    return Outcome.failed(
        ref.address, code=error.code, error=str(error), target=target, temporary=error.temporary
    )
