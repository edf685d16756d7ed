"""`up` and `down` of one pipeline: one at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from dmslake.operations.holder import Holder
from tests.cli.running import Cli
from tests.spec.texts import text_of

KEY = ".dmslake/shop.lock"
HOLDER = Holder(
    who="bob@build", command="up", since=datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC), run="x"
)


@pytest.fixture
def locked(cloud: Cli) -> Cli:
    """The command line, and a staging bucket in which somebody's claim lies."""
    Path("dmslake.yaml").write_text(text_of(lake="{bucket: acme-lake, existing: true}"))
    s3: Any = boto3.client("s3", region_name="eu-west-1")
    where = {"LocationConstraint": "eu-west-1"}
    for bucket in ("acme-shop-staging", "acme-lake"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    tags = {"TagSet": [{"Key": "dmslake:pipeline", "Value": "shop"}]}
    s3.put_bucket_tagging(Bucket="acme-shop-staging", Tagging=tags)
    s3.put_object(Bucket="acme-shop-staging", Key=KEY, Body=HOLDER.as_json(HOLDER.since))
    return cloud


def buckets() -> list[str]:
    found = boto3.client("s3", region_name="eu-west-1").list_buckets()["Buckets"]
    return sorted(bucket["Name"] for bucket in found)


def test_who_is_second_is_refused(locked: Cli) -> None:
    found = locked("down", "--yes")
    assert found.code == 1
    assert found.err == (
        "error: pipeline shop is being worked on by bob@build: `dmslake up`, since 2026-11-23 "
        "14:47:02 UTC\n" + found.err.partition("\n")[2]
    )
    assert "--force-unlock" in found.err
    assert buckets() == ["acme-lake", "acme-shop-staging"]
    assert locked("down", "--yes", "--json").document["error"]["code"] == "locked"


def test_who_only_looks_is_not(locked: Cli) -> None:
    assert "lock" not in locked("status").err
    assert "being worked on" not in locked("plan").err


def test_a_claim_can_be_taken_over(locked: Cli) -> None:
    found = locked("down", "--yes", "--force-unlock")
    assert found.code == 0, found
    assert buckets() == ["acme-lake"]


def test_nothing_is_claimed_where_there_is_nothing_to_do(cloud: Cli) -> None:
    found = cloud("down", "--yes", "-v")
    assert "PutObject" not in found.err
    assert found.code == 0
