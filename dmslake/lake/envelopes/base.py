"""What every event source shares: references to objects, and how the source wants its answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dmslake.lake.outcome import Outcome


class EnvelopeError(ValueError):
    """An event of no known shape."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object that an event names. `key` is the true key, decoded.

    `version_id` is there when the bucket keeps versions. `sequencer` orders the events of one key
    (S3 User Guide, "Event message structure").
    """

    bucket: str
    key: str
    version_id: str | None = None
    sequencer: str | None = None

    @property
    def address(self) -> str:
        """The object's `s3://` address."""
        return f"s3://{self.bucket}/{self.key}"


Entry = ObjectRef | Outcome
"""What an event carries: an object to move, or what is already known to become of it."""


@dataclass(frozen=True, slots=True)
class Envelope(ABC):
    """An event taken apart."""

    shape: ClassVar[str]
    source: ClassVar[str]
    entries: tuple[Entry, ...]

    @classmethod
    @abstractmethod
    def open(cls, event: Mapping[str, Any]) -> "Envelope | None":
        """Read an event of this source; nothing for an event of another shape."""

    @abstractmethod
    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Answer the source, one outcome per entry, in the way that makes it deliver again.

        Gives what the function returns, or raises where only an exception has that effect.
        """
