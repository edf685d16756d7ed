"""Objects under a KMS key ask for the key, as on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.calls import Calls

OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket")


@pytest.fixture
def key(calls: Calls) -> str:
    arn: str = calls.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def bucket(calls: Calls, key: str) -> str:
    name = calls.bucket()
    default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule: Any = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    calls.s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    calls.s3.put_object(Bucket=name, Key="a", Body=b"1")
    return name


def allowed(calls: Calls, *actions: str) -> Any:
    """Return S3 as a user who may use objects, and do this besides."""
    return calls.client("s3", calls.user(*OBJECTS, *actions))


def denied(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Message"]


def test_writing_and_reading_need_the_right_to_use_the_key(calls: Calls, bucket: str) -> None:
    s3 = allowed(calls)
    assert "kms:GenerateDataKey" in denied(s3.put_object, Bucket=bucket, Key="b", Body=b"")
    assert "kms:Decrypt" in denied(s3.get_object, Bucket=bucket, Key="a")
    assert s3.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "aws:kms"


def test_copying_needs_both_rights(calls: Calls, bucket: str) -> None:
    copy = {"Bucket": bucket, "Key": "b", "CopySource": {"Bucket": bucket, "Key": "a"}}
    message = denied(allowed(calls, "kms:GenerateDataKey").copy_object, **copy)
    assert "kms:Decrypt" in message
    assert "kms:GenerateDataKey" in denied(allowed(calls, "kms:Decrypt").copy_object, **copy)
    allowed(calls, "kms:Decrypt", "kms:GenerateDataKey").copy_object(**copy)


def test_parts_of_an_upload_need_both_rights(calls: Calls, bucket: str) -> None:
    s3 = allowed(calls, "kms:GenerateDataKey")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    message = denied(
        s3.upload_part, Bucket=bucket, Key="big", PartNumber=1, UploadId=upload, Body=b"1"
    )
    assert "kms:Decrypt" in message
    calls.s3.upload_part(Bucket=bucket, Key="big", PartNumber=1, UploadId=upload, Body=b"1")


def test_an_object_without_a_key_needs_none(calls: Calls, bucket: str) -> None:
    s3 = allowed(calls)
    s3.put_object(Bucket=bucket, Key="b", Body=b"1", ServerSideEncryption="AES256")
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"1"


def test_a_key_that_is_disabled_or_not_there_cannot_be_used(
    calls: Calls, bucket: str, key: str
) -> None:
    calls.client("kms").disable_key(KeyId=key)
    assert "is disabled" in denied(calls.s3.get_object, Bucket=bucket, Key="a")
    nobody = key[:-4] + "0000"
    message = denied(
        calls.s3.put_object, Bucket=bucket, Key="b", SSEKMSKeyId=nobody,
        ServerSideEncryption="aws:kms",
    )  # fmt: skip
    assert message == f"Key '{nobody}' does not exist"


def test_the_policy_of_the_key_has_a_say(calls: Calls, bucket: str, key: str) -> None:
    nobody = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",'
        '"Action":"kms:Decrypt","Resource":"*"},{"Effect":"Allow","Principal":'
        f'{{"AWS":"arn:aws:iam::{calls.sandbox.account}:root"}},"Action":"kms:*","Resource":"*"}}]}}'
    )
    calls.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=nobody)
    assert "kms:Decrypt" in denied(calls.s3.get_object, Bucket=bucket, Key="a")
    calls.s3.put_object(Bucket=bucket, Key="b", Body=b"")
