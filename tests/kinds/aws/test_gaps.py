"""The gap after a change of a notification: remembered on the function, over any crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.aws.clients import Clients
from dmslake.engine.resource import Broken, Pending, Ready
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.gap import Gap, close_gap, find_gap, open_gap
from tests.kinds.aws.conftest import ACCOUNT

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOADER = "shop-loader"
BUCKET = "acme-shop-staging"


class Function:
    """The tags of one function, as Lambda keeps them."""

    def __init__(self) -> None:
        self.tags: dict[str, str] | None = {"team": "data"}

    def get_function(self, **_: Any) -> dict[str, Any]:
        if self.tags is None:
            refused: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}
            raise boto3.client("lambda", region_name="eu-west-1").exceptions.ClientError(
                refused, "GetFunction"
            )
        return {"Configuration": {}, "Tags": dict(self.tags)}

    def tag_resource(self, **request: Any) -> None:
        assert self.tags is not None
        assert request["Resource"].endswith(f":function:{LOADER}")
        self.tags.update(request["Tags"])

    def untag_resource(self, **request: Any) -> None:
        assert self.tags is not None
        for key in request["TagKeys"]:
            self.tags.pop(key, None)


class Bucket:
    """The notifications of one bucket."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.asked: list[str] = []

    def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
        self.asked.append("get")
        return dict(self.document)

    def put_bucket_notification_configuration(self, **request: Any) -> None:
        self.asked.append("put")
        self.document = request["NotificationConfiguration"]


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def here(function: Function, bucket: Bucket) -> Clients:
    clients = Clients(boto3.Session(region_name="eu-west-1"), ACCOUNT, notification_delay_s=300)
    clients._made.update({"lambda": function, "s3": bucket})
    return clients


_MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(_MOMENTS, _MOMENTS)
def test_a_gap_is_read_as_it_was_written(since: datetime, changed: datetime) -> None:
    gap = Gap(since.replace(microsecond=0), changed.replace(microsecond=0))
    assert Gap.read(gap.write()) == gap


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T12:00:00Z", "a/b/c"])
def test_a_tag_that_somebody_spoilt_reaches_back_to_the_beginning(text: str) -> None:
    assert Gap.read(text).since.year == 1
    assert Gap.read(text).left(NOON, 300) == 0


def test_a_gap_that_is_still_open_keeps_its_beginning(here: Clients, function: Function) -> None:
    assert find_gap(here, LOADER) is None
    open_gap(here, LOADER, NOON)
    later = NOON + timedelta(minutes=7)
    open_gap(here, LOADER, later)
    assert find_gap(here, LOADER) == Gap(since=NOON, changed=later)
    close_gap(here, LOADER)
    close_gap(here, LOADER)
    assert (find_gap(here, LOADER), function.tags) == (None, {"team": "data"})


def test_a_function_that_does_not_exist_remembers_nothing(
    here: Clients, function: Function
) -> None:
    function.tags = None
    assert find_gap(here, LOADER) is None


def notification(minutes: float) -> BucketNotification:
    """Return a notification at so many minutes after noon."""
    return BucketNotification(
        name="dmslake-shop", bucket=BUCKET, prefix="dms/", loader=LOADER,
        function_arn="arn:aws:lambda:eu-west-1:123456789012:function:shop-loader",
        now=lambda: NOON + timedelta(minutes=minutes),
    )  # fmt: skip


def settled(found: BucketNotification, aws: Clients) -> Any:
    live = found.read(aws)
    assert live is not None
    return found.settle(live)


def test_it_is_ready_when_s3_acts_by_it_everywhere(here: Clients) -> None:
    notification(0).create(here)
    assert settled(notification(0), here) == Pending("on its way to all of S3")
    assert settled(notification(4.9), here) == Pending("on its way to all of S3")
    assert settled(notification(5), here) == Ready()
    here.notification_delay_s = 0
    assert settled(notification(0), here) == Ready()


def test_another_change_begins_the_wait_again_and_widens_the_gap(here: Clients) -> None:
    notification(0).create(here)
    replace(notification(3), prefix="other/").update(here, {})
    assert settled(replace(notification(6), prefix="other/"), here) != Ready()
    assert find_gap(here, LOADER) == Gap(NOON, NOON + timedelta(minutes=3))


def test_nothing_comes_between_reading_the_document_and_writing_it(
    here: Clients, bucket: Bucket
) -> None:
    notification(0).create(here)
    assert bucket.asked == ["get", "put", "get"]


def test_an_entry_that_goes_again_while_it_is_waited_for_is_an_error(
    here: Clients, bucket: Bucket
) -> None:
    mine = notification(0)
    assert mine.read(here) is None
    mine.create(here)
    bucket.document = {}
    found = settled(mine, here)
    assert isinstance(found, Broken)
    assert "somebody else wrote the bucket's notifications" in found.reason
    mine.delete(here)
    assert mine.read(here) is None
