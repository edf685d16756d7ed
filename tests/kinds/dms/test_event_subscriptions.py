"""Event subscriptions: where they go, what they say, and why they fall silent."""

from __future__ import annotations

from typing import Any

import pytest

from dmslake.engine.assessment import assess
from dmslake.engine.plan import Action
from dmslake.kinds.event_subscription import EventSubscription
from tests.kinds.dms.fake_dms import ABSENT, OWNER, FakeDms

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def subscription(fake: FakeDms, **fields: Any) -> EventSubscription:
    given: dict[str, Any] = {
        "topic": TOPIC,
        "source_type": "replication-task",
        "source_ids": ("shop-task",),
        "categories": ("failure", "state change"),
    }
    given.update(fields)
    return EventSubscription(name="shop-events", owner=OWNER, clock=fake.clock, **given)


def described(**members: object) -> dict[str, Any]:
    found = {
        "CustSubscriptionId": "shop-events",
        "SnsTopicArn": TOPIC,
        "Status": "active",
        "SourceType": "replication-task",
        "SourceIdsList": ["shop-task"],
        "EventCategoriesList": ["state change", "failure"],
        "Enabled": True,
    }
    return {"EventSubscriptionsList": [{**found, **members}]}


def test_it_is_made_with_identifiers(fake: FakeDms) -> None:
    fake.on("DescribeEventSubscriptions", ABSENT)
    subscription(fake).create(fake.clients())
    (sent,) = fake.sent("CreateEventSubscription")
    assert sent["SourceIds"] == ["shop-task"]
    assert sent["Enabled"] is True


@pytest.mark.parametrize(
    ("there", "action"),
    [
        ({}, Action.NOTHING),
        ({"SnsTopicArn": TOPIC + "2"}, Action.UPDATE),
        ({"EventCategoriesList": ["failure"]}, Action.UPDATE),
        ({"Enabled": False}, Action.UPDATE),
        ({"SourceIdsList": ["other"]}, Action.REPLACE),
        ({"Status": "modifying"}, Action.WAIT),
    ],
)
def test_what_the_plan_makes_of_it(fake: FakeDms, there: Any, action: Action) -> None:
    fake.on("DescribeEventSubscriptions", described(**there))
    resource = subscription(fake)
    assert assess(resource, resource.read(fake.clients())).action is action


def test_a_topic_that_does_not_take_events_is_explained(fake: FakeDms) -> None:
    fake.on("DescribeEventSubscriptions", described(Status="no-permission"))
    resource = subscription(fake)
    step = assess(resource, resource.read(fake.clients()))
    assert step.reason == "it is broken: DMS is not allowed to publish to the topic"


def test_its_tags_come_by_the_name(fake: FakeDms) -> None:
    fake.on("DescribeEventSubscriptions", described())
    subscription(fake).read(fake.clients())
    (asked,) = fake.sent("ListTagsForResource")
    assert asked["ResourceArn"] == "arn:aws:dms:eu-west-1:123456789012:es:shop-events"


def test_it_is_changed_as_a_whole_and_deleted_by_name(fake: FakeDms) -> None:
    fake.on("DescribeEventSubscriptions", described())
    resource = subscription(fake, categories=("failure",))
    resource.update(fake.clients(), {"categories": ("failure",)})
    (sent,) = fake.sent("ModifyEventSubscription")
    assert (sent["EventCategories"], sent["SnsTopicArn"]) == (["failure"], TOPIC)
    resource.delete(fake.clients())
    assert fake.sent("DeleteEventSubscription") == [{"SubscriptionName": "shop-events"}]
