"""S3, a queue, a mapping and the loader as one path, with enforced rights, in the sandbox."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.blueprint.archive import HANDLER, lake_archive
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.drain import Drain
from dmslake.kinds.event_source_mapping import EventSourceMapping
from dmslake.kinds.function import Function
from dmslake.kinds.policies import Statement
from dmslake.kinds.queue import Queue
from dmslake.kinds.role import Role
from dmslake.lake.config import LoaderConfig
from dmslake.sandbox.processes import wait_until
from tests.contract.recording import Calls
from tests.kinds.aws.contract import Some, change, make, remove

Cloud = tuple[Clients, Calls]
REGION, ACCOUNT = "eu-west-1", "123456789012"


def allow(actions: str, resource: str) -> Statement:
    return {"Effect": "Allow", "Action": actions.split(), "Resource": resource}


@dataclass(frozen=True)
class Path:
    """The whole path; `resources` in the order in which they are made."""

    staging: Bucket
    lake: Bucket
    letters: Queue
    queue: Queue
    role: Role
    function: Function
    mapping: EventSourceMapping
    notification: BucketNotification
    config: LoaderConfig

    @property
    def resources(self) -> tuple[Some, ...]:
        return (
            self.staging, self.lake, self.letters, self.queue, self.role, self.function,
            self.mapping, self.notification,
        )  # fmt: skip


def bucket(name: str, purpose: str, key: str | None) -> Bucket:
    arn = f"arn:aws:s3:::{name}"
    return Bucket(name=name, arn=arn, purpose=purpose, owner="q", purge=True, kms_key=key)


def path_of(key: str | None) -> Path:
    name = f"test-{uuid.uuid4().hex[:8]}"
    staging, lake = bucket(f"{name}-s", "staging", key), bucket(f"{name}-l", "lake", key)
    letters = Queue(name=f"{name}-failed", owner="q")
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-staged"
    queue = Queue(
        name=f"{name}-staged",
        owner="q",
        visibility_timeout_s=6,
        redrive=(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{letters.name}", 1),
        policy={"StagingSends": from_s3(queue_arn, staging.arn)},
    )
    config = LoaderConfig(
        pipeline=name, staging_bucket=staging.name, staging_prefix="d ms", account=ACCOUNT,
        lake_bucket=lake.name, lake_prefix="raw", lake_kms_key=key or "",
    )  # fmt: skip
    role = loader_role(name, staging, lake, queue_arn, key)
    function = Function(
        name=name, archive=lake_archive(), role=f"arn:aws:iam::{ACCOUNT}:role/{role.name}",
        handler=HANDLER, environment=config.to_environment(), timeout_s=5, owner="q",
    )  # fmt: skip
    mapping = EventSourceMapping(
        name=name, function=name, queue_arn=queue_arn, batch_size=10, window_s=1,
        max_concurrency=2, owner="q",
    )  # fmt: skip
    notification = BucketNotification(
        name=f"dmslake-{name}", bucket=staging.name, prefix="d ms/", queue_arn=queue_arn
    )
    return Path(staging, lake, letters, queue, role, function, mapping, notification, config)


def from_s3(queue_arn: str, bucket_arn: str) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": bucket_arn},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }


def loader_role(name: str, staging: Bucket, lake: Bucket, queue_arn: str, key: str | None) -> Role:
    policy = {
        "Read": allow("s3:GetObject s3:GetObjectTagging", f"{staging.arn}/*"),
        "See": allow("s3:ListBucket", staging.arn),
        "Write": allow("s3:PutObject s3:PutObjectTagging", f"{lake.arn}/raw/*"),
        "Take": allow("sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes", queue_arn),
    }
    if key:
        policy["UseKey"] = allow("kms:Decrypt kms:GenerateDataKey", key)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return Role(name=name, trust={"Lambda": trust}, policy=policy, owner="q")


@pytest.fixture
def built(cloud: Cloud) -> Iterator[Path]:
    aws, _ = cloud
    path = path_of(None)
    for resource in path.resources:
        make(resource, aws)
    yield path
    for resource in reversed(path.resources):
        remove(resource, aws)


def put(aws: Clients, path: Path, *keys: str) -> None:
    for key in keys:
        aws.s3.put_object(Bucket=path.staging.name, Key=key, Body=key.encode())


def loaded(aws: Clients, path: Path) -> set[str]:
    found = aws.s3.list_objects_v2(Bucket=path.lake.name).get("Contents", [])
    return {
        aws.s3.get_object(Bucket=path.lake.name, Key=one["Key"])["Body"].read().decode()
        for one in found
    }


def dead_letters(aws: Clients, path: Path) -> list[str]:
    url = path.letters._url(aws)
    messages = aws.sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])
    return [message["Body"] for message in messages]


def test_what_is_staged_reaches_the_lake_and_the_drain_knows(built: Path, cloud: Cloud) -> None:
    aws, _ = cloud
    keys = {"d ms/sales/a b+%é/LOAD00000001.csv", "d ms/public/orders/LOAD00000001.csv"}
    put(aws, built, *keys, "elsewhere/public/orders/LOAD00000001.csv", ".dmslake/lock")
    drain = Drain(
        name="d", staging_bucket=built.staging.name, staging_prefix="d ms", config=built.config,
        loader=built.function.name,
    )  # fmt: skip
    assert wait_until(lambda: drain.read(aws) is None, 30)
    assert loaded(aws, built) == keys
    assert dead_letters(aws, built) == []


def test_a_message_that_nobody_can_read_becomes_a_dead_letter_alone(
    built: Path, cloud: Cloud
) -> None:
    aws, _ = cloud
    aws.sqs.send_message(QueueUrl=built.queue._url(aws), MessageBody="no notification")
    key = "d ms/public/orders/LOAD00000001.csv"
    put(aws, built, key)
    assert wait_until(lambda: loaded(aws, built) == {key}, 30)
    assert wait_until(lambda: dead_letters(aws, built) == ["no notification"], 30)


def test_without_the_right_to_write_the_event_becomes_a_dead_letter(
    built: Path, cloud: Cloud
) -> None:
    aws, _ = cloud
    kept = {sid: body for sid, body in built.role.policy.items() if sid != "Write"}
    change(replace(built.role, policy=kept), aws)
    put(aws, built, "d ms/public/orders/LOAD00000001.csv")
    assert wait_until(lambda: bool(dead_letters(aws, built)), 30)
    (event,) = dead_letters(aws, built)
    assert json.loads(event)["Records"][0]["s3"]["bucket"]["name"] == built.staging.name
    assert loaded(aws, built) == set()
    change(built.role, aws)


def test_a_mapping_needs_the_right_to_read_and_a_timeout_that_fits(
    built: Path, cloud: Cloud
) -> None:
    aws, _ = cloud
    client: Any = aws.lambda_
    remove(built.mapping, aws)
    change(replace(built.queue, visibility_timeout_s=4), aws)
    settings = {"FunctionName": built.function.name, "EventSourceArn": built.mapping.queue_arn}
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="visibility"):
        client.create_event_source_mapping(**settings)
    change(built.queue, aws)
    make(built.mapping, aws)
    with pytest.raises(client.exceptions.ResourceConflictException, match="already exists"):
        client.create_event_source_mapping(**settings)


@pytest.fixture(scope="module")
def key(calls: Any) -> str:
    made = calls.client("kms").create_key(Description="of the tests")
    arn: str = made["KeyMetadata"]["Arn"]
    return arn


def test_encrypted_objects_are_moved_with_the_key_and_not_without(key: str, cloud: Cloud) -> None:
    aws, _ = cloud
    path = path_of(key)
    for resource in path.resources:
        make(resource, aws)
    first, second = "d ms/public/orders/LOAD00000001.csv", "d ms/public/orders/LOAD00000002.csv"
    put(aws, path, first)
    assert wait_until(lambda: loaded(aws, path) == {first}, 30)
    (found,) = aws.s3.list_objects_v2(Bucket=path.lake.name)["Contents"]
    head = aws.s3.head_object(Bucket=path.lake.name, Key=found["Key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
    kept = {sid: body for sid, body in path.role.policy.items() if sid != "UseKey"}
    change(replace(path.role, policy=kept), aws)
    put(aws, path, second)
    assert wait_until(lambda: bool(dead_letters(aws, path)), 30)
    assert loaded(aws, path) == {first}
    for resource in reversed(path.resources):
        remove(resource, aws)
