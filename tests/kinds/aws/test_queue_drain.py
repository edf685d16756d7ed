"""The wait for a queue that is given up: not before it is really empty."""

from __future__ import annotations

import pytest

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.resource import Live
from dmslake.errors import AccessError
from dmslake.kinds.queue import Queue
from dmslake.kinds.queue_drain import QueueDrain
from tests.contract.recording import Calls, denied

QUEUE = Queue(name="shop-staged", owner="shop")


def state(live: Live | None) -> str | None:
    return None if live is None else live.state


def test_without_a_queue_there_is_nothing_to_wait_for(aws: Clients, said: Calls) -> None:
    drain = QueueDrain(name="shop-staged")
    assert drain.read(aws) is None
    drain.delete(aws)
    assert said.actions <= set(drain.permissions.read)


def test_messages_are_waited_for_and_then_seen_gone_several_times(aws: Clients) -> None:
    QUEUE.create(aws)
    url = aws.sqs.get_queue_url(QueueName=QUEUE.name)["QueueUrl"]
    for text in ("one", "two"):
        aws.sqs.send_message(QueueUrl=url, MessageBody=text)
    drain = QueueDrain(name=QUEUE.name)
    assert state(drain.read(aws)) == "waiting for about 2 messages"
    taken = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert state(drain.read(aws)) == "waiting for about 2 messages", "they may come back"
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=taken[0]["ReceiptHandle"])
    assert state(drain.read(aws)) == "waiting for one message"
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=taken[1]["ReceiptHandle"])
    looks = [drain.read(aws) for _ in range(3)]
    assert [look is None for look in looks] == [False, False, True]


def test_a_denied_look_is_no_empty_queue(aws: Clients, said: Calls) -> None:
    QUEUE.create(aws)
    with denied(said), pytest.raises(AccessError), translating("x"):
        QueueDrain(name=QUEUE.name).read(aws)
