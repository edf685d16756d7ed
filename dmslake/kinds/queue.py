"""An SQS queue that keeps what could not be handled, for as long as SQS can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.tags import OWNER_TAG, owned

_TWO_WEEKS = 1_209_600  # seconds; the longest retention there is
_ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# A name can be used again 60 s after its queue was deleted.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_RECENTLY_DELETED = (
    Refusal("AWS.SimpleQueueService.QueueDeletedRecently"),
    Refusal("QueueDeletedRecently"),
)


@dataclass(frozen=True, kw_only=True)
class Queue(Resource[Clients]):
    """A standard queue, encrypted by SQS."""

    kind: ClassVar[str] = "queue"
    patience: ClassVar[Patience] = Patience(usual=2, limit=180)
    permissions: ClassVar[Permissions] = Permissions(
        read=("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags"),
        create=("sqs:CreateQueue", "sqs:TagQueue"),
        update=("sqs:GetQueueUrl", "sqs:SetQueueAttributes", "sqs:TagQueue"),
        delete=("sqs:GetQueueUrl", "sqs:DeleteQueue"),
    )

    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "retention_seconds": _TWO_WEEKS,
            "encrypted_by_sqs": True,
            "tags": self._all_tags(),
        }

    def _url(self, aws: Clients) -> str | None:
        found = unless_absent(lambda: aws.sqs.get_queue_url(QueueName=self.name), *_ABSENT)
        return None if found is None else found["QueueUrl"]

    def read(self, aws: Clients) -> Live | None:
        url = self._url(aws)
        if url is None:
            return None
        found = unless_absent(
            lambda: aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]), *_ABSENT
        )
        if found is None:
            return None
        attributes = cast("Mapping[str, str]", found.get("Attributes", {}))
        tags = aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        return Live(
            attributes={
                "retention_seconds": int(attributes.get("MessageRetentionPeriod", 0)),
                "encrypted_by_sqs": attributes.get("SqsManagedSseEnabled", "").lower() == "true",
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
        )

    def create(self, aws: Clients) -> None:
        eventually(
            lambda: aws.sqs.create_queue(
                QueueName=self.name,
                Attributes=_wire(self.desired()),
                tags=self._all_tags(),
            ),
            *_RECENTLY_DELETED,
            within=75,
        )

    def update(self, aws: Clients, changed: Attributes) -> None:
        url = aws.sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
        attributes = _wire(changed)
        if attributes:
            aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        if "tags" in changed:
            aws.sqs.tag_queue(QueueUrl=url, Tags=self._all_tags())

    def delete(self, aws: Clients) -> None:
        url = self._url(aws)
        if url is not None:
            with tolerating(*_ABSENT):
                aws.sqs.delete_queue(QueueUrl=url)

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)


def _wire(attributes: Attributes) -> Any:
    names = {
        "retention_seconds": "MessageRetentionPeriod",
        "encrypted_by_sqs": "SqsManagedSseEnabled",
    }
    return {
        wire: str(attributes[ours]).lower() for ours, wire in names.items() if ours in attributes
    }
