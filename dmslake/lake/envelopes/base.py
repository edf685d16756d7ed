"""What every event source shares: references to objects, and how the source wants its answer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from dmslake.lake.outcome import Outcome, Status, summarise
from dmslake.lake.seen import Seen

MAX_TEXT = 1000
"""Longest text, in characters, about an event that cannot be read: it may hold anything."""

_NAMED_FAILURES = 10


class EnvelopeError(ValueError):
    """An event of no known shape."""


class DeliveryError(Exception):
    """Some objects of an event failed: raising it makes Lambda deliver the event again."""

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


class ObjectRef(NamedTuple):
    """One object that an event names. `key` is the true key, decoded.

    `version_id` is there when the bucket keeps versions. `sequencer` orders the events of one key
    (S3 User Guide, "Event message structure"). `seen` is there when the event's author knew the
    object already: then it needs no look before the first copy, which is pinned to `seen.etag`.
    """

    bucket: str
    key: str
    version_id: str | None = None
    sequencer: str | None = None
    seen: Seen | None = None

    @property
    def address(self) -> str:
        """The object's `s3://` address."""
        return f"s3://{self.bucket}/{self.key}"


Entry = ObjectRef | Outcome
"""What an event carries: an object to move, or what is already known to become of it."""


class Envelope(ABC):
    """An event taken apart."""

    shape: ClassVar[str]
    source: ClassVar[str]

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)

    @classmethod
    @abstractmethod
    def open(cls, event: Mapping[str, Any]) -> "Envelope | None":
        """Read an event of this source; nothing for an event of another shape.

        Raises EnvelopeError for one of this source's that cannot be answered.
        """

    @abstractmethod
    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Answer the source, one outcome per entry, in the way that makes it deliver again.

        Gives what the function returns, or raises where only an exception has that effect.
        """


class AsynchronousEvent(Envelope):
    """An event that Lambda keeps for the function, and delivers again whole when it raises."""

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Give the summary, or raise DeliveryError: Lambda retries an event only on an error."""
        if any(outcome.status is Status.FAILED for outcome in outcomes):
            raise DeliveryError(outcomes)
        return summarise(outcomes)


def first_opened(event: object, envelopes: Iterable[type[Envelope]]) -> Envelope | None:
    """Open an event with the first of the envelopes whose shape it has; nothing if none fits."""
    if not isinstance(event, dict):
        return None
    opened = (envelope.open(event) for envelope in envelopes)
    return next((one for one in opened if one is not None), None)


def reference(
    bucket: object, key: object, version: object = None, sequencer: object = None
) -> ObjectRef:
    """Make a reference of what an event says; raises ValueError where it cannot name an object.

    The version `null` is what S3 calls an object of a bucket that keeps no versions.
    """
    if not (isinstance(bucket, str) and isinstance(key, str) and bucket and key):
        raise ValueError("its bucket name or key is empty or not text")
    key.encode()
    if not isinstance(version, str | None):
        raise ValueError("its version is not text")  # noqa: TRY004 - the event is wrong, not a type
    version = None if version in {"", "null"} else version
    return ObjectRef(bucket, key, version, sequencer if isinstance(sequencer, str) else None)


def form_decoded(key: object) -> str:
    """Decode a form-encoded key, in which a space is a plus sign; ValueError if it is not UTF-8.

    What is no text becomes nothing, which `reference` refuses.
    """
    from urllib.parse import unquote_plus  # noqa: PLC0415 - slow to import, and boto3 brings it

    return unquote_plus(key, errors="strict") if isinstance(key, str) else ""


def unreadable(place: str, why: Exception | str, code: str = "UnreadableRecord") -> Outcome:
    """Tell that the part of an event at `place` names no object, and why."""
    if isinstance(why, KeyError | TypeError):
        why = f"it lacks a member of an S3 record: {why}"
    return Outcome.failed(place, code=code, error=f"{place} cannot be read: {why}"[:MAX_TEXT])


def within(place: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Tell of each unreadable part that it lies in `place`, such as a message."""
    for entry in entries:
        if isinstance(entry, Outcome) and entry.status is Status.FAILED:
            yield entry._replace(source=f"{place}, {entry.source}")
        else:
            yield entry
