from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from dmslake.sandbox.dms.publishing import lets_publish
from tests.sandbox.dms.harness import Harness, refusal

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
OTHER = "arn:aws:sns:eu-west-1:123456789012:other"
ARN = "arn:aws:dms:eu-west-1:123456789012:es:alarms"
ASKED: dict[str, Any] = {
    "SubscriptionName": "Alarms",
    "SnsTopicArn": TOPIC,
    "SourceType": "replication-task",
    "EventCategories": ["failure", "state change"],
}


@pytest.fixture
def topics(dms: Harness) -> dict[str, str | None]:
    """The topics of the account, and what is wrong with them."""
    dms.cloud.topics.update({TOPIC: None, OTHER: None})
    return dms.cloud.topics


def create(dms: Harness, **more: Any) -> Mapping[str, Any]:
    return dms.client.create_event_subscription(**{**ASKED, **more})["EventSubscription"]


def found(dms: Harness) -> Mapping[str, Any]:
    answer = dms.client.describe_event_subscriptions(SubscriptionName="alarms")
    return answer["EventSubscriptionsList"][0]


@pytest.mark.usefixtures("topics")
def test_a_subscription_lives_through_its_states(dms: Harness) -> None:
    made = create(dms, Tags=[{"Key": "team", "Value": "lake"}])

    assert made["Status"] == "creating"
    assert made["CustSubscriptionId"] == "alarms"
    assert made["EventCategoriesList"] == ["failure", "state change"]
    assert made["Enabled"] is True
    dms.advance(dms.delays.subscription_create)
    assert found(dms)["Status"] == "active"
    tags = dms.client.list_tags_for_resource(ResourceArn=ARN)["TagList"]
    assert tags == [{"Key": "team", "Value": "lake"}]
    changed = dms.client.modify_event_subscription(
        SubscriptionName="alarms", SnsTopicArn=OTHER, EventCategories=["deletion"], Enabled=False
    )["EventSubscription"]
    assert (changed["Status"], changed["SnsTopicArn"]) == ("modifying", OTHER)
    dms.advance(dms.delays.subscription_modify)
    after = found(dms)
    assert (after["Status"], after["EventCategoriesList"]) == ("active", ["deletion"])
    assert after["Enabled"] is False
    deleted = dms.client.delete_event_subscription(SubscriptionName="alarms")
    assert deleted["EventSubscription"]["Status"] == "deleting"
    dms.advance(dms.delays.subscription_delete)
    code, _ = refusal(dms.client.describe_event_subscriptions, SubscriptionName="alarms")
    assert code == "ResourceNotFoundFault"


def test_a_topic_that_goes_away_shows_in_the_state(
    dms: Harness, topics: dict[str, str | None]
) -> None:
    create(dms)
    dms.advance(dms.delays.subscription_create)

    topics[TOPIC] = "topic-not-exist"
    assert found(dms)["Status"] == "topic-not-exist"
    topics[TOPIC] = "no-permission"
    assert found(dms)["Status"] == "no-permission"
    topics[TOPIC] = None
    assert found(dms)["Status"] == "active"


def test_the_topic_has_to_exist_and_to_let_dms_publish(
    dms: Harness, topics: dict[str, str | None]
) -> None:
    call = dms.client.create_event_subscription
    absent = {**ASKED, "SnsTopicArn": f"{TOPIC}-absent"}

    assert refusal(call, **absent)[0] == "SNSInvalidTopicFault"
    assert refusal(call, **{**ASKED, "SnsTopicArn": "alarms"})[0] == "SNSInvalidTopicFault"
    topics[TOPIC] = "no-permission"
    assert refusal(call, **ASKED)[0] == "SNSNoAuthorizationFault"


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SourceType": "endpoint"}, "InvalidParameterValueException"),
        ({"SourceType": ""}, "InvalidParameterValueException"),
        ({"EventCategories": ["low storage"]}, "InvalidParameterValueException"),
        ({"SubscriptionName": "1"}, "InvalidParameterValueException"),
        ({"SubscriptionName": " "}, "InvalidParameterValueException"),
        ({"SourceIds": ["absent"]}, "ResourceNotFoundFault"),
    ],
)
def test_what_is_refused(dms: Harness, changes: dict[str, Any], code: str) -> None:
    assert refusal(dms.client.create_event_subscription, **{**ASKED, **changes})[0] == code


@pytest.mark.usefixtures("topics")
def test_a_subscription_is_of_tasks_that_exist(dms: Harness) -> None:
    dms.create_task(dms.create_parts(), "orders")

    assert create(dms, SourceIds=["orders"])["SourceIdsList"] == ["orders"]
    code, _ = refusal(dms.client.create_event_subscription, **ASKED)
    assert code == "ResourceAlreadyExistsFault"


def test_the_categories_of_both_source_types(dms: Harness) -> None:
    groups = dms.client.describe_event_categories()["EventCategoryGroupList"]

    assert {one["SourceType"] for one in groups} == {"replication-instance", "replication-task"}
    (tasks,) = dms.client.describe_event_categories(SourceType="replication-task")[
        "EventCategoryGroupList"
    ]
    assert "state change" in tasks["EventCategories"]


def statement(principal: object, action: object = "SNS:Publish", **more: object) -> object:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


DMS = {"Service": "dms.amazonaws.com"}
OF_THE_OWNER = {"StringEquals": {"AWS:SourceOwner": "123456789012"}}


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        ([statement("*")], True),
        (statement({"AWS": "*"}, ["SNS:Publish"], Condition=OF_THE_OWNER), True),
        ([statement(DMS, "sns:*")], True),
        ([statement(DMS, "sns:Subscribe")], False),
        ([statement({"Service": "s3.amazonaws.com"})], False),
        ([statement("*"), statement(DMS, Effect="Deny")], False),
        ([], False),
    ],
)
def test_which_topic_policies_let_dms_publish(statements: object, may: bool) -> None:
    assert lets_publish(json.dumps({"Statement": statements}), TOPIC) is may


def test_a_topic_without_a_policy_is_its_owners_and_a_broken_one_nobodys() -> None:
    assert lets_publish("", TOPIC)
    assert not lets_publish("{", TOPIC)
