"""Events that waited in a queue: each message holds one.

Shapes: Lambda Developer Guide, "Using Lambda with Amazon SQS", and "Reporting batch item failures".
`dmslake redrive` calls the function with dead letters in this same shape.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dmslake.lake.envelopes.base import Entry, Envelope, first_opened, unreadable, within
from dmslake.lake.envelopes.s3 import S3Notification, S3TestEvent
from dmslake.lake.outcome import Outcome, Status


class SqsBatch(Envelope):
    """A batch of messages; `messages` holds, for each entry, the id of the message it came in."""

    shape = "a batch of SQS messages (Records from aws:sqs)"
    source = "sqs"

    def __init__(self, entries: Iterable[Entry], messages: Iterable[str]) -> None:
        super().__init__(entries)
        self.messages = tuple(messages)

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "SqsBatch | None":
        """Read the messages; one that cannot be read becomes a failure of its own."""
        records = event.get("Records")
        if not isinstance(records, list) or not records:
            return None
        if not all(_is_message(one) for one in records):
            return None
        found = [(str(one["messageId"]), entry) for one in records for entry in _entries(one)]
        return cls((entry for _, entry in found), (message for message, _ in found))

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Name the messages that are to be delivered again; all others are deleted.

        A message with one failed object comes again whole: copying the others twice is harmless.
        """
        pairs = zip(self.messages, outcomes, strict=True)
        failed = dict.fromkeys(name for name, one in pairs if one.status is Status.FAILED)
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _is_message(record: object) -> bool:
    return (
        isinstance(record, dict)
        and record.get("eventSource") == "aws:sqs"
        and isinstance(record.get("messageId"), str)
        and bool(record["messageId"])
    )


def _entries(message: Mapping[str, Any]) -> Iterator[Entry]:
    import json  # noqa: PLC0415 - slow to import, and Lambda's own runtime brings it

    place = f"message {message['messageId']}"
    try:
        body = json.loads(message["body"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        yield unreadable(place, f"its body is not JSON: {error}", "UnreadableMessage")
        return
    envelope = first_opened(body, _held())
    if envelope is None:
        known = " or ".join(held.shape for held in _held())
        yield unreadable(place, f"its body is not {known}", "UnreadableMessage")
    else:
        yield from within(place, envelope.entries)


def _held() -> Iterator[type[Envelope]]:
    yield from (S3Notification, S3TestEvent)
    # Read only when a message holds neither: the function's cold start pays for every file.
    from dmslake.lake.envelopes.eventbridge import EventBridgeEvent  # noqa: PLC0415 - see above
    from dmslake.lake.envelopes.on_failure import OnFailureRecord  # noqa: PLC0415 - see above

    yield from (EventBridgeEvent, OnFailureRecord)
