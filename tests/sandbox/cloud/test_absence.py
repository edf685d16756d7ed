"""What is not there is told to those who may list, as on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.calls import Calls

ASKED = {
    "head": lambda s3, bucket: s3.head_object(Bucket=bucket, Key="gone"),
    "get": lambda s3, bucket: s3.get_object(Bucket=bucket, Key="gone"),
    "copy": lambda s3, bucket: s3.copy_object(
        Bucket=bucket, Key="new", CopySource={"Bucket": bucket, "Key": "gone"}
    ),
}


def status(call: Any, s3: Any, bucket: str) -> int:
    with pytest.raises(ClientError) as caught:
        call(s3, bucket)
    found: int = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return found


@pytest.mark.parametrize("asked", ASKED)
def test_only_who_may_list_is_told_what_is_not_there(calls: Calls, asked: str) -> None:
    bucket = calls.bucket()
    blind = calls.client("s3", calls.user("s3:GetObject", "s3:PutObject"))
    seeing = calls.client("s3", calls.user("s3:GetObject", "s3:PutObject", "s3:ListBucket"))
    assert status(ASKED[asked], blind, bucket) == 403
    assert status(ASKED[asked], seeing, bucket) == 404


def test_that_a_bucket_is_not_there_is_no_secret(calls: Calls) -> None:
    blind = calls.client("s3", calls.user("s3:GetObject"))
    assert status(ASKED["get"], blind, "no-such-bucket-of-dmslake") == 404
