"""A closer look at the few objects that one copy request does not settle.

An object may be too big for one request, may have been written again since it was listed, or may be
in the lake already, brought there by the loader or by a run that was killed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from dmslake.aws.clients import Clients
from dmslake.backfill.copier import Mended
from dmslake.backfill.ledger import Row, State
from dmslake.backfill.store import Terms
from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes.base import ObjectRef
from dmslake.lake.mover import Mover, S3Client
from dmslake.lake.objects import Skipped
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.routing import Router
from dmslake.lake.seen import Seen

ONE_REQUEST = 256 * 1024**2
"""Bigger objects are copied in parts: S3 takes longer for them than a request should be silent."""

_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
# HEAD has no body, so S3's word for a refusal is lost and only the number is left.
_NAMES_OF_NUMBERS = {
    "400": "BadRequest",
    "403": "AccessDenied",
    "500": "InternalError",
    "503": "SlowDown",
}
_REFUSED, _UNAVAILABLE = 403, 503
_STATES = {
    Status.COPIED: State.COPIED,
    Status.SKIPPED: State.SKIPPED,
    Status.VANISHED: State.VANISHED,
    Status.FAILED: State.FAILED,
}


class S3Mender:
    """Looks with HEAD, and has the loader's own mover copy what needs more than one request."""

    def __init__(self, s3: Any, terms: Terms, router: Router, mover: Mover) -> None:
        self._s3 = s3
        self._terms = terms
        self._router = router
        self._mover = mover

    @classmethod
    def of(cls, clients: Clients, terms: Terms, config: LoaderConfig) -> Self:
        """Return one for a pipeline; copies are made and kept as its loader would."""
        router = config.router()
        s3: Any = clients.s3
        # boto3's stubs type each request as its own keywords, which no plain protocol accepts.
        mover = Mover(cast("S3Client", s3), router, config.places())
        return cls(s3, terms, router, mover)

    def too_big(self, row: Row) -> bool:
        return row.size > ONE_REQUEST

    def mend(self, row: Row) -> Mended:
        """Settle an object; whatever S3 refuses becomes its failure."""
        try:
            return self._compare(row)
        except ClientError as error:
            told = error.response.get("Error", {})
            code = str(told.get("Code"))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return Mended(
                State.FAILED,
                code=_NAMES_OF_NUMBERS.get(code, code),
                text=str(told.get("Message", "")),
                status=int(status),
            )
        except (BotoCoreError, ResponseParserError) as error:
            return Mended(State.FAILED, code=type(error).__name__, text=str(error), status=0)

    def _compare(self, row: Row) -> Mended:
        """Tell whether the staged object changed, or the lake had it already."""
        staged = self._head(self._terms.staging.name, row.key)
        if staged is None:
            return Mended(State.VANISHED)
        if staged["ETag"].strip('"') != row.etag:
            return self._as_it_is(row, staged)
        if self.too_big(row):
            return self._moved(row)
        lies = self._head(self._terms.lake.name, row.target)
        if lies is None:
            return Mended(State.PENDING, again=row)
        if lies["ContentLength"] == row.size:
            return Mended(State.PRESENT)
        return self._moved(row)

    def _moved(self, row: Row) -> Mended:
        seen = Seen(row.etag, row.size, datetime.fromtimestamp(row.modified, UTC))
        bucket = self._terms.staging.name
        return _mended(self._mover.move(ObjectRef(bucket, row.key, seen=seen)))

    def _as_it_is(self, row: Row, staged: Any) -> Mended:
        route = self._router.route(row.key, staged["LastModified"])
        if isinstance(route, Skipped):
            state = State.FAILED if route.reason.withholds_data else State.SKIPPED
            return Mended(state, code=route.reason.value, text=route.detail)
        again = row._replace(
            target=route.target,
            etag=staged["ETag"].strip('"'),
            size=staged["ContentLength"],
            modified=int(staged["LastModified"].timestamp()),
        )
        return Mended(State.PENDING, again=again)

    def _head(self, bucket: str, key: str) -> Any:
        try:
            return self._s3.head_object(
                Bucket=bucket, Key=key, ExpectedBucketOwner=self._terms.account
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                return None
            raise


def _mended(outcome: Outcome) -> Mended:
    return Mended(
        _STATES[outcome.status],
        code=outcome.error_code or outcome.reason,
        text=outcome.error,
        status=_UNAVAILABLE if outcome.temporary else _REFUSED,
    )
