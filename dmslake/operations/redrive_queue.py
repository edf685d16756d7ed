"""The dead-letter queue of a pipeline: count, take, remove, give back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating, unless_absent
from dmslake.blueprint.names import Names
from dmslake.errors import NotFoundError
from dmslake.operations.redrive_letters import Letter, read_letter

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""Messages that SQS gives, or takes, at once, at most."""
LONGEST_HIDDEN = 12 * 3600
"""Seconds for which SQS hides a message, at most."""

_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many messages there are, by SQS's own approximation.

    Attributes:
        waiting: that can be received.
        hidden: that somebody has received and neither removed nor given back.
    """

    waiting: int
    hidden: int

    @property
    def all(self) -> int:
        return self.waiting + self.hidden


class DeadLetterQueue:
    """The queue, by its URL."""

    def __init__(self, clients: Clients, names: Names, url: str) -> None:
        self._sqs = clients.sqs
        self._url = url
        self._region = clients.account.region
        self._arn = names.dead_letters_arn
        self.name = names.dead_letters

    def count(self) -> Counts:
        """Return SQS's counts; they may lag behind by a minute."""
        with translating(f"counting the messages of queue {self.name}"):
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )
        found = {str(name): value for name, value in answer.get("Attributes", {}).items()}
        return Counts(
            waiting=int(found.get("ApproximateNumberOfMessages", 0)),
            hidden=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
        )

    def receive(self, most: int, *, hidden_s: int, wait_s: int) -> list[Letter]:
        """Take up to `most` messages, and nobody else gets them for `hidden_s` seconds.

        Asks all servers of SQS, which short polling does not: `wait_s` is 1 second or more.
        """
        with translating(f"receiving from queue {self.name}"):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, BATCH),
                VisibilityTimeout=min(hidden_s, LONGEST_HIDDEN),
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=["All"],
            )
        return [read_letter(self._record(one)) for one in answer.get("Messages", [])]

    def remove(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Delete messages; return why those stay that SQS did not delete, by their ids."""
        kept: dict[str, str] = {}
        for part, entries in _parts(letters):
            with translating(f"removing from queue {self.name}"):
                answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            for one in answer.get("Failed", []):
                said = f"{one.get('Code', '')}: {one.get('Message', '')}".strip(": ")
                kept[part[int(one["Id"])].id] = said
        return kept

    def hide(self, letters: Sequence[Letter], seconds: int) -> None:
        """Keep messages that were received for so long from now on; 0 gives them back.

        One that is not hidden any more stays as it is.
        """
        for _, entries in _parts(letters, VisibilityTimeout=min(seconds, LONGEST_HIDDEN)):
            with translating(f"giving messages back to queue {self.name}"):
                self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _record(self, message: MessageTypeDef) -> dict[str, object]:
        """Return a message as Lambda hands it to a function.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message.get("Body", ""),
            "attributes": dict(message.get("Attributes", {})),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._region,
        }


def find_queue(clients: Clients, names: Names) -> DeadLetterQueue:
    """Return the dead-letter queue of a pipeline; raises NotFoundError where there is none."""
    with translating(f"looking for queue {names.dead_letters}"):
        found = unless_absent(
            lambda: clients.sqs.get_queue_url(QueueName=names.dead_letters), *_NO_QUEUE
        )
    if found is None:
        raise NotFoundError(
            f"pipeline {names.pipeline} has no dead-letter queue",
            why=f"there is no queue {names.dead_letters} in account {names.account.id}, "
            f"{names.account.region}",
            fix="make it: dmslake up",
        )
    return DeadLetterQueue(clients, names, found["QueueUrl"])


def _parts(letters: Sequence[Letter], **more: int) -> Iterator[tuple[Sequence[Letter], Any]]:
    """Yield as many letters as one call takes, with its entries: an id is the letter's place."""
    for start in range(0, len(letters), BATCH):
        part = letters[start : start + BATCH]
        yield (
            part,
            [{"Id": str(at), "ReceiptHandle": one.handle, **more} for at, one in enumerate(part)],
        )
