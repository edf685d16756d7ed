"""Mappings: between our queue and our function, in the sandbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live, Pending, Ready
from dmslake.kinds.event_source_mapping import EventSourceMapping
from tests.contract.recording import Calls
from tests.kinds.aws.contract import action, change, live_of, live_through, make, remove
from tests.sandbox.calls import Calls as SandboxCalls

Cloud = tuple[Clients, Calls]


@pytest.fixture(scope="module")
def pair(calls: SandboxCalls) -> tuple[str, str]:
    """A function that may read a queue, and the queue's ARN."""
    url, arn = calls.queue()
    calls.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    role = calls.role()
    calls.allow(role, arn, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return calls.function(role).rpartition(":")[2], arn


@pytest.fixture
def mapping(pair: tuple[str, str], cloud: Cloud) -> Iterator[EventSourceMapping]:
    function, queue_arn = pair
    made = EventSourceMapping(
        name="shop-staged", function=function, queue_arn=queue_arn, batch_size=10, window_s=1,
        max_concurrency=2, owner="shop", tags={"team": "data"},
    )  # fmt: skip
    yield made
    remove(made, cloud[0])


def test_a_mapping_lives_through_everything(mapping: EventSourceMapping, cloud: Cloud) -> None:
    changed = replace(
        mapping, batch_size=100, window_s=5, max_concurrency=7, tags={"team": "other"}
    )
    names = live_through(mapping, changed, *cloud)
    assert names == {"batch_size", "window_seconds", "max_concurrency", "tags"}


def test_it_reports_failures_one_by_one(mapping: EventSourceMapping, cloud: Cloud) -> None:
    aws, _ = cloud
    make(mapping, aws)
    (found,) = aws.lambda_.list_event_source_mappings(FunctionName=mapping.function)[
        "EventSourceMappings"
    ]
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_a_limit_can_be_taken_away_again(mapping: EventSourceMapping, cloud: Cloud) -> None:
    aws, _ = cloud
    make(mapping, aws)
    assert change(replace(mapping, max_concurrency=None), aws) == {"max_concurrency"}


def test_one_that_was_switched_off_is_switched_on(
    mapping: EventSourceMapping, cloud: Cloud
) -> None:
    aws, _ = cloud
    make(mapping, aws)
    found: Any = mapping._find(aws)
    aws.lambda_.update_event_source_mapping(UUID=found["UUID"], Enabled=False)
    assert action(mapping, aws) is Action.UPDATE
    assert change(mapping, aws) == {"enabled"}


def test_one_without_our_tag_is_adopted_when_asked(
    mapping: EventSourceMapping, cloud: Cloud
) -> None:
    aws, _ = cloud
    make(replace(mapping, owner=None, tags={}), aws)
    assert action(mapping, aws) is Action.CONFLICT
    assert change(mapping, aws) == {"tags"}
    assert live_of(mapping, aws).owner == "shop"


def test_a_function_or_a_queue_that_is_not_there_has_none(cloud: Cloud) -> None:
    nowhere = EventSourceMapping(
        name="x", function=f"test-{uuid.uuid4().hex[:8]}", batch_size=1, window_s=0,
        queue_arn="arn:aws:sqs:eu-west-1:123456789012:nobody",
    )  # fmt: skip
    assert nowhere.read(cloud[0]) is None
    nowhere.delete(cloud[0])


@pytest.mark.parametrize("state", ["Creating", "Enabling", "Updating", "Disabling", "Deleting"])
def test_what_is_on_its_way_is_waited_for(state: str) -> None:
    mapping = EventSourceMapping(name="x", function="f", queue_arn="q", batch_size=1, window_s=0)
    assert mapping.settle(Live(state=state)) == Pending(state.lower())
    assert mapping.settle(Live(state="Enabled")) == Ready()
