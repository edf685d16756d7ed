"""Queues: for events on their way from S3, and for those that nobody could handle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Action
from dmslake.kinds.queue import Queue
from tests.contract.recording import Calls
from tests.kinds.aws.contract import action, change, live_of, live_through, make

NAME = "shop-staged"
LETTERS = Queue(name="shop-loader-failed", owner="shop", tags={"team": "data"})
FROM_S3 = {
    "StagingSends": {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:eu-west-1:123456789012:{NAME}",
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::acme-shop-staging"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        },
    }
}
QUEUE = Queue(
    name=NAME,
    policy=FROM_S3,
    visibility_timeout_s=361,
    redrive=("arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed", 5),
    owner="shop",
    tags={"team": "data"},
)


def test_a_queue_with_a_policy_lives_through_everything(aws: Clients, said: Calls) -> None:
    LETTERS.create(aws)
    more = {**FROM_S3, "More": {**FROM_S3["StagingSends"], "Action": "sqs:GetQueueUrl"}}
    arn = str(QUEUE.redrive[0] if QUEUE.redrive else "")
    changed = replace(
        QUEUE, policy=more, visibility_timeout_s=900, redrive=(arn, 3), tags={"team": "other"}
    )
    names = live_through(QUEUE, changed, aws, said)
    assert names == {
        "policy", "policy_statements", "visibility_timeout_seconds", "redrive", "tags",
    }  # fmt: skip


def test_a_queue_for_dead_letters_lives_through_everything(aws: Clients, said: Calls) -> None:
    names = live_through(LETTERS, replace(LETTERS, retention_s=86_400), aws, said)
    assert names == {"retention_seconds"}


def test_reading_takes_two_calls_and_one_for_a_queue_that_is_not_there(
    aws: Clients, said: Calls
) -> None:
    LETTERS.read(aws)
    assert said.actions == {"sqs:GetQueueAttributes"}
    make(LETTERS, aws)
    said.clear()
    LETTERS.read(aws)
    assert said.actions == {"sqs:GetQueueAttributes", "sqs:ListQueueTags"}


def test_a_statement_added_by_hand_is_a_difference(aws: Clients) -> None:
    LETTERS.create(aws)
    make(QUEUE, aws)
    more = {**FROM_S3, "Open": {**FROM_S3["StagingSends"], "Principal": "*"}}
    by_hand = replace(QUEUE, policy=more)
    by_hand.update(aws, by_hand.desired())
    assert change(QUEUE, aws) == {"policy_statements"}


def test_a_number_that_was_written_as_text_is_no_difference(aws: Clients) -> None:
    LETTERS.create(aws)
    queue = replace(QUEUE, policy={})
    make(queue, aws)
    arn = "arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed"
    policy = f'{{"maxReceiveCount":"5","deadLetterTargetArn":"{arn}"}}'
    url = aws.sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert action(queue, aws) is Action.NOTHING


def test_a_queue_without_our_tag_is_adopted_when_asked(aws: Clients) -> None:
    aws.sqs.create_queue(QueueName=LETTERS.name)
    assert action(LETTERS, aws) is Action.CONFLICT
    assert action(LETTERS, aws, adopt=True) is Action.UPDATE
    change(LETTERS, aws)
    assert live_of(LETTERS, aws).owner == "shop"


def test_messages_that_go_with_the_queue_are_counted(aws: Clients) -> None:
    assert LETTERS.parting(aws) == ""
    make(LETTERS, aws)
    assert LETTERS.parting(aws) == ""
    url = aws.sqs.get_queue_url(QueueName=LETTERS.name)["QueueUrl"]
    aws.sqs.send_message(QueueUrl=url, MessageBody="x")
    said = "one message goes with queue shop-loader-failed: the events in it were not handled"
    assert LETTERS.parting(aws) == said
    aws.sqs.send_message(QueueUrl=url, MessageBody="y")
    aws.sqs.receive_message(QueueUrl=url)
    assert LETTERS.parting(aws).startswith("about 2 messages go with queue")


def test_the_wire_is_text_whatever_it_stands_for(aws: Clients) -> None:
    found: list[dict[str, Any]] = []
    aws.sqs.meta.events.register(
        "provide-client-params.sqs.CreateQueue", lambda params, **_: found.append(params)
    )
    LETTERS.create(aws)
    assert found[0]["Attributes"] == {
        "MessageRetentionPeriod": "1209600",
        "SqsManagedSseEnabled": "true",
    }
