"""Alone with a pipeline: where its lock lies, and what has to be made for it first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.errors import AccessError, LockedError
from dmslake.operations import provision
from dmslake.operations.exclusive import Claimant, exclusive, foundation
from tests.contract.samples import spec

SPEC = spec()
THEIRS = SPEC.model_copy(update={"staging": SPEC.staging.model_copy(update={"existing": True})})
BUCKET = "shop-contract-staging"


def never() -> None:
    raise AssertionError("nobody took it")


def not_told(text: str) -> None:
    raise AssertionError(text)


def claimant(*, force: bool = False, on_unlocked: Callable[[str], None] = not_told) -> Claimant:
    return Claimant(command="up", force=force, on_lost=never, on_unlocked=on_unlocked)


@contextmanager
def refused(aws: Clients, operation: str) -> Iterator[None]:
    """Let S3 deny one operation to whoever runs this."""

    said = f"User: u is not authorized to perform: s3:{operation}"
    error = {"Error": {"Code": "AccessDenied", "Message": said}}

    def answer(**_: Any) -> Any:
        return SimpleNamespace(status_code=403), error

    events = aws.s3.meta.events
    events.register_first(f"before-call.s3.{operation}", answer)
    try:
        yield
    finally:
        events.unregister(f"before-call.s3.{operation}", answer)


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


@pytest.mark.parametrize("owner", [None, "another"])
def test_somebody_elses_bucket_that_the_spec_names_holds_the_lock(
    aws: Clients, owner: str | None
) -> None:
    make_bucket(aws, owner)
    with exclusive(THEIRS, aws, claimant()):
        assert keys(aws) == [".dmslake/shop.lock"]
        with pytest.raises(LockedError), exclusive(THEIRS, aws, claimant()):
            raise AssertionError("two at once")
    assert keys(aws) == []


def test_where_its_owner_lets_nobody_write_the_work_goes_on_and_the_user_is_told(
    aws: Clients,
) -> None:
    make_bucket(aws, None)
    told: list[str] = []
    with refused(aws, "PutObject"), exclusive(THEIRS, aws, claimant(on_unlocked=told.append)):
        assert keys(aws) == []
    (text,) = told
    assert text.startswith("pipeline shop is not locked, so make sure that nobody else works on it")
    assert "existing bucket shop-contract-staging" in text
    assert "allow s3:PutObject for" in text


def test_a_bucket_of_ours_that_may_not_be_written_is_an_error(aws: Clients) -> None:
    make_bucket(aws, "shop")
    denied, refusal = refused(aws, "PutObject"), pytest.raises(AccessError)
    with denied, refusal as raised, exclusive(SPEC, aws, claimant()):
        raise AssertionError("without a lock")
    assert "s3:PutObject" in raised.value.fix


def test_a_claim_that_may_not_be_read_is_somebodys(aws: Clients) -> None:
    make_bucket(aws, None)
    first, second = (exclusive(THEIRS, aws, claimant()) for _ in range(2))
    with first, refused(aws, "GetObject"), pytest.raises(AccessError), second:
        raise AssertionError("two at once")


def test_an_existing_bucket_that_is_gone_holds_no_removal_up(aws: Clients) -> None:
    told: list[str] = []
    with exclusive(THEIRS, aws, claimant(on_unlocked=told.append)):
        assert aws.s3.list_buckets()["Buckets"] == []
    assert "NoSuchBucket" in told[0]
