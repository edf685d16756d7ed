"""The events that bring keys to the function, one file per source, recognised by their shape.

A key is decoded here, once, the way its source encodes it; past this folder every key is the true
one. A new source is one file with an `Envelope` and one line in `_envelopes`.
"""

from collections.abc import Iterator

from dmslake.lake.envelopes.base import (
    MAX_TEXT,
    DeliveryError,
    Entry,
    Envelope,
    EnvelopeError,
    ObjectRef,
    first_opened,
)
from dmslake.lake.envelopes.s3 import S3Notification, S3TestEvent
from dmslake.lake.envelopes.sqs import SqsBatch

__all__ = ["DeliveryError", "Entry", "Envelope", "EnvelopeError", "ObjectRef", "open_envelope"]


def open_envelope(event: object) -> Envelope:
    """Recognise an event and read what it carries; EnvelopeError for one of no known shape."""
    opened = first_opened(event, _envelopes())
    if opened is not None:
        return opened
    known = " or ".join(envelope.shape for envelope in _envelopes())
    raise EnvelopeError(f"expected {known}, but got {_describe(event)}"[:MAX_TEXT])


def _envelopes() -> Iterator[type[Envelope]]:
    yield from (S3Notification, S3TestEvent, SqsBatch)
    # Read only when an event is none of these: the function's cold start pays for every file.
    from dmslake.lake.envelopes.eventbridge import EventBridgeEvent  # noqa: PLC0415 - see above
    from dmslake.lake.envelopes.on_failure import OnFailureRecord  # noqa: PLC0415 - see above
    from dmslake.lake.envelopes.s3_batch import S3BatchTasks  # noqa: PLC0415 - see above

    yield from (EventBridgeEvent, S3BatchTasks, OnFailureRecord)


def _describe(event: object) -> str:
    if not isinstance(event, dict):
        return f"a JSON {type(event).__name__}"
    records = event.get("Records")
    if isinstance(records, list):
        sources = sorted({_source(record) for record in records})
        return f"{len(records)} records from {', '.join(sources) or 'nowhere'}"
    names = ", ".join(repr(name) for name in sorted(map(str, event))[:10])
    return f"an object with the members {names or 'none'}"


def _source(record: object) -> str:
    if not isinstance(record, dict):
        return "an unnamed source"
    return str(record.get("eventSource") or record.get("EventSource") or "an unnamed source")
