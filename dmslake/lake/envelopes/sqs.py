"""S3 event notifications that waited in a queue: each message holds one notification.

Shapes: Lambda Developer Guide, "Using Lambda with Amazon SQS", and "Reporting batch item failures".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dmslake.lake.envelopes.base import Entry, Envelope
from dmslake.lake.envelopes.s3 import S3Notification, S3TestEvent
from dmslake.lake.outcome import Outcome, Status

_HELD: tuple[type[Envelope], ...] = (S3Notification, S3TestEvent)


@dataclass(frozen=True, slots=True)
class SqsBatch(Envelope):
    """A batch of messages; `messages` holds, for each entry, the id of the message it came in."""

    shape = "a batch of SQS messages (Records from aws:sqs)"
    source = "sqs"
    messages: tuple[str, ...] = ()

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "SqsBatch | None":
        """Read the messages; one that cannot be read becomes a failure of its own."""
        records = event.get("Records")
        if not isinstance(records, list) or not records:
            return None
        if not all(_is_message(one) for one in records):
            return None
        found = [(str(one["messageId"]), entry) for one in records for entry in _entries(one)]
        return cls(tuple(entry for _, entry in found), tuple(message for message, _ in found))

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
        and bool(record.get("messageId"))
    )


def _entries(message: Mapping[str, Any]) -> Iterator[Entry]:
    place = f"message {message['messageId']}"
    try:
        body = json.loads(message["body"])
    except (KeyError, TypeError, ValueError) as error:
        yield _unreadable(place, f"its body is not JSON: {error}")
        return
    opened = (held.open(body) for held in _HELD) if isinstance(body, dict) else iter(())
    envelope = next((one for one in opened if one is not None), None)
    if envelope is None:
        yield _unreadable(place, f"its body is not {' or '.join(held.shape for held in _HELD)}")
    else:
        yield from envelope.entries


def _unreadable(place: str, why: str) -> Outcome:
    return Outcome.failed(place, code="UnreadableMessage", error=f"{place} cannot be read: {why}")
