"""Notifications: ours among those of others, which are never touched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dmslake.aws.clients import Clients
from dmslake.aws.eventually import eventually
from dmslake.engine.plan import Action
from dmslake.errors import CloudError, ConflictError
from dmslake.kinds import bucket_notification as kind
from dmslake.kinds.bucket_notification import BucketNotification
from tests.contract.recording import Calls
from tests.kinds.aws.conftest import ACCOUNT
from tests.kinds.aws.contract import action, change, live_of, live_through, make, remove

BUCKET = "acme-shop-staging"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:shop-loader"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:shop-staged"


class Clock:
    """Time that passes at once."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


OURS = BucketNotification(
    name="dmslake-shop", bucket=BUCKET, prefix="dms/a b/", function_arn=FUNCTION, clock=Clock()
)
QUEUED = replace(OURS, function_arn=None, queue_arn=QUEUE)


def theirs(identifier: str, prefix: str = "", event: str = "s3:ObjectCreated:*") -> dict[str, Any]:
    rules = [{"Name": "Prefix", "Value": prefix}] if prefix else []
    return {
        "Id": identifier,
        "QueueArn": QUEUE,
        "Events": [event],
        "Filter": {"Key": {"FilterRules": rules}},
    }


class Bucket:
    """The notifications of one bucket, as S3 keeps them; `written` is told of every write."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.refusal = ""
        self.writes = 0
        self.written: Callable[[], None] = lambda: None

    def get_bucket_notification_configuration(self, **request: Any) -> dict[str, Any]:
        if request["Bucket"] != BUCKET:
            raise error_of("NoSuchBucket", "gone")
        return {**copy.deepcopy(self.document), "ResponseMetadata": {}}

    def put_bucket_notification_configuration(self, **request: Any) -> None:
        if self.refusal:
            raise error_of("InvalidArgument", self.refusal)
        assert request["ExpectedBucketOwner"] == "123456789012"
        self.document = copy.deepcopy(request["NotificationConfiguration"])
        for entries in self.document.values():
            for rule in [r for e in entries for r in e["Filter"]["Key"]["FilterRules"]]:
                assert rule["Name"] in {"prefix", "suffix"}
                rule["Name"] = rule["Name"].title()
        self.writes += 1
        self.written()


def error_of(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "X")


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def s3(bucket: Bucket) -> Clients:
    clients = Clients(boto3.Session(region_name="eu-west-1"), ACCOUNT)
    clients._made["s3"] = bucket
    return clients


def put(bucket: Bucket, *queues: dict[str, Any], **more: Any) -> None:
    bucket.document = {"QueueConfigurations": list(queues), **more}


def test_a_notification_lives_through_everything(aws: Clients, said: Calls) -> None:
    here: Any = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=here)
    assert live_through(OURS, replace(OURS, prefix="other/"), aws, said) == {"prefix"}


def test_special_characters_of_the_prefix_are_encoded_on_the_wire(
    s3: Clients, bucket: Bucket
) -> None:
    make(OURS, s3)
    (entry,) = bucket.document["LambdaFunctionConfigurations"]
    (rule,) = entry["Filter"]["Key"]["FilterRules"]
    assert rule["Value"] == "dms/a+b/"
    assert live_of(OURS, s3).attributes["prefix"] == "dms/a b/"


@pytest.mark.parametrize(("first", "second"), [(OURS, QUEUED), (QUEUED, OURS)])
def test_switching_the_target_replaces_ours_and_nothing_else(
    s3: Clients, bucket: Bucket, first: BucketNotification, second: BucketNotification
) -> None:
    put(bucket, theirs("theirs", "theirs/"), theirs("gone", event="s3:ObjectRemoved:*"))
    make(first, s3)
    assert change(second, s3) == {"target"}
    after = bucket.document
    assert len([e for entries in after.values() for e in entries]) == 3
    remove(second, s3)
    assert [e["Id"] for e in bucket.document["QueueConfigurations"]] == ["theirs", "gone"]


def test_what_others_have_is_kept_as_it_is(s3: Clients, bucket: Bucket) -> None:
    put(bucket, theirs("gone", event="s3:ObjectRemoved:*"), EventBridgeConfiguration={})
    before = copy.deepcopy(bucket.document)
    make(OURS, s3)
    remove(OURS, s3)
    assert bucket.document == before


def test_deleting_what_is_not_there_writes_nothing(s3: Clients, bucket: Bucket) -> None:
    OURS.delete(s3)
    replace(OURS, bucket="acme-no-such-bucket").delete(s3)
    assert bucket.writes == 0


@pytest.mark.parametrize("prefix", ["", "dms/", "dms/a+b/", "dms/a+b/deeper/"])
def test_an_overlap_with_somebody_elses_is_told_in_the_plan(
    s3: Clients, bucket: Bucket, prefix: str
) -> None:
    put(bucket, theirs("analytics", prefix, "s3:ObjectCreated:Put"))
    before = copy.deepcopy(bucket.document)
    for attempt in (OURS.outlook, OURS.create):
        with pytest.raises(ConflictError) as caught:
            attempt(s3)
        assert "objects created below 'dms/a b/'" in caught.value.what
        assert (
            f"notification analytics sends those below {prefix or 'its root'!r}".replace("+", " ")
            in caught.value.why
        )
        assert QUEUE in caught.value.why
    assert bucket.document == before


@pytest.mark.parametrize(
    "entry",
    [
        theirs("beside", "other/"),
        theirs("beginning-alike", "dms/a+bc/"),
        theirs("removals", event="s3:ObjectRemoved:*"),
        theirs("dmslake-shop", "dms/"),
    ],
    ids=lambda entry: entry["Id"],
)
def test_what_does_not_overlap_is_no_conflict(
    s3: Clients, bucket: Bucket, entry: dict[str, Any]
) -> None:
    put(bucket, entry)
    assert OURS.outlook(s3) == ""
    make(OURS, s3)


def test_the_outlook_of_a_bucket_that_does_not_exist_yet_is_empty(s3: Clients) -> None:
    assert replace(OURS, bucket="acme-no-such-bucket").outlook(s3) == ""


def test_another_writer_at_the_same_moment_costs_another_write(s3: Clients, bucket: Bucket) -> None:
    def overwrite() -> None:
        if bucket.writes == 1:
            put(bucket, theirs("late", "late/"))

    bucket.written = overwrite
    OURS.create(s3)
    assert bucket.writes == 2
    assert action(OURS, s3) is Action.NOTHING
    assert [e["Id"] for e in bucket.document["QueueConfigurations"]] == ["late"]


def test_a_writer_who_never_stops_is_named_as_the_reason(s3: Clients, bucket: Bucket) -> None:
    bucket.written = lambda: put(bucket)
    with pytest.raises(CloudError, match="somebody else writes the bucket's notifications"):
        OURS.create(s3)


def test_a_permission_that_is_not_seen_yet_is_waited_for_and_others_targets_listed(
    s3: Clients, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, theirs("theirs", "theirs/"))
    bucket.refusal = "Unable to validate the following destination configurations"
    waits: list[float] = []

    def at_once(call: Any, *refusals: Any, within: float) -> Any:
        return eventually(call, *refusals, within=within, sleep=waits.append)

    monkeypatch.setattr(kind, "eventually", at_once)
    with pytest.raises(CloudError) as caught:
        OURS.create(s3)
    assert f"theirs ({QUEUE})" in caught.value.why
    assert 60 <= sum(waits) < 75


def test_another_refusal_is_told_as_it_is(s3: Clients, bucket: Bucket) -> None:
    bucket.refusal = "The ARN is not well formed"
    with pytest.raises(CloudError, match="The ARN is not well formed"):
        OURS.create(s3)
