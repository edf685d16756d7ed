"""Moves one object from staging to the lake: HEAD, route, copy.

Must not know where its object came from (an event, a listing) nor report to anybody: it returns
an Outcome. Safe to call from many threads when its client is.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from dmslake.lake.envelopes.base import ObjectRef
from dmslake.lake.objects import Skipped, SkipReason, StagedObject
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.routing import Route, Router

MAX_COPY_BYTES = 5 * 1024**3
"""Largest object that one CopyObject takes (S3 API Reference, CopyObject)."""

ATTEMPTS = 3
"""How often an object that is being rewritten is looked at again before giving up."""

_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_CHANGED = "PreconditionFailed"
# HEAD has no body, so S3's word for the refusal is lost and only the number is left.
_NAMES_OF_NUMBERS = {"403": "AccessDenied"}


class S3Exceptions(Protocol):
    """The part of `client.exceptions` that is used."""

    ClientError: type[Exception]


class S3Client(Protocol):
    """The part of boto3's S3 client that is used."""

    @property
    def exceptions(self) -> S3Exceptions: ...

    def head_object(self, **request: Any) -> Mapping[str, Any]: ...

    def copy_object(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The two buckets, and the account that must own them both.

    Attributes:
        lake_kms_key: ARN of the KMS key that copies are encrypted with; empty: what the bucket
            does by itself.
    """

    staging_bucket: str
    lake_bucket: str
    account: str
    lake_kms_key: str = ""

    @property
    def encryption(self) -> dict[str, object]:
        """The members of CopyObject that say how the copy is encrypted.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        if not self.lake_kms_key:
            return {}
        return {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self.lake_kms_key,
            "BucketKeyEnabled": True,
        }


class Seen(NamedTuple):
    """A staged object as HEAD saw it."""

    etag: str
    size: int
    last_modified: datetime


def utc_now() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.now(UTC)


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
    ) -> None:
        self._s3 = s3
        self._router = router
        self._places = places
        self._now = now
        self._timer = timer

    def move(self, ref: ObjectRef) -> Outcome:
        """Copy one object to where it belongs; repeating it is harmless.

        What S3 answers becomes the outcome. Failures to reach S3 at all are raised.
        """
        started = self._timer()
        try:
            outcome = self._move(ref)
        except self._s3.exceptions.ClientError as error:
            code = _code(error)
            outcome = Outcome.failed(ref.address, code=code, error=str(error))
        return outcome.after((self._timer() - started) * 1000)

    def _move(self, ref: ObjectRef) -> Outcome:
        if ref.bucket != self._places.staging_bucket:
            return Outcome.skipped(ref.address, Skipped(SkipReason.OTHER_BUCKET))
        staged = self._router.stage(ref.key)
        if isinstance(staged, Skipped):
            return Outcome.skipped(ref.address, staged)
        for _ in range(ATTEMPTS):
            outcome = self._attempt(ref, staged)
            if outcome is not None:
                return outcome
        error = f"the object changed {ATTEMPTS} times while it was being copied"
        return Outcome.failed(ref.address, code=_CHANGED, error=error)

    def _attempt(self, ref: ObjectRef, staged: StagedObject) -> Outcome | None:
        """Try once; nothing when the object changed between the look and the copy."""
        seen = self._look(ref)
        if seen is None:
            return Outcome.vanished(ref.address)
        route = self._router.place(staged, seen.last_modified)
        if isinstance(route, Skipped):
            return Outcome.skipped(ref.address, route)
        return self._refusal(ref, route, seen) or self._copy(ref, route, seen)

    def _look(self, ref: ObjectRef) -> Seen | None:
        version = {"VersionId": ref.version_id} if ref.version_id else {}
        try:
            head = self._s3.head_object(
                Bucket=ref.bucket,
                Key=ref.key,
                ExpectedBucketOwner=self._places.account,
                **version,
            )
        except self._s3.exceptions.ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        return Seen(head["ETag"], head["ContentLength"], head["LastModified"])

    def _refusal(self, ref: ObjectRef, route: Route, seen: Seen) -> Outcome | None:
        same_bucket = self._places.lake_bucket == ref.bucket
        if same_bucket and route.target.startswith(self._router.staging_folder):
            detail = f"its lake key {route.target!r} lies in staging: every copy would be copied"
            return Outcome.skipped(ref.address, Skipped(SkipReason.INSIDE_STAGING, detail))
        if seen.size > MAX_COPY_BYTES:
            error = f"{seen.size} bytes; one copy takes at most {MAX_COPY_BYTES}"
            target = self._address(route)
            return Outcome.failed(ref.address, code="EntityTooLarge", error=error, target=target)
        return None

    def _copy(self, ref: ObjectRef, route: Route, seen: Seen) -> Outcome | None:
        source = {"Bucket": ref.bucket, "Key": ref.key}
        version = {"VersionId": ref.version_id} if ref.version_id else {}
        try:
            self._s3.copy_object(
                Bucket=self._places.lake_bucket,
                Key=route.target,
                CopySource=source | version,
                CopySourceIfMatch=seen.etag,
                ExpectedBucketOwner=self._places.account,
                ExpectedSourceBucketOwner=self._places.account,
                **self._places.encryption,
            )
        except self._s3.exceptions.ClientError as error:
            return self._copy_failure(ref, route, error)
        return Outcome(
            status=Status.COPIED,
            source=ref.address,
            target=self._address(route),
            size=seen.size,
            lag_s=(self._now() - seen.last_modified).total_seconds(),
        )

    def _copy_failure(self, ref: ObjectRef, route: Route, error: Exception) -> Outcome | None:
        code = _code(error)
        if code == _CHANGED:
            return None
        if code in _GONE:
            return Outcome.vanished(ref.address)
        target = self._address(route)
        return Outcome.failed(ref.address, code=code, error=str(error), target=target)

    def _address(self, route: Route) -> str:
        return f"s3://{self._places.lake_bucket}/{route.target}"


def _code(error: Exception) -> str:
    """Read the error code from botocore's ClientError (its `response` member)."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code") or type(error).__name__)
    return _NAMES_OF_NUMBERS.get(code, code)
