"""Buckets: their settings, whose they are, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dmslake.aws.clients import Account, Clients
from dmslake.engine.assessment import assess, assess_removal
from dmslake.engine.plan import Action
from dmslake.errors import ConflictError
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_contents import Contents
from dmslake.kinds.shared_bucket import SharedBucket
from tests.contract.recording import Calls, denied
from tests.kinds.aws.contract import action, change, live_of, live_through, make

NAME = "acme-shop-staging"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000001"
BUCKET = Bucket(
    name=NAME,
    arn=f"arn:aws:s3:::{NAME}",
    purpose="staging",
    owner="shop",
    tags={"team": "data"},
    expire_after_days=30,
    expire_prefix="dms/",
)
SHARED = SharedBucket(name=NAME, purpose="lake", region="eu-west-1")
HERE: Any = {"LocationConstraint": "eu-west-1"}


def make_elsewhere(aws: Clients) -> None:
    there: Any = {"LocationConstraint": "us-west-2"}
    s3 = aws._session.client("s3", region_name="us-west-2")
    s3.create_bucket(Bucket=NAME, CreateBucketConfiguration=there)


def test_a_bucket_lives_through_everything(aws: Clients, said: Calls) -> None:
    changed = replace(BUCKET, expire_after_days=None, tags={"team": "other"}, kms_key=KEY)
    names = live_through(BUCKET, changed, aws, said)
    assert names == {"tags", "encryption", "kms_key", "bucket_key", "expire_after_days"}


def test_its_objects_are_encrypted_with_the_key_and_few_requests_to_it(aws: Clients) -> None:
    make(replace(BUCKET, kms_key=KEY), aws)
    answer = aws.s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]
    assert answer["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": KEY,
            },
            "BucketKeyEnabled": True,
        }
    ]


def test_a_key_that_the_spec_no_longer_names_is_taken_away(aws: Clients) -> None:
    make(replace(BUCKET, kms_key=KEY), aws)
    assert change(BUCKET, aws) == {"encryption"}
    answer = aws.s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]
    algorithm = answer["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert algorithm == "AES256"
    tags = aws.s3.get_bucket_tagging(Bucket=NAME)["TagSet"]
    assert "dmslake:kms-key" not in {tag["Key"] for tag in tags}


def test_a_key_that_somebody_else_chose_is_left_alone(aws: Clients) -> None:
    make(BUCKET, aws)
    theirs: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rule: Any = {"ApplyServerSideEncryptionByDefault": theirs}
    aws.s3.put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert action(BUCKET, aws) is Action.NOTHING


@pytest.mark.parametrize("weighed", [True, False])
def test_an_unchanged_bucket_takes_four_calls_and_one_to_weigh_it(
    aws: Clients, said: Calls, *, weighed: bool
) -> None:
    bucket = replace(BUCKET, weighed=weighed)
    make(bucket, aws)
    said.clear()
    bucket.read(aws)
    weighing = {"s3:ListBucketVersions"} if weighed else set()
    assert said.actions == weighing | {
        "s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
        "s3:GetLifecycleConfiguration",
    }  # fmt: skip


def test_a_bucket_without_our_tag_is_adopted_when_asked(aws: Clients) -> None:
    aws.s3.create_bucket(Bucket=NAME, CreateBucketConfiguration=HERE)
    assert action(BUCKET, aws) is Action.CONFLICT
    assert action(BUCKET, aws, adopt=True) is Action.UPDATE
    assert "tags" in change(BUCKET, aws)
    assert live_of(BUCKET, aws).owner == "shop"


def test_a_bucket_of_another_pipeline_is_never_adopted(aws: Clients) -> None:
    make(replace(BUCKET, owner="other"), aws)
    step = assess(BUCKET, BUCKET.read(aws), adopt=True)
    assert step.action is Action.CONFLICT
    assert step.reason == "it exists and belongs to pipeline other"


def test_a_bucket_of_ours_in_another_region_is_in_the_way_and_stays(aws: Clients) -> None:
    make(BUCKET, aws)
    elsewhere = Clients(aws._session, Account(id="123456789012", region="us-west-2"))
    live = BUCKET.read(elsewhere)
    said = "it is in eu-west-1, while the pipeline is in us-west-2"
    assert (assess(BUCKET, live).action, assess(BUCKET, live).reason) == (Action.CONFLICT, said)
    step = assess_removal(BUCKET, live)
    assert (step.action, step.reason) == (Action.KEEP, said)


def test_a_strange_bucket_in_another_region_is_in_the_way(aws: Clients) -> None:
    make_elsewhere(aws)
    said = "is in us-west-2, while the pipeline is in eu-west-1"
    assert assess(BUCKET, BUCKET.read(aws)).reason == f"it exists and {said}"
    step = assess(BUCKET, BUCKET.read(aws), adopt=True)
    assert (step.action, step.reason) == (Action.CONFLICT, f"it {said}")


def test_a_bucket_that_may_not_be_seen_is_in_the_way(aws: Clients, said: Calls) -> None:
    make(BUCKET, aws)
    with denied(said):
        step = assess(BUCKET, BUCKET.read(aws))
    assert step.action is Action.CONFLICT
    assert "belongs to another account, or s3:ListBucket is not allowed" in step.reason


def test_a_name_that_another_account_has_says_so(aws: Clients) -> None:
    def refuse(**_: Any) -> Any:
        error: Any = {"Error": {"Code": "BucketAlreadyExists", "Message": "taken"}}
        raise aws.s3.exceptions.ClientError(error, "CreateBucket")

    other = Clients(aws._session, aws.account)
    other._made["s3"] = SimpleNamespace(create_bucket=refuse)
    with pytest.raises(ConflictError) as caught:
        BUCKET.create(other)
    assert "belongs to another account" in caught.value.why
    assert caught.value.fix == "choose another name for staging.bucket"


def test_rules_statements_and_tags_of_others_stay(aws: Clients) -> None:
    make(BUCKET, aws)
    theirs: Any = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "x/"},
        "Expiration": {"Days": 3},
    }
    rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    aws.s3.put_bucket_lifecycle_configuration(
        Bucket=NAME,
        LifecycleConfiguration={"Rules": [*rules, theirs]},
    )
    change(replace(BUCKET, expire_after_days=7), aws)
    after = aws.s3.get_bucket_lifecycle_configuration(Bucket=NAME)
    assert "theirs" in [rule.get("ID") for rule in after["Rules"]]


def test_what_it_holds_and_how_to_remove_it_is_said(aws: Clients) -> None:
    make(BUCKET, aws)
    aws.s3.delete_bucket_policy(Bucket=NAME)  # moto takes its own calls for plain HTTP
    aws.s3.put_object(Bucket=NAME, Key=".dmslake/shop.lock", Body=b"{}")
    assert BUCKET.keeps(live_of(BUCKET, aws)) is None
    for number in range(3):
        aws.s3.put_object(Bucket=NAME, Key=f"dms/{number}", Body=b"x" * 500)
    assert BUCKET.keeps(live_of(BUCKET, aws)) == (
        "it holds 3 objects (1.5 kB); `dmslake down --delete-data` removes it with everything in "
        f"it, `aws s3 rb s3://{NAME} --force` where it keeps no versions"
    )
    assert replace(BUCKET, purge=True).keeps(live_of(BUCKET, aws)) is None
    assert "it may hold data" in str(BUCKET.keeps(live_of(replace(BUCKET, weighed=False), aws)))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (Contents(1, 1), "1 object (1 byte)"),
        (Contents(2, 999), "2 objects (999 bytes)"),
        (Contents(1234, 5_600_000), "1,234 objects (5.6 MB)"),
        (Contents(10_000, 2_000_000_000_000, more=True),
         "more than 10,000 objects (more than 2.0 TB)"),
    ],
)  # fmt: skip
def test_sizes_are_readable(contents: Contents, said: str) -> None:
    assert str(contents) == said


def test_a_bucket_that_was_filled_meanwhile_stays(aws: Clients) -> None:
    make(BUCKET, aws)
    aws.s3.delete_bucket_policy(Bucket=NAME)
    aws.s3.put_object(Bucket=NAME, Key="dms/late", Body=b"x")
    with pytest.raises(ConflictError, match="something was put into it meanwhile"):
        BUCKET.delete(aws)
    assert aws.s3.head_object(Bucket=NAME, Key="dms/late")


def test_a_shared_bucket_is_only_looked_at(aws: Clients, said: Calls) -> None:
    assert assess(SHARED, SHARED.read(aws)).reason == "it does not exist"
    aws.s3.create_bucket(Bucket=NAME, CreateBucketConfiguration=HERE)
    said.clear()
    assert action(SHARED, aws) is Action.NOTHING
    assert assess_removal(SHARED, SHARED.read(aws)).action is Action.NOTHING
    SHARED.delete(aws)
    assert said.actions == {"s3:ListBucket"}
    with denied(said):
        assert "belongs to another account, or" in assess(SHARED, SHARED.read(aws)).reason


def test_a_shared_bucket_elsewhere_is_refused(aws: Clients) -> None:
    make_elsewhere(aws)
    step = assess(SHARED, SHARED.read(aws))
    assert step.action is Action.CONFLICT
    assert step.reason == "it is in us-west-2, while the pipeline is in eu-west-1"
