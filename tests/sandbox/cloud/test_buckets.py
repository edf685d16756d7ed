"""Notifications and listings of buckets, where MiniStack differs from S3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.processes import wait_until
from tests.sandbox.calls import Calls, statement


@pytest.fixture
def target(calls: Calls) -> tuple[str, str, str]:
    """Return a bucket, and the URL and ARN of a queue that it may send to."""
    bucket = calls.bucket()
    url, arn = calls.queue()
    policy = statement("sqs:SendMessage", Resource=arn, Principal={"Service": "s3.amazonaws.com"})
    calls.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return bucket, url, arn


def entry(name: str, arn: str, event: str = "s3:ObjectCreated:*", **filters: str) -> Any:
    rules = [{"Name": rule, "Value": value} for rule, value in filters.items()]
    return {
        "Id": name, "QueueArn": arn, "Events": [event], "Filter": {"Key": {"FilterRules": rules}},
    }  # fmt: skip


def configure(calls: Calls, bucket: str, *entries: Any) -> None:
    document: Any = {"QueueConfigurations": list(entries)}
    calls.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=document
    )


@pytest.mark.parametrize(
    ("event", "filters"),
    [
        ("s3:ObjectCreated:*", {}),
        ("s3:ObjectCreated:Put", {"prefix": "a/b/"}),
        ("s3:ObjectCreated:Copy", {"prefix": ""}),
        ("s3:ObjectCreated:*", {"suffix": ".csv"}),
    ],
)
def test_two_that_want_the_same_events_are_refused(
    calls: Calls, target: tuple[str, str, str], event: str, filters: dict[str, str]
) -> None:
    bucket, _, arn = target
    ours = entry("ours", arn, prefix="a/")
    with pytest.raises(ClientError, match="Configurations overlap") as caught:
        configure(calls, bucket, ours, entry("theirs", arn, event, **filters))
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_two_that_differ_in_event_prefix_or_suffix_are_taken(
    calls: Calls, target: tuple[str, str, str]
) -> None:
    bucket, _, arn = target
    configure(
        calls,
        bucket,
        entry("a", arn, prefix="a/", suffix=".csv"),
        entry("b", arn, prefix="b/"),
        entry("c", arn, prefix="a/", suffix=".gz"),
        entry("d", arn, "s3:ObjectRemoved:*", prefix="a/"),
    )


def test_the_value_of_a_filter_is_decoded(calls: Calls, target: tuple[str, str, str]) -> None:
    bucket, url, arn = target
    configure(calls, bucket, entry("a", arn, prefix="a+b%2Bc/"))
    calls.s3.put_object(Bucket=bucket, Key="a+b%2Bc/other", Body=b"")
    calls.s3.put_object(Bucket=bucket, Key="a b+c/x", Body=b"")
    keys: list[str] = []

    def arrived() -> bool:
        for message in calls.sqs.receive_message(QueueUrl=url).get("Messages", []):
            records = json.loads(message["Body"]).get("Records", [])
            keys.extend(record["s3"]["object"]["key"] for record in records)
        return bool(keys)

    assert wait_until(arrived, 20)
    assert keys == ["a+b%2Bc/x"]


def test_versions_are_listed_page_by_page_whatever_their_keys(calls: Calls) -> None:
    bucket = calls.bucket()
    keys = sorted(["a\x01b", "a\rb", "a\nb", "a b+c%20", "<&>", "é📦", "x/y"])
    for key in keys:
        calls.s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = calls.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    assert [one["Key"] for page in pages for one in page["Versions"]] == keys


def test_several_versions_of_one_key_are_listed_once_each(calls: Calls) -> None:
    bucket = calls.bucket()
    on: Any = {"Status": "Enabled"}
    calls.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on)
    for _ in range(5):
        calls.s3.put_object(Bucket=bucket, Key="a+b", Body=b"")
    pages = calls.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    found = [one["VersionId"] for page in pages for one in page["Versions"]]
    assert len(found) == len(set(found)) == 5


def test_the_default_network_leads_to_the_internet(calls: Calls) -> None:
    (table,) = calls.client("ec2").describe_route_tables(
        Filters=[{"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    targets = {one["DestinationCidrBlock"]: one["GatewayId"] for one in table["Routes"]}
    assert targets["0.0.0.0/0"].startswith("igw-")
