"""S3's events as EventBridge delivers them, one object each.

Shape: S3 User Guide, "EventBridge event message structure". Other than in a notification, the key
comes as it is: decoding it would turn `a+b` into `a b`.
"""

from collections.abc import Mapping
from typing import Any

from dmslake.lake.envelopes.base import AsynchronousEvent, Entry, reference, unreadable
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.outcome import Outcome


class EventBridgeEvent(AsynchronousEvent):
    """One event of S3; all but `Object Created` are skipped."""

    shape = "an EventBridge event (source aws.s3)"
    source = "eventbridge"

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "EventBridgeEvent | None":
        """Read the event; one that names no object is a failure of its own."""
        if event.get("source") != "aws.s3" or "detail-type" not in event:
            return None
        return cls((_entry(event, f"event {event.get('id')}"),))


def _entry(event: Mapping[str, Any], place: str) -> Entry:
    created = event["detail-type"] == "Object Created"
    try:
        bucket, item = event["detail"]["bucket"]["name"], event["detail"]["object"]
        ref = reference(bucket, item["key"], item.get("version-id"), item.get("sequencer"))
    except (KeyError, TypeError, ValueError) as error:
        return unreadable(place, error) if created else _skipped(place)
    return ref if created else _skipped(ref.address)


def _skipped(source: str) -> Outcome:
    return Outcome.skipped(source, Skipped(SkipReason.NOT_A_CREATION))
