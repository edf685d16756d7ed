"""S3 event notifications, delivered straight to the function.

Shape: S3 User Guide, "Event message structure".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from dmslake.lake.envelopes.base import Entry, Envelope, ObjectRef
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.outcome import Outcome, Status, summarise

_NAMED_FAILURES = 10


class DeliveryError(Exception):
    """Some objects of a notification failed: raising it makes Lambda deliver the event again."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
        named = [f"{one.source}: {one.error_code}: {one.error}" for one in failed[:_NAMED_FAILURES]]
        more = len(failed) - len(named)
        super().__init__(
            f"{len(failed)} of {len(outcomes)} objects failed: "
            + "; ".join(named)
            + (f"; and {more} more" if more else "")
        )
        self.failed = tuple(failed)


@dataclass(frozen=True, slots=True)
class S3Notification(Envelope):
    """A notification with one record per object."""

    shape = "an S3 notification (Records from aws:s3)"
    source = "s3"

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "S3Notification | None":
        """Read the records of `aws:s3`; one that cannot be read becomes a failure of its own."""
        records = event.get("Records")
        if not isinstance(records, list) or not records:
            return None
        if not all(isinstance(one, dict) and one.get("eventSource") == "aws:s3" for one in records):
            return None
        return cls(
            tuple(read_record(one, f"record {number}") for number, one in enumerate(records, 1))
        )

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Give the summary, or raise DeliveryError: Lambda retries an event only on an error."""
        if any(outcome.status is Status.FAILED for outcome in outcomes):
            raise DeliveryError(outcomes)
        return summarise(outcomes)


@dataclass(frozen=True, slots=True)
class S3TestEvent(Envelope):
    """What S3 sends when a notification is configured; it names no object."""

    shape = "an s3:TestEvent"
    source = "s3-test"

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "S3TestEvent | None":
        return cls(()) if event.get("Event") == "s3:TestEvent" else None

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        return summarise(outcomes)


def read_record(record: Mapping[str, Any], place: str) -> Entry:
    """Read one S3 record; `place` names it in the failure that an unreadable one becomes."""
    try:
        ref = _reference(record["s3"])
    except (KeyError, TypeError) as error:
        return _unreadable(place, f"it lacks a member of an S3 record: {error}")
    except ValueError as error:
        return _unreadable(place, str(error))
    version = str(record.get("eventVersion", "2.1"))
    if not version.startswith("2."):
        return _unreadable(place, f"its event version is {version}, not 2.x")
    if not str(record.get("eventName")).removeprefix("s3:").startswith("ObjectCreated:"):
        return Outcome.skipped(ref.address, Skipped(SkipReason.NOT_A_CREATION))
    return ref


def _reference(described: Mapping[str, Any]) -> ObjectRef:
    bucket, item = described["bucket"]["name"], described["object"]
    # Notification keys are form-encoded: a space comes as a plus sign.
    key = unquote_plus(item["key"], errors="strict") if isinstance(item["key"], str) else ""
    key.encode()
    if not (isinstance(bucket, str) and bucket and key):
        raise ValueError("its bucket name or key is empty or not text")
    version = item.get("versionId")
    return ObjectRef(bucket, key, None if version == "null" else version, item.get("sequencer"))


def _unreadable(place: str, why: str) -> Outcome:
    return Outcome.failed(place, code="UnreadableRecord", error=f"{place} cannot be read: {why}")
