"""The sweep: what is staged since the change and not in the lake is handed to the loader."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from dmslake.aws.clients import Account, Clients
from dmslake.aws.errors import translating
from dmslake.engine.resource import Live
from dmslake.errors import AccessError, CloudError, StoppedError
from dmslake.kinds.arrival import Staged
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.gap import Gap
from dmslake.kinds.handover import event_of
from dmslake.kinds.sweep import Sweep
from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes import ObjectRef, open_envelope
from dmslake.lake.routing import Route
from dmslake.pausing import stopped_by

ACCOUNT = Account(id="123456789012", region="eu-west-1")
CONFIG = LoaderConfig(
    pipeline="shop", staging_bucket="staging", staging_prefix="dms", lake_bucket="lake",
    lake_prefix="raw", account=ACCOUNT.id,
)  # fmt: skip
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TAG = "dmslake:sweep-since"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:shop-loader"
NOTIFICATION = BucketNotification(
    name="dmslake-shop", bucket="staging", prefix="dms/", loader="shop-loader",
    function_arn=FUNCTION,
)  # fmt: skip
SWEEP = Sweep(name="shop-loader", notification=NOTIFICATION, config=CONFIG, timeout_s=60)


def error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class Cloud:
    """Staging, lake and loader of one pipeline; `refused` are keys that the loader cannot move."""

    staged: dict[str, datetime] = field(default_factory=dict)
    lake: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    refused: Callable[[str], bool] = lambda _: False
    blind: bool = False
    invoked: list[tuple[str, list[str]]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    throttles: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
        return dict(self.document)

    def get_paginator(self, name: str) -> Cloud:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **_: Any) -> Sequence[dict[str, Any]]:
        found = [
            {"Key": key, "LastModified": at, "Size": 3, "ETag": '"e"'}
            for key, at in sorted(self.staged.items())
        ]
        return [{"Contents": found[first : first + 7]} for first in range(0, len(found), 7)]

    def head_object(self, **request: Any) -> dict[str, Any]:
        if self.blind:
            raise error("403", "HeadObject")
        if request["Key"] not in self.lake:
            raise error("404", "HeadObject")
        return {"LastModified": NOON + timedelta(days=1)}

    def get_function(self, **_: Any) -> dict[str, Any]:
        return {"Configuration": {}, "Tags": dict(self.tags)}

    def untag_resource(self, **request: Any) -> None:
        assert request["TagKeys"] == [TAG]
        self.tags.pop(TAG)

    def invoke(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            if self.throttles:
                self.throttles -= 1
                raise error("TooManyRequestsException", "Invoke")
            entries = open_envelope(json.loads(request["Payload"])).entries
            keys = [one.key for one in entries if isinstance(one, ObjectRef)]
            assert len(keys) == len(entries)
            self.invoked.append((request["InvocationType"], keys))
            if request["InvocationType"] == "Event":
                return {"Payload": io.BytesIO()}
            bad = [key for key in keys if self.refused(key)]
            self.lake |= {target(key, self.staged[key]) for key in keys if key not in bad}
        if bad:
            said = {"errorType": "DeliveryError", "errorMessage": f"no: {bad[0]}"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(said).encode())}
        return {"Payload": io.BytesIO(b"{}")}


class CloudClients(Clients):
    """Clients of one such cloud."""

    def __init__(self, cloud: Cloud) -> None:
        import boto3  # noqa: PLC0415 - only for the base class

        super().__init__(boto3.Session(region_name="eu-west-1"), ACCOUNT)
        self._made.update({"s3": cloud, "lambda": cloud})
        self._cloud = cloud
        self.seconds = 0.0

    def invoker(self, seconds: float) -> Any:
        self.seconds = seconds
        return self._cloud


def target(key: str, arrived: datetime) -> str:
    route = CONFIG.router().route(key, arrived)
    assert isinstance(route, Route)
    return route.target


def key(number: int, table: str = "a b+c%") -> str:
    return f"dms/public/{table}/20261123-1200{number:05}.csv"


@pytest.fixture
def cloud() -> Cloud:
    """A pipeline whose trigger was changed at noon, with twenty objects that no event told of."""
    found = Cloud()
    found.staged = {key(n): NOON + timedelta(seconds=n) for n in range(20)}
    found.tags[TAG] = Gap(NOON, NOON).write()
    found.document = {
        "LambdaFunctionConfigurations": [
            {
                "Id": NOTIFICATION.name,
                "LambdaFunctionArn": FUNCTION,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "dms/"}]}},
            }
        ]
    }
    return found


@pytest.fixture
def aws(cloud: Cloud) -> CloudClients:
    return CloudClients(cloud)


def everything(cloud: Cloud) -> set[str]:
    return {target(*one) for one in cloud.staged.items()}


def test_what_is_missing_is_moved_and_what_is_there_is_left(
    aws: CloudClients, cloud: Cloud
) -> None:
    there = {key(n) for n in range(5)}
    cloud.lake = {target(one, cloud.staged[one]) for one in there}
    SWEEP.create(aws)
    assert cloud.lake == everything(cloud)
    assert {kind for kind, _ in cloud.invoked} == {"RequestResponse"}
    handed = [one for _, keys in cloud.invoked for one in keys]
    assert sorted(handed) == sorted(set(cloud.staged) - there)
    assert max(len(keys) for _, keys in cloud.invoked) <= 10
    assert aws.seconds > SWEEP.timeout_s
    assert TAG not in cloud.tags
    SWEEP.update(aws, {})
    assert sum(len(keys) for _, keys in cloud.invoked) == 15, "without a gap nothing is swept"


def test_uploads_that_began_before_the_change_are_looked_for_and_old_ones_not(
    aws: CloudClients, cloud: Cloud
) -> None:
    began, old = key(90, "slow"), key(91, "old")
    cloud.staged = {began: NOON - timedelta(minutes=59), old: NOON - timedelta(hours=2)}
    SWEEP.create(aws)
    assert cloud.invoked == [("RequestResponse", [began])]


def test_what_belongs_nowhere_is_left_and_what_cannot_go_is_refused_by_the_loader(
    aws: CloudClients, cloud: Cloud
) -> None:
    too_long = f"dms/public/{'x' * 700}/{'y' * 300}.csv"
    cloud.staged = dict.fromkeys(
        ("dms/public/folder/", ".dmslake/lock", "elsewhere/a/b.csv", too_long), NOON
    )
    cloud.refused = lambda _: True
    with pytest.raises(CloudError) as caught:
        SWEEP.create(aws)
    assert too_long in caught.value.why
    assert {name for _, keys in cloud.invoked for name in keys} == {too_long}


def test_one_object_that_fails_keeps_no_other_and_goes_to_the_dead_letters(
    aws: CloudClients, cloud: Cloud
) -> None:
    bad = key(7)
    cloud.refused = lambda name: name == bad
    with pytest.raises(CloudError) as caught:
        SWEEP.create(aws)
    assert caught.value.what.endswith("one object could not be moved into the lake")
    assert caught.value.why == f"{bad}: no: {bad}"
    assert "dmslake redrive" in caught.value.fix
    assert cloud.lake == everything(cloud) - {target(bad, cloud.staged[bad])}
    assert [keys for kind, keys in cloud.invoked if kind == "Event"] == [[bad]]
    assert TAG not in cloud.tags, "the next run has nothing left to do"


def test_where_everything_fails_it_gives_up_and_the_next_run_sweeps_again(
    aws: CloudClients, cloud: Cloud
) -> None:
    cloud.staged = {key(n): NOON for n in range(150)}
    cloud.refused = lambda _: True
    with pytest.raises(CloudError, match="gave up"):
        SWEEP.create(aws)
    assert "Event" not in {kind for kind, _ in cloud.invoked}
    assert TAG in cloud.tags
    cloud.refused = lambda _: False
    SWEEP.create(aws)
    assert cloud.lake == everything(cloud)


def test_a_function_that_is_busy_gets_its_events_later(aws: CloudClients, cloud: Cloud) -> None:
    cloud.throttles = 1
    SWEEP.create(aws)
    assert cloud.lake == everything(cloud)


def test_who_may_not_look_into_the_lake_has_everything_moved(
    aws: CloudClients, cloud: Cloud
) -> None:
    cloud.blind = True
    SWEEP.create(aws)
    assert cloud.lake == everything(cloud)


def test_it_is_stopped_between_two_pages(aws: CloudClients, cloud: Cloud) -> None:
    stop = threading.Event()
    stop.set()
    with stopped_by(stop), pytest.raises(StoppedError):
        SWEEP.create(aws)
    assert (cloud.invoked, TAG in cloud.tags) == ([], True)


def test_the_plan_tells_why_it_sweeps(aws: CloudClients, cloud: Cloud) -> None:
    told = "open since the trigger was changed at 2026-11-23 12:00:00 UTC"
    assert SWEEP.read(aws) == Live(attributes={"gap": told})
    cloud.tags.clear()
    assert SWEEP.read(aws) == Live(attributes={"gap": "swept"})
    cloud.document["LambdaFunctionConfigurations"][0]["LambdaFunctionArn"] = f"{FUNCTION}-old"
    assert SWEEP.read(aws) == Live(attributes={"gap": "opens with the change of the trigger"})
    cloud.document.clear()
    assert SWEEP.read(aws) is None


def test_a_denied_look_is_an_error(aws: CloudClients, cloud: Cloud) -> None:
    def denied(**_: Any) -> Any:
        raise error("AccessDenied", "GetBucketNotificationConfiguration")

    cloud.get_bucket_notification_configuration = denied  # type: ignore[method-assign]
    with pytest.raises(AccessError), translating("x"):
        SWEEP.read(aws)


_KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(st.lists(_KEYS, min_size=1, max_size=5))
def test_the_loader_reads_from_our_events_what_was_listed(keys: list[str]) -> None:
    batch = [Staged(NOON, name, 3, "e") for name in keys]
    event = json.loads(event_of(batch, "staging", ACCOUNT))
    found = open_envelope(event).entries
    assert [(one.bucket, one.key) for one in found if isinstance(one, ObjectRef)] == [
        ("staging", name) for name in keys
    ]
