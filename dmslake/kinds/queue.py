"""An SQS queue, encrypted by SQS: for events on their way, or for those that nobody handled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.policies import Statement, attributes, document, parse
from dmslake.kinds.tags import OWNER_TAG, owned

TWO_WEEKS = 1_209_600  # seconds; the longest retention there is
_ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# A name can be used again 60 s after its queue was deleted.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_RECENTLY_DELETED = (
    Refusal("AWS.SimpleQueueService.QueueDeletedRecently"),
    Refusal("QueueDeletedRecently"),
)
_WAITING: Any = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, kw_only=True)
class Queue(Resource[Clients]):
    """A standard queue.

    Attributes:
        policy: who may use it besides this account's identities, as statements by Sid.
        visibility_timeout_s: how long a message that somebody works on is hidden from others.
        retention_s: how long a message stays.
        redrive: the ARN of the queue for messages that were received so many times in vain.
    """

    kind: ClassVar[str] = "queue"
    patience: ClassVar[Patience] = Patience(usual=2, limit=180)
    permissions: ClassVar[Permissions] = Permissions(
        read=("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
        create=("sqs:CreateQueue", "sqs:TagQueue"),
        update=("sqs:SetQueueAttributes", "sqs:TagQueue"),
        delete=("sqs:GetQueueAttributes", "sqs:DeleteQueue"),
    )

    policy: Mapping[str, Statement] = field(default_factory=dict)
    visibility_timeout_s: int | None = None
    retention_s: int = TWO_WEEKS
    redrive: tuple[str, int] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "retention_seconds": self.retention_s,
            "visibility_timeout_seconds": self.visibility_timeout_s,
            "encrypted_by_sqs": True,
            "redrive": _redrive(*self.redrive) if self.redrive else None,
            **(attributes("policy", self.policy) if self.policy else {}),
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        found = queue_attributes(aws, self.name)
        if found is None:
            return None
        tags = unless_absent(lambda: aws.sqs.list_queue_tags(QueueUrl=self._url(aws)), *_ABSENT)
        if tags is None:
            return None
        kept = tags.get("Tags", {})
        live = _attributes(found)
        return Live(attributes={**live, "tags": kept}, owner=kept.get(OWNER_TAG))

    def create(self, aws: Clients) -> None:
        eventually(
            lambda: aws.sqs.create_queue(
                QueueName=self.name,
                Attributes=self._wire(self.desired()),
                tags=self._all_tags(),
            ),
            *_RECENTLY_DELETED,
            within=75,
        )

    def update(self, aws: Clients, changed: Attributes) -> None:
        wire = self._wire(changed)
        if wire:
            aws.sqs.set_queue_attributes(QueueUrl=self._url(aws), Attributes=wire)
        if "tags" in changed:
            aws.sqs.tag_queue(QueueUrl=self._url(aws), Tags=self._all_tags())

    def parting(self, aws: Clients) -> str:
        """Say how many messages go with the queue: nobody will have seen them."""
        found = unless_absent(
            lambda: aws.sqs.get_queue_attributes(QueueUrl=self._url(aws), AttributeNames=_WAITING),
            *_ABSENT,
        )
        counts = cast("Mapping[str, str]", found.get("Attributes", {})) if found else {}
        number = sum(int(counts.get(name, 0)) for name in _WAITING)
        if not number:
            return ""
        what = "one message goes" if number == 1 else f"about {number:,} messages go"
        return f"{what} with queue {self.name}: the events in it were not handled"

    def delete(self, aws: Clients) -> None:
        with tolerating(*_ABSENT):
            aws.sqs.delete_queue(QueueUrl=self._url(aws))

    def _url(self, aws: Clients) -> str:
        return _url(aws, self.name)

    def _wire(self, wanted: Attributes) -> Any:
        """Return the attributes as SQS takes them: every value is text."""
        numbers = {
            "MessageRetentionPeriod": wanted.get("retention_seconds"),
            "VisibilityTimeout": wanted.get("visibility_timeout_seconds"),
        }
        wire = {name: str(value) for name, value in numbers.items() if value is not None}
        if "encrypted_by_sqs" in wanted:
            wire["SqsManagedSseEnabled"] = "true"
        if wanted.get("redrive"):
            wire["RedrivePolicy"] = json.dumps(wanted["redrive"])
        if wanted.keys() & {"policy", "policy_statements"}:
            wire["Policy"] = document(self.policy)
        return wire

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)


def queue_attributes(aws: Clients, name: str) -> Mapping[str, str] | None:
    """Return all attributes of the queue of this name, or None; everybody asks in these words."""
    found = unless_absent(
        lambda: aws.sqs.get_queue_attributes(QueueUrl=_url(aws, name), AttributeNames=["All"]),
        *_ABSENT,
    )
    return None if found is None else cast("Mapping[str, str]", found.get("Attributes", {}))


def _url(aws: Clients, name: str) -> str:
    """Return a queue's URL without asking for it.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    return f"{aws.sqs.meta.endpoint_url.rstrip('/')}/{aws.account.id}/{name}"


def _redrive(queue_arn: str, times: int) -> dict[str, object]:
    return {"deadLetterTargetArn": queue_arn, "maxReceiveCount": times}


def _attributes(found: Mapping[str, str]) -> dict[str, object]:
    redrive = json.loads(found.get("RedrivePolicy") or "{}")
    return {
        "retention_seconds": int(found.get("MessageRetentionPeriod", 0)),
        "visibility_timeout_seconds": int(found.get("VisibilityTimeout", 0)),
        "encrypted_by_sqs": found.get("SqsManagedSseEnabled", "").lower() == "true",
        # SQS keeps the number as it was written: as a number or as text.
        "redrive": _redrive(redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"]))
        if redrive
        else {},
        **attributes("policy", parse(found.get("Policy") or "{}")),
    }
