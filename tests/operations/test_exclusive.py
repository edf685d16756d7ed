"""Alone with a pipeline: where its lock lies, and what has to be made for it first."""

from __future__ import annotations

from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.errors import LockedError
from dmslake.operations import provision
from dmslake.operations.exclusive import Claimant, exclusive, foundation
from tests.contract.samples import spec

SPEC = spec()
BUCKET = "shop-contract-staging"


def never() -> None:
    raise AssertionError("nobody took it")


def claimant(*, force: bool = False) -> Claimant:
    return Claimant(command="up", force=force, on_lost=never)


def make_bucket(aws: Clients, owner: str | None) -> None:
    where: Any = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    if owner:
        tagging: Any = {"TagSet": [{"Key": "dmslake:pipeline", "Value": owner}]}
        aws.s3.put_bucket_tagging(Bucket=BUCKET, Tagging=tagging)


def keys(aws: Clients) -> list[str]:
    return [entry["Key"] for entry in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_without_a_bucket_the_bucket_is_made_first(aws: Clients) -> None:
    plan = provision.plan(SPEC, aws)
    first = foundation(SPEC, aws, plan)
    assert [str(step.address) for step in first.steps] == [f"bucket.{BUCKET}"]
    assert provision.apply(first, aws).ok
    assert not foundation(SPEC, aws, provision.plan(SPEC, aws)).pending


def test_the_lock_lies_in_the_bucket_while_the_block_runs(aws: Clients) -> None:
    make_bucket(aws, "shop")
    with exclusive(SPEC, aws, claimant()):
        assert keys(aws) == [".dmslake/shop.lock"]
        with pytest.raises(LockedError), exclusive(SPEC, aws, claimant()):
            raise AssertionError("two at once")
    assert keys(aws) == []


def test_it_can_be_forced(aws: Clients) -> None:
    make_bucket(aws, "shop")
    with exclusive(SPEC, aws, claimant()), exclusive(SPEC, aws, claimant(force=True)):
        assert keys(aws) == [".dmslake/shop.lock"]


@pytest.mark.parametrize("owner", [None, "another"])
def test_nothing_is_written_into_somebody_elses_bucket(aws: Clients, owner: str | None) -> None:
    make_bucket(aws, owner)
    with exclusive(SPEC, aws, claimant()):
        assert keys(aws) == []


def test_where_everything_is_gone_there_is_nothing_to_lock(aws: Clients) -> None:
    with exclusive(SPEC, aws, claimant()):
        assert aws.s3.list_buckets()["Buckets"] == []
