"""Tags of objects ask for their own rights, as on AWS, and uploads in parts keep them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.calls import Calls

OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket")
READ, WRITE = "s3:GetObjectTagging", "s3:PutObjectTagging"


@pytest.fixture
def bucket(calls: Calls) -> str:
    name = calls.bucket()
    calls.s3.put_object(Bucket=name, Key="tagged", Body=b"1", Tagging="a=b%20c")
    calls.s3.put_object(Bucket=name, Key="plain", Body=b"1")
    return name


def allowed(calls: Calls, *actions: str) -> Any:
    return calls.client("s3", calls.user(*OBJECTS, *actions))


def copy(s3: Any, bucket: str, key: str, **more: Any) -> None:
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key}, **more)


@pytest.mark.parametrize("actions", [(), (READ,), (WRITE,)])
def test_a_copy_of_an_object_with_tags_needs_both_rights(
    calls: Calls, bucket: str, actions: tuple[str, ...]
) -> None:
    s3 = allowed(calls, *actions)
    copy(s3, bucket, "plain")
    with pytest.raises(ClientError) as caught:
        copy(s3, bucket, "tagged")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    copy(allowed(calls, READ, WRITE), bucket, "tagged")
    copy(s3, bucket, "tagged", TaggingDirective="REPLACE")


def test_setting_tags_needs_the_right_to(calls: Calls, bucket: str) -> None:
    s3 = allowed(calls)
    for begin in (s3.create_multipart_upload, s3.put_object):
        with pytest.raises(ClientError) as caught:
            begin(Bucket=bucket, Key="new", Tagging="a=b")
        assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_an_upload_in_parts_has_the_tags_that_it_began_with(calls: Calls, bucket: str) -> None:
    where: Any = {"Bucket": bucket, "Key": "big"}
    upload = calls.s3.create_multipart_upload(**where, Tagging="a=b%20c&d=")["UploadId"]
    part = calls.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"1")
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    calls.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    found = calls.s3.get_object_tagging(**where)["TagSet"]
    assert found == [{"Key": "a", "Value": "b c"}, {"Key": "d", "Value": ""}]
