"""Event subscriptions: who is told of what happens to instances and tasks.

The sandbox keeps them and watches their topics as AWS does, but it delivers no events.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dmslake.sandbox.dms import tags
from dmslake.sandbox.dms.faults import (
    Fault,
    already_exists,
    blank,
    invalid_state,
    invalid_value,
    not_found,
)
from dmslake.sandbox.dms.names import arn
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import EventSubscription, Instance, Record, Task
from dmslake.sandbox.dms.service import Call, Service

# User guide, "AWS DMS event categories and event messages for SNS notifications".
CATEGORIES: dict[str, tuple[str, ...]] = {
    "replication-instance": (
        "configuration change", "creation", "deletion", "failover", "failure", "low storage",
        "maintenance",
    ),
    "replication-task": (
        "configuration change", "creation", "deletion", "failure", "state change",
    ),
}  # fmt: skip
_SOURCES: dict[str, type[Record]] = {"replication-instance": Instance, "replication-task": Task}
LISTING: Listing[EventSubscription] = Listing(
    filters={
        "event-subscription-arn": lambda one: [one.arn],
        "event-subscription-id": lambda one: [one.name],
    },
    order=lambda one: one.name,
    noun="Event Subscriptions",
)
TOPIC_GONE, NO_PERMISSION = "topic-not-exist", "no-permission"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,253}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+")


def create(call: Call) -> Json:
    """CreateEventSubscription: the topic has to exist and to let DMS publish."""
    service, asked = call.service, call.input
    name = _name(asked.text("SubscriptionName"))
    labels = tags.read(asked.structures("Tags"))
    kind = asked.text("SourceType")
    categories, ids = asked.texts("EventCategories"), asked.texts("SourceIds")
    _check_kind(kind, categories, ids)
    _check_topic(call, asked.text("SnsTopicArn"))
    with service.lock:
        key = arn(call.region, service.account, "es", name)
        if service.store.get(EventSubscription, key) is not None:
            raise already_exists(f"Event subscription {name} already exists.", key)
        check_quota(service, call.region, EventSubscription)
        _check_sources(call, kind, ids)
        subscription = EventSubscription(
            arn=key,
            region=call.region,
            name=name,
            status="creating",
            created=service.clock(),
            due=service.after(service.delays.subscription_create),
            tags=labels,
            topic=asked.text("SnsTopicArn"),
            source_type=kind,
            source_ids=tuple(ids),
            categories=tuple(categories or CATEGORIES.get(kind, ())),
            enabled=asked.flag("Enabled") is not False,
        )
        service.store.put(subscription)
        return {"EventSubscription": wire(service, subscription)}


def modify(call: Call) -> Json:
    """ModifyEventSubscription: everything but its name and its source ids."""
    service, asked = call.service, call.input
    before = find(call, asked.text("SubscriptionName"))
    kind = asked.optional_text("SourceType") or before.source_type
    categories = asked.texts("EventCategories")
    _check_kind(kind, categories or before.categories, before.source_ids)
    topic = asked.optional_text("SnsTopicArn") or before.topic
    if topic != before.topic:
        _check_topic(call, topic)
    enabled = asked.flag("Enabled")
    with service.lock:
        subscription = find(call, before.name)
        if subscription.status == "deleting":
            raise invalid_state(f"Event subscription {before.name} is in deleting state.")
        subscription = replace(
            subscription,
            status="modifying",
            due=service.after(service.delays.subscription_modify),
            topic=topic,
            source_type=kind,
            categories=tuple(categories) or before.categories,
            enabled=subscription.enabled if enabled is None else enabled,
        )
        service.store.put(subscription)
        return {"EventSubscription": wire(service, subscription)}


def describe(call: Call) -> Json:
    """DescribeEventSubscriptions; a subscription whose topic went away says so."""
    service = call.service
    with service.lock:
        known = call.all(EventSubscription)
        name = call.input.optional_text("SubscriptionName")
        if name:
            known = [find(call, name)]
        page, marker = LISTING.page(known, call.input)
    return {
        "EventSubscriptionsList": [wire(service, _watched(service, one)) for one in page],
        "Marker": marker,
    }


def delete(call: Call) -> Json:
    """DeleteEventSubscription."""
    service = call.service
    with service.lock:
        subscription = find(call, call.input.text("SubscriptionName"))
        if subscription.status == "deleting":
            raise invalid_state(f"Event subscription {subscription.name} is in deleting state.")
        subscription = replace(
            subscription,
            status="deleting",
            due=service.after(service.delays.subscription_delete),
        )
        service.store.put(subscription)
        return {"EventSubscription": wire(service, subscription)}


def describe_categories(call: Call) -> Json:
    """DescribeEventCategories."""
    kind = call.input.optional_text("SourceType")
    return {
        "EventCategoryGroupList": [
            {"SourceType": one, "EventCategories": [*categories]}
            for one, categories in CATEGORIES.items()
            if kind in {None, one}
        ]
    }


def advance(service: Service, record: Record) -> None:
    """Move a subscription on: to active, or to gone."""
    subscription = service.store.get(EventSubscription, record.key)
    if subscription is None or not service.is_due(subscription):
        return
    if subscription.status == "deleting":
        service.store.remove(EventSubscription, subscription.key)
    else:
        service.store.put(replace(subscription, status="active", due=None))


def find(call: Call, name: str) -> EventSubscription:
    """Return a subscription by name, or raise ResourceNotFoundFault."""
    key = arn(call.region, call.service.account, "es", name.lower())
    subscription = call.service.store.get(EventSubscription, key)
    if subscription is None:
        raise not_found(f"Event subscription {name} not found.")
    return subscription


def wire(service: Service, subscription: EventSubscription) -> Json:
    """Return the subscription as the service answers it: no ARN, no tags."""
    answer: Json = {
        "CustomerAwsId": service.account,
        "CustSubscriptionId": subscription.name,
        "SnsTopicArn": subscription.topic,
        "Status": subscription.status,
        "SubscriptionCreationTime": f"{subscription.created:%a %b %d %H:%M:%S UTC %Y}",
        "SourceIdsList": [*subscription.source_ids],
        "EventCategoriesList": [*subscription.categories],
        "Enabled": subscription.enabled,
    }
    if subscription.source_type:
        answer["SourceType"] = subscription.source_type
    return answer


def _watched(service: Service, subscription: EventSubscription) -> EventSubscription:
    if subscription.status != "active":
        return subscription
    problem = service.cloud.topic_problem(subscription.region, subscription.topic)
    return replace(subscription, status=problem or subscription.status)


def _name(text: str) -> str:
    if not text.strip():
        raise blank("SubscriptionName")
    if not _NAME.fullmatch(text):
        raise invalid_value(
            "The parameter SubscriptionName must begin with a letter, hold letters, digits and "
            "hyphens only, and have less than 255 characters."
        )
    return text.lower()


def _check_kind(kind: str, categories: Sequence[str], ids: Sequence[str]) -> None:
    if not kind and (categories or ids):
        raise blank("SourceType")
    if kind and kind not in CATEGORIES:
        raise invalid_value(f"The source type {kind} is not one of {', '.join(CATEGORIES)}.")
    unknown = [one for one in categories if one.lower() not in CATEGORIES[kind]]
    if unknown:
        raise invalid_value(
            f"The event categories {', '.join(unknown)} are not valid for {kind}; "
            f"use {', '.join(CATEGORIES[kind])}."
        )


def _check_sources(call: Call, kind: str, ids: Sequence[str]) -> None:
    known = {one.name for one in call.all(_SOURCES[kind])} if kind else set()
    missing = [one for one in ids if one.lower() not in known]
    if missing:
        raise not_found(f"The {kind} {', '.join(missing)} could not be found.")


def _check_topic(call: Call, topic: str) -> None:
    problem = (
        call.service.cloud.topic_problem(call.region, topic) if _TOPIC.fullmatch(topic) else ""
    )
    if problem in {"", TOPIC_GONE}:
        raise Fault("SNSInvalidTopicFault", f"The SNS topic {topic} is invalid.")
    if problem is not None:
        raise Fault(
            "SNSNoAuthorizationFault",
            f"You are not authorized to publish to the SNS topic {topic}.",
        )
