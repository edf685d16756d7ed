"""The wait, before a queue goes that nothing fills any more, until the loader has emptied it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.queue import queue_attributes

_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


# The first look is the plan's; then the counts, which SQS gives approximately, have to agree.
_LOOKS = 3


@dataclass
class Memory:
    """How often in a row the queue was seen empty."""

    empty: int = 0


@dataclass(frozen=True, kw_only=True)
class QueueDrain(Resource[Clients]):
    """Exists until the queue `name` was seen empty several times in a row; it cannot be made.

    Until then the queue stays, and with it what it holds. The limit lets a message fail as often as
    it may before it is a dead letter: each time it is hidden for six timeouts of the function, of
    which one is usually a minute.
    """

    kind: ClassVar[str] = "queue_drain"
    patience: ClassVar[Patience] = Patience(usual=30, limit=2700)
    permissions: ClassVar[Permissions] = Permissions(read=("sqs:GetQueueAttributes",))

    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    def describe(self) -> str:
        return f"drain of queue {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        found = queue_attributes(aws, self.name)
        if found is None:
            return None
        number = sum(int(found.get(name, 0)) for name in _WAITING)
        self.memory.empty = 0 if number else self.memory.empty + 1
        if self.memory.empty >= _LOOKS:
            return None
        return Live(state="waiting for one message" if number == 1 else _waiting(number))

    def create(self, aws: Clients) -> None:
        """Make nothing: messages come from elsewhere."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: there is nothing to change."""

    def delete(self, aws: Clients) -> None:
        """Remove nothing: the loader takes the messages."""


def _waiting(number: int) -> str:
    return f"waiting for about {number:,} messages"
