"""Lambda's own records of asynchronous invocations that failed, so that they can be replayed.

Shape: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations". The event
that failed is their `requestPayload`; a replay that failed makes a record of a record.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dmslake.lake.envelopes.base import AsynchronousEvent, Entry, first_opened, unreadable, within
from dmslake.lake.envelopes.eventbridge import EventBridgeEvent
from dmslake.lake.envelopes.s3 import S3Notification, S3TestEvent
from dmslake.lake.envelopes.sqs import SqsBatch

MAX_NESTED = 5
"""Records of records that are opened; more than Lambda's retries of replays ever make."""

_HELD = (S3Notification, S3TestEvent, EventBridgeEvent, SqsBatch)


class OnFailureRecord(AsynchronousEvent):
    """An invocation that failed, with the objects of its event."""

    shape = "a Lambda on-failure record (requestContext and requestPayload)"
    source = "on-failure"

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "OnFailureRecord | None":
        """Read the event that failed; what cannot be read becomes a failure of its own."""
        return cls(_entries(event)) if _is_record(event) else None


def _is_record(event: object) -> bool:
    return isinstance(event, dict) and "requestPayload" in event and "requestContext" in event


def _entries(record: Mapping[str, Any]) -> Iterator[Entry]:
    place = _name(record)
    for _ in range(MAX_NESTED):
        version = str(record.get("version", "1.0"))
        if not version.startswith("1."):
            yield _unreadable(place, f"its version is {version}, not 1.x")
            return
        payload = record["requestPayload"]
        if not _is_record(payload):
            yield from _payload_entries(place, payload)
            return
        record = payload
    yield _unreadable(place, f"it holds more than {MAX_NESTED} records, one in the other")


def _payload_entries(place: str, payload: object) -> Iterator[Entry]:
    envelope = first_opened(payload, _HELD)
    if envelope is None:
        known = " or ".join(held.shape for held in _HELD)
        yield _unreadable(place, f"its requestPayload is not {known}")
    else:
        yield from within(place, envelope.entries)


def _name(record: Mapping[str, Any]) -> str:
    context = record["requestContext"]
    request = context.get("requestId") if isinstance(context, dict) else None
    return f"failed request {request}"


def _unreadable(place: str, why: str) -> Entry:
    return unreadable(place, why, "UnreadableMessage")
