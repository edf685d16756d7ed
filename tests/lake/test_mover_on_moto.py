"""The mover against moto: real boto3 requests, with S3's rules for what a copy keeps."""

from collections.abc import Iterator
from typing import cast

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client as Boto3Client

from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.layout import Layout
from dmslake.lake.mover import Mover, S3Client
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.places import Places
from dmslake.lake.routing import Router

ODD_KEYS = [
    "dms/s/t/LOAD00000001.csv",
    "dms/a b/c+d/20261123-144702123.csv.gz",
    "dms/100%/%2F/f?versionId=x.csv",
    "dms/été/📦/eu=1/LOAD00000001.parquet",
]

PLACES = Places(staging_bucket="staging", lake_bucket="lake", account="123456789012")
PART = 5 * 1024**2
IN_PARTS = PLACES._replace(multipart_threshold=PART, part_size=PART)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Boto3Client]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for bucket in ("staging", "lake"):
            client.create_bucket(Bucket=bucket)
        yield client


def move(
    s3: Boto3Client, key: str, version_id: str | None = None, places: Places = PLACES
) -> Outcome:
    router = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
    ref = ObjectRef("staging", key, version_id)
    return Mover(cast("S3Client", s3), router, places).move(ref)


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize(
    ("body", "places"), [(b"data", PLACES), (b"0123456789abcdef" * (PART // 8), IN_PARTS)],
    ids=["whole", "in parts"],
)  # fmt: skip
def test_odd_keys_arrive_with_all_that_belongs_to_them(
    s3: Boto3Client, key: str, body: bytes, places: Places
) -> None:
    s3.put_object(
        Bucket="staging",
        Key=key,
        Body=body,
        CacheControl="no-cache",
        ContentDisposition="attachment",
        ContentEncoding="gzip",
        ContentLanguage="en",
        ContentType="text/csv",
        Metadata={"source": "dms"},
        Tagging="table=orders&of=a%20%2B%20b%3D1",
    )
    outcome = move(s3, key, places=places._replace(storage_class="STANDARD_IA"))
    assert outcome.status is Status.COPIED
    target = outcome.target.removeprefix("s3://lake/")
    copied = s3.get_object(Bucket="lake", Key=target)
    assert copied["Body"].read() == body
    assert (copied["ContentType"], copied["ContentEncoding"]) == ("text/csv", "gzip")
    assert (copied["CacheControl"], copied["ContentLanguage"]) == ("no-cache", "en")
    assert copied["ContentDisposition"] == "attachment"
    assert copied["Metadata"] == {"source": "dms"}
    assert copied["StorageClass"] == "STANDARD_IA"
    tags = s3.get_object_tagging(Bucket="lake", Key=target)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"table": "orders", "of": "a + b=1"}
    assert s3.get_object(Bucket="staging", Key=key)["Body"].read() == body
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


def test_a_version_is_copied_although_a_newer_one_exists(s3: Boto3Client) -> None:
    s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=b"old")["VersionId"]
    s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=b"new")
    target = move(s3, ODD_KEYS[0], old).target.removeprefix("s3://lake/")
    assert s3.get_object(Bucket="lake", Key=target)["Body"].read() == b"old"


def test_a_big_version_is_copied_although_a_newer_one_exists(s3: Boto3Client) -> None:
    s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
    body = b"old!" * (PART // 2)
    old = s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=body)["VersionId"]
    s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=b"new")
    target = move(s3, ODD_KEYS[0], old, IN_PARTS).target.removeprefix("s3://lake/")
    assert s3.get_object(Bucket="lake", Key=target)["Body"].read() == body


def test_a_big_object_for_a_bucket_that_is_gone_is_a_failure(s3: Boto3Client) -> None:
    s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=b"data" * PART)
    s3.delete_bucket(Bucket="lake")
    outcome = move(s3, ODD_KEYS[0], places=IN_PARTS)
    assert (outcome.error_code, outcome.temporary) == ("NoSuchBucket", False)


def test_a_missing_object_has_vanished(s3: Boto3Client) -> None:
    assert move(s3, ODD_KEYS[0]).status is Status.VANISHED


def test_a_missing_lake_bucket_is_a_failure(s3: Boto3Client) -> None:
    s3.put_object(Bucket="staging", Key=ODD_KEYS[0], Body=b"data")
    s3.delete_bucket(Bucket="lake")
    outcome = move(s3, ODD_KEYS[0])
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "NoSuchBucket")
