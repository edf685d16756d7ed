"""Reads that are answered once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from dmslake.aws.clients import Clients, connect
from tests.aws.isolation import give_credentials

Heard = list[tuple[str, str]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> Iterator[Clients]:
    give_credentials(monkeypatch)
    with mock_aws():
        found = connect(region="eu-west-1", on_call=lambda *call: heard.append(call))
        heard.clear()
        yield found


def test_the_same_question_is_asked_once_and_told_once(aws: Clients, heard: Heard) -> None:
    with aws.remembering() as same:
        assert same is aws
        first, second = aws.s3.list_buckets(), aws.s3.list_buckets()
    assert first["Buckets"] == second["Buckets"] == []
    assert heard == [("s3", "ListBuckets")]


def test_another_question_is_another_call(aws: Clients, heard: Heard) -> None:
    aws.sqs.create_queue(QueueName="a")
    aws.sqs.create_queue(QueueName="b")
    heard.clear()
    with aws.remembering():
        urls = {aws.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in ("a", "b", "a")}
    assert len(urls) == 2
    assert heard == [("sqs", "GetQueueUrl")] * 2


def test_outside_nothing_is_remembered(aws: Clients, heard: Heard) -> None:
    with aws.remembering():
        aws.s3.list_buckets()
    aws.s3.list_buckets()
    with aws.remembering():
        aws.s3.list_buckets()
    assert heard == [("s3", "ListBuckets")] * 3


def test_a_refusal_is_remembered_like_any_answer(aws: Clients, heard: Heard) -> None:
    with aws.remembering():
        for _ in range(3):
            with pytest.raises(ClientError, match="NoSuchEntity"):
                aws.iam.get_role(RoleName="nobody")
    assert heard == [("iam", "GetRole")]


def test_writes_and_streams_are_always_made(aws: Clients, heard: Heard) -> None:
    where: Any = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket="acme-lake", CreateBucketConfiguration=where)
    with aws.remembering():
        for body in (b"one", b"two"):
            aws.s3.put_object(Bucket="acme-lake", Key="k", Body=body)
            assert aws.s3.get_object(Bucket="acme-lake", Key="k")["Body"].read() == body
    assert heard[1:] == [("s3", "PutObject"), ("s3", "GetObject")] * 2


def test_who_changes_an_answer_changes_his_own(aws: Clients) -> None:
    trust = '{"Version": "2012-10-17", "Statement": []}'
    aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    with aws.remembering():
        first: Any = aws.iam.get_role(RoleName="r")["Role"]
        first["AssumeRolePolicyDocument"]["Statement"].append("mine")
        second: Any = aws.iam.get_role(RoleName="r")["Role"]
    assert second["AssumeRolePolicyDocument"] == {"Version": "2012-10-17", "Statement": []}


def test_paginators_are_answered_from_memory_as_well(aws: Clients, heard: Heard) -> None:
    with aws.remembering():
        for _ in range(2):
            pages = aws.iam.get_paginator("list_roles").paginate()
            assert next(iter(pages))["Roles"] == []
    assert heard == [("iam", "ListRoles")]


class Slow:
    """Holds back answers until it is told to let them go."""

    def __init__(self, aws: Clients) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        aws.s3.meta.events.register("before-send.s3.ListBuckets", self._hold)
        self.failing = False

    def _hold(self, **_: Any) -> None:
        self.begun.set()
        assert self.go.wait(10)
        if self.failing:
            raise OSError("the line is dead")


def test_two_who_ask_at_once_make_one_call(aws: Clients, heard: Heard) -> None:
    slow = Slow(aws)
    with aws.remembering(), ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(aws.s3.list_buckets) for _ in range(8)]
        assert slow.begun.wait(10)
        slow.go.set()
        assert [one.result(timeout=10)["Buckets"] for one in asked] == [[]] * 8
    assert heard == [("s3", "ListBuckets")]


def test_who_waits_for_a_call_that_never_got_an_answer_asks_for_himself(
    aws: Clients, heard: Heard
) -> None:
    slow = Slow(aws)
    slow.failing = True
    with aws.remembering(), ThreadPoolExecutor(2) as pool:
        first = pool.submit(aws.s3.list_buckets)
        assert slow.begun.wait(10)
        second = pool.submit(aws.s3.list_buckets)
        slow.go.set()
        for one in (first, second):
            with pytest.raises(OSError, match="the line is dead"):
                one.result(timeout=10)
    assert heard == [("s3", "ListBuckets")] * 2
