"""A subscription that sends DMS's events to an SNS topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dmslake.aws.clients import Clients
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Patience,
    Permissions,
    Settled,
)
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import EventSubscriptionTypeDef

_LOST = {
    "no-permission": Broken(
        "DMS is not allowed to publish to the topic",
        fix="allow sns:Publish for dms.amazonaws.com in the topic's policy",
    ),
    "topic-not-exist": Broken(
        "the topic does not exist any more", fix="correct replication.notifications.topic"
    ),
}


@dataclass(frozen=True, kw_only=True)
class EventSubscription(DmsResource["EventSubscriptionTypeDef"]):
    """A subscription to events of the sources named `source_ids` (identifiers, not ARNs)."""

    kind: ClassVar[str] = "event_subscription"
    # Never returned by the API, but made of the name.
    arn_type: ClassVar[str] = "es"
    state_member: ClassVar[str] = "Status"
    create_only: ClassVar[frozenset[str]] = frozenset({"source_type", "source_ids"})
    patience: ClassVar[Patience] = Patience(usual=10, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeEventSubscriptions", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeEventSubscriptions", "dms:ListTagsForResource",
            "dms:CreateEventSubscription", "dms:AddTagsToResource",
        ),
        update=(
            "dms:DescribeEventSubscriptions", "dms:ModifyEventSubscription",
            "dms:AddTagsToResource",
        ),
        delete=("dms:DescribeEventSubscriptions", "dms:DeleteEventSubscription"),
    )  # fmt: skip

    topic: str
    source_type: str
    source_ids: tuple[str, ...]
    categories: tuple[str, ...]

    def desired(self) -> Attributes:
        return {
            "topic": self.topic,
            "source_type": self.source_type,
            "source_ids": _sorted(self.source_ids),
            "categories": _sorted(self.categories),
            "enabled": True,
            "tags": self.own_tags(),
        }

    def find(self, aws: Clients) -> EventSubscriptionTypeDef | None:
        found: list[EventSubscriptionTypeDef] = search(
            aws.dms.describe_event_subscriptions,
            "EventSubscriptionsList",
            SubscriptionName=self.name,
        )
        return found[0] if found else None

    def attributes(self, seen: Seen[EventSubscriptionTypeDef]) -> Attributes:
        found = seen.described
        return {
            "topic": found.get("SnsTopicArn"),
            "source_type": found.get("SourceType", "").lower(),
            "source_ids": _sorted(found.get("SourceIdsList") or ()),
            "categories": _sorted(found.get("EventCategoriesList") or ()),
            "enabled": found.get("Enabled"),
        }

    def settle(self, live: Live) -> Settled:
        return _LOST.get(live.state) or super().settle(live)

    def request(self, aws: Clients) -> None:
        aws.dms.create_event_subscription(
            SubscriptionName=self.name,
            SnsTopicArn=self.topic,
            SourceType=self.source_type,
            SourceIds=list(self.source_ids),
            EventCategories=list(self.categories),
            Enabled=True,
            Tags=self.tag_list(),
        )

    def change(self, seen: Seen[EventSubscriptionTypeDef], changed: Attributes) -> None:
        if set(changed) - {"tags"}:
            seen.aws.dms.modify_event_subscription(
                SubscriptionName=self.name,
                SnsTopicArn=self.topic,
                SourceType=self.source_type,
                EventCategories=list(self.categories),
                Enabled=True,
            )

    def request_deletion(self, seen: Seen[EventSubscriptionTypeDef]) -> None:
        seen.aws.dms.delete_event_subscription(SubscriptionName=self.name)


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(word.lower() for word in words))
