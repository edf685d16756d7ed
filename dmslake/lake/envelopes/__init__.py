"""The events that bring keys to the function, one file per source, recognised by their shape.

A key is decoded here, once, the way its source encodes it; past this folder every key is the true
one. A new source is one file with an `Envelope` and one line in `ENVELOPES`.
"""

from dmslake.lake.envelopes.base import Entry, Envelope, EnvelopeError, ObjectRef
from dmslake.lake.envelopes.s3 import S3Notification, S3TestEvent
from dmslake.lake.envelopes.sqs import SqsBatch

__all__ = ["Entry", "Envelope", "EnvelopeError", "ObjectRef", "open_envelope"]

ENVELOPES: tuple[type[Envelope], ...] = (S3Notification, S3TestEvent, SqsBatch)


def open_envelope(event: object) -> Envelope:
    """Recognise an event and read what it carries; EnvelopeError for one of no known shape."""
    if isinstance(event, dict):
        for envelope in ENVELOPES:
            opened = envelope.open(event)
            if opened is not None:
                return opened
    known = " or ".join(envelope.shape for envelope in ENVELOPES)
    raise EnvelopeError(f"expected {known}, but got {_describe(event)}")


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
