"""Dead letters: messages that hold an event which the loader gave up on.

Both triggers fill the same queue: Lambda with its on-failure records, SQS with the messages that
were delivered too often. Whatever the loader takes for an event is one here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dmslake.lake.envelopes import EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.outcome import Outcome

# The loader's own word for a message that holds no event, see lake/envelopes/sqs.py.
UNREADABLE = "UnreadableMessage"
# A request of Lambda may have 6 MB, a message of SQS 1 MB before its quotes are escaped.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_EVENT = 5_500_000

_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message of the dead-letter queue.

    Attributes:
        record: the message as Lambda hands it to a function.
        objects: the addresses of the objects that its event names; none for S3's test event.
        foreign: why it holds no event; empty where it holds one.
    """

    record: Mapping[str, object]
    objects: tuple[str, ...] = ()
    foreign: str = ""

    @property
    def id(self) -> str:
        return str(self.record["messageId"])

    @property
    def handle(self) -> str:
        return str(self.record["receiptHandle"])

    def spent(self) -> Letter:
        """Return what is left to know of a message that is not invoked any more."""
        known = {name: self.record[name] for name in ("messageId", "receiptHandle")}
        return replace(self, record=known)

    @property
    def since(self) -> datetime | None:
        """When it was sent to its queue, in UTC, if SQS says so."""
        attributes = self.record["attributes"]
        sent = attributes.get("SentTimestamp") if isinstance(attributes, Mapping) else None
        return None if sent is None else datetime.fromtimestamp(int(sent) / _MILLISECONDS, UTC)

    @property
    def given_up(self) -> str:
        """Why the event was given up, as far as the message itself knows."""
        return _given_up(str(self.record["body"]))


def read_letter(record: Mapping[str, object]) -> Letter:
    """Read one record of an event of SQS, in the way in which the loader itself reads it."""
    try:
        entries = open_envelope({"Records": [record]}).entries
    except EnvelopeError as error:
        return Letter(record=record, foreign=str(error))
    foreign = [one.error for one in entries if isinstance(one, Outcome) and _is_no_event(one)]
    if foreign and len(foreign) == len(entries):
        return Letter(record=record, foreign=foreign[0])
    named = (one.address if isinstance(one, ObjectRef) else one.source for one in entries)
    return Letter(record=record, objects=tuple(dict.fromkeys(named)))


def _is_no_event(outcome: Outcome) -> bool:
    return outcome.error_code == UNREADABLE


def event_of(letters: Sequence[Letter]) -> bytes:
    """Return the event with which SQS would wake the function for these messages."""
    event = {"Records": [dict(letter.record) for letter in letters]}
    return json.dumps(event).encode()


def batches(letters: Sequence[Letter], largest: int = LARGEST_EVENT) -> Iterator[list[Letter]]:
    """Yield the letters in as few lists as fit into an event each; `largest` is in bytes."""
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        more = len(event_of([letter]))
        if batch and size + more > largest:
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += more
    if batch:
        yield batch


def _given_up(body: str) -> str:
    """Read the reason from Lambda's on-failure record; messages that SQS moved have none.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    try:
        record = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(record, dict):
        return ""
    for part, member in (("responsePayload", "errorMessage"), ("requestContext", "condition")):
        found = record.get(part)
        if isinstance(found, dict) and found.get(member):
            return str(found[member])
    return ""
