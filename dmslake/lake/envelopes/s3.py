"""S3 event notifications, delivered straight to the function.

Shape: S3 User Guide, "Event message structure".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dmslake.lake.envelopes.base import (
    AsynchronousEvent,
    Entry,
    Envelope,
    form_decoded,
    reference,
    unreadable,
)
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.outcome import Outcome, summarise


class S3Notification(AsynchronousEvent):
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
        return cls(_entry(one, f"record {number}") for number, one in enumerate(records, 1))


class S3TestEvent(Envelope):
    """What S3 sends when a notification is configured; it names no object."""

    shape = "an s3:TestEvent"
    source = "s3-test"

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "S3TestEvent | None":
        return cls(()) if event.get("Event") == "s3:TestEvent" else None

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        return summarise(outcomes)


def _entry(record: Mapping[str, Any], place: str) -> Entry:
    """Read one S3 record; `place` names it in the failure that an unreadable one becomes."""
    try:
        bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key = form_decoded(item["key"])
        ref = reference(bucket, key, item.get("versionId"), item.get("sequencer"))
    except (KeyError, TypeError, ValueError) as error:
        return unreadable(place, error)
    version = str(record.get("eventVersion", "2.1"))
    if not version.startswith("2."):
        return unreadable(place, f"its event version is {version}, not 2.x")
    if not str(record.get("eventName")).removeprefix("s3:").startswith("ObjectCreated:"):
        return Outcome.skipped(ref.address, Skipped(SkipReason.NOT_A_CREATION))
    return ref
