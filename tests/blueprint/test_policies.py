"""The least that works: what each role may do, and above all what it may not."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from dmslake.blueprint.dms_policies import dms_policy, dms_trust, source_policy, source_trust
from dmslake.blueprint.loader_policies import loader_policy, loader_trust, queue_policy
from tests.blueprint.specs import ACCOUNT, NAMES, spec

SPEC = spec()
WHOLE_BUCKETS = spec(staging="{bucket: acme-staging}", lake="{bucket: acme-lake}")
ONE_BUCKET = spec(staging="{bucket: acme, prefix: in}", lake="{bucket: acme, prefix: out}")
LOADER: Mapping[str, Any] = loader_policy(SPEC, NAMES)
DMS: Mapping[str, Any] = dms_policy(SPEC, NAMES)

STAGED = "arn:aws:s3:::acme-staging/dms/public/orders/LOAD00000001.csv"
LAKE = "arn:aws:s3:::acme-lake/raw/shop/public/orders/year=2026/x.csv"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed"
LOG = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/shop-loader:log-stream:x"


def as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def allows(statements: Mapping[str, Any], action: str, resource: str) -> bool:
    """Evaluate statements as IAM does where there are no conditions and no denials."""
    assert all(body["Effect"] == "Allow" for body in statements.values())
    return any(
        any(fnmatchcase(action, pattern) for pattern in as_list(body["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in as_list(body["Resource"]))
        for body in statements.values()
    )


LOADER_MAY = [
    ("s3:GetObject", STAGED),
    ("s3:GetObjectTagging", STAGED),
    ("s3:GetObjectVersion", STAGED),
    ("s3:ListBucket", "arn:aws:s3:::acme-staging"),
    ("s3:PutObject", LAKE),
    ("s3:PutObjectTagging", LAKE),
    ("s3:AbortMultipartUpload", LAKE),
    ("s3:GetObject", LAKE),
    ("s3:GetObjectAnnotation", STAGED),
    ("s3:PutObjectAnnotation", LAKE),
    ("logs:CreateLogStream", LOG),
    ("logs:PutLogEvents", LOG),
    ("sqs:SendMessage", QUEUE),
]
LOADER_MAY_NOT = [
    ("s3:PutObject", STAGED),
    ("s3:DeleteObject", STAGED),
    ("s3:DeleteObject", LAKE),
    ("s3:DeleteObjectVersion", LAKE),
    ("s3:GetObject", "arn:aws:s3:::acme-staging/other/secret.csv"),
    ("s3:GetObject", "arn:aws:s3:::acme-staging/dms-of-others/x.csv"),
    ("s3:GetObject", "arn:aws:s3:::acme-lake/raw/shop2/x.csv"),
    ("s3:GetObjectTagging", LAKE),
    ("s3:PutObject", "arn:aws:s3:::acme-lake/raw/shop2/x.csv"),
    ("s3:PutObject", "arn:aws:s3:::acme-lake-backup/raw/shop/x.csv"),
    ("s3:PutObjectAcl", LAKE),
    ("s3:ListBucket", "arn:aws:s3:::acme-lake"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::acme-lake"),
    ("sqs:SendMessage", f"{QUEUE}-of-others"),
    ("sqs:ReceiveMessage", QUEUE),
    ("logs:CreateLogGroup", LOG),
    ("logs:PutLogEvents", LOG.replace("shop-loader", "shop-loader2")),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/any"),
    ("sts:AssumeRole", "arn:aws:iam::123456789012:role/any"),
    ("lambda:InvokeFunction", NAMES.function_arn),
]


@pytest.mark.parametrize(("action", "resource"), LOADER_MAY)
def test_the_loader_may(action: str, resource: str) -> None:
    assert allows(LOADER, action, resource)


@pytest.mark.parametrize(("action", "resource"), LOADER_MAY_NOT)
def test_the_loader_may_not(action: str, resource: str) -> None:
    assert not allows(LOADER, action, resource)


DMS_MAY = [
    ("s3:PutObject", STAGED),
    ("s3:DeleteObject", STAGED),
    ("s3:PutObjectTagging", STAGED),
    ("s3:ListBucket", "arn:aws:s3:::acme-staging"),
]
DMS_MAY_NOT = [
    ("s3:PutObject", LAKE),
    ("s3:DeleteObject", LAKE),
    ("s3:GetObject", STAGED),
    ("s3:DeleteObject", "arn:aws:s3:::acme-staging/other/x.csv"),
    ("s3:PutObject", "arn:aws:s3:::acme-staging-2/dms/x.csv"),
    ("s3:ListBucket", "arn:aws:s3:::acme-lake"),
    ("s3:DeleteBucket", "arn:aws:s3:::acme-staging"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::acme-staging"),
]


@pytest.mark.parametrize(("action", "resource"), DMS_MAY)
def test_dms_may(action: str, resource: str) -> None:
    assert allows(DMS, action, resource)


@pytest.mark.parametrize(("action", "resource"), DMS_MAY_NOT)
def test_dms_may_not(action: str, resource: str) -> None:
    assert not allows(DMS, action, resource)


@pytest.mark.parametrize("spec_", [SPEC, WHOLE_BUCKETS, ONE_BUCKET], ids=["usual", "whole", "one"])
def test_no_action_and_no_resource_is_a_wildcard_of_its_own(spec_: Any) -> None:
    for statements in (loader_policy(spec_, NAMES), dms_policy(spec_, NAMES)):
        for body in statements.values():
            assert not any("*" in action for action in as_list(body["Action"]))
            assert not any(resource == "*" for resource in as_list(body["Resource"]))
            assert not any("::*" in resource for resource in as_list(body["Resource"]))


def test_without_a_prefix_the_whole_bucket_is_meant_and_nothing_else() -> None:
    loader, dms = loader_policy(WHOLE_BUCKETS, NAMES), dms_policy(WHOLE_BUCKETS, NAMES)
    assert allows(loader, "s3:GetObject", "arn:aws:s3:::acme-staging/public/orders/x.csv")
    assert allows(loader, "s3:PutObject", "arn:aws:s3:::acme-lake/public/orders/x.csv")
    assert allows(dms, "s3:PutObject", "arn:aws:s3:::acme-staging/public/orders/x.csv")
    assert not allows(dms, "s3:PutObject", "arn:aws:s3:::acme-lake/public/orders/x.csv")


def test_in_one_bucket_the_roles_keep_to_their_folders() -> None:
    loader, dms = loader_policy(ONE_BUCKET, NAMES), dms_policy(ONE_BUCKET, NAMES)
    assert not allows(loader, "s3:PutObject", "arn:aws:s3:::acme/in/x.csv")
    assert not allows(loader, "s3:GetObjectTagging", "arn:aws:s3:::acme/out/x.csv")
    assert not allows(loader, "s3:GetObject", "arn:aws:s3:::acme/elsewhere/x.csv")
    assert not allows(dms, "s3:DeleteObject", "arn:aws:s3:::acme/out/x.csv")


def test_the_statements_have_names_that_iam_takes() -> None:
    for statements in (LOADER, DMS, loader_trust(), dms_trust(NAMES)):
        assert all(sid.isalnum() for sid in statements)


def test_only_dms_of_this_account_and_region_assumes_its_role() -> None:
    assert dms_trust(NAMES) == {
        "DmsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": "dms.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT.id},
                "ArnLike": {"aws:SourceArn": "arn:aws:dms:eu-west-1:123456789012:*"},
            },
        }
    }


def test_only_lambda_assumes_the_loaders_role() -> None:
    assert loader_trust() == {
        "Lambda": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    }


def test_the_loaders_policy_as_a_whole() -> None:
    assert {sid: as_list(body["Resource"]) for sid, body in LOADER.items()} == {
        "ReadStagedObjects": ["arn:aws:s3:::acme-staging/dms/*"],
        "SeeWhatIsGone": ["arn:aws:s3:::acme-staging"],
        "WriteLake": ["arn:aws:s3:::acme-lake/raw/shop/*"],
        "WriteLog": ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/shop-loader:*"],
        "TakeFromQueue": ["arn:aws:sqs:eu-west-1:123456789012:shop-staged"],
        "QueueWhatFailed": [QUEUE],
    }


STAGING_KEY = "arn:aws:kms:eu-west-1:123456789012:key/staging"
LAKE_KEY = "arn:aws:kms:eu-west-1:123456789012:key/lake"
ENCRYPTED = spec(
    staging=f"{{bucket: acme-staging, prefix: dms, kms_key: '{STAGING_KEY}'}}",
    lake=f"{{bucket: acme-lake, prefix: raw/shop, kms_key: '{LAKE_KEY}'}}",
)


def test_who_may_use_which_key() -> None:
    loader, dms = loader_policy(ENCRYPTED, NAMES), dms_policy(ENCRYPTED, NAMES)
    assert allows(loader, "kms:Decrypt", STAGING_KEY)
    assert allows(loader, "kms:GenerateDataKey", LAKE_KEY)
    assert allows(dms, "kms:GenerateDataKey", STAGING_KEY)
    assert not allows(loader, "kms:GenerateDataKey", STAGING_KEY)
    assert not allows(dms, "kms:GenerateDataKey", LAKE_KEY)
    assert not allows(loader, "kms:Encrypt", LAKE_KEY)


def test_keys_can_be_used_through_s3_only() -> None:
    for statements in (loader_policy(ENCRYPTED, NAMES), dms_policy(ENCRYPTED, NAMES)):
        for body in statements.values():
            if any(action.startswith("kms:") for action in as_list(body["Action"])):
                assert body["Condition"] == {
                    "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
                }


@pytest.mark.parametrize("trigger", ["s3", "sqs"])
def test_neither_trigger_loses_its_rights_while_the_other_takes_its_place(trigger: str) -> None:
    loader = loader_policy(spec(loader=f"{{trigger: {trigger}}}"), NAMES)
    staged = "arn:aws:sqs:eu-west-1:123456789012:shop-staged"
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        assert allows(loader, action, staged)
        assert not allows(loader, action, QUEUE)
    assert allows(loader, "sqs:SendMessage", QUEUE)
    assert not allows(loader, "sqs:SendMessage", staged)
    assert not allows(loader, "sqs:PurgeQueue", staged)


def test_only_the_staging_bucket_of_this_account_fills_the_queue() -> None:
    (statement,) = queue_policy(SPEC, NAMES).values()
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::acme-staging"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT.id},
    }


SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"
WITH_SECRET = spec(source=f"{{engine: postgres, database: shop, secret: '{SECRET}'}}").source


def test_the_role_for_a_secret_reads_that_secret_and_nothing_else() -> None:
    found = source_policy(WITH_SECRET, NAMES)
    assert allows(found, "secretsmanager:GetSecretValue", SECRET)
    assert not allows(found, "secretsmanager:GetSecretValue", SECRET.replace("shop", "other"))
    assert not allows(found, "secretsmanager:PutSecretValue", SECRET)


def test_a_secret_is_read_under_the_regional_name_of_dms() -> None:
    (statement,) = source_trust(WITH_SECRET, NAMES).values()
    assert statement["Principal"] == {"Service": "dms.eu-west-1.amazonaws.com"}


def test_an_s3_source_is_read_and_never_written() -> None:
    tables = '{"TableCount": "1", "Tables": [{"TableName": "orders"}]}'
    source = spec(
        source="{engine: s3, settings: {bucket_name: acme-files, bucket_folder: in, "
        f"cdc_path: changes, external_table_definition: '{tables}'}}}}"
    ).source
    found = source_policy(source, NAMES)
    assert allows(found, "s3:GetObject", "arn:aws:s3:::acme-files/in/x.csv")
    assert not allows(found, "s3:GetObject", "arn:aws:s3:::acme-files/out/x.csv")
    assert not allows(found, "s3:PutObject", "arn:aws:s3:::acme-files/in/x.csv")
