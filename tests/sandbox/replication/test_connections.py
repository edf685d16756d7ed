"""Connection tests, of the source and of the bucket, and object names."""

from __future__ import annotations

import io
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config

from dmslake.sandbox.dms import replication
from dmslake.sandbox.dms.replication import ConnectionFailure, StagingTarget
from dmslake.sandbox.dms.replication.catalog import TableName
from dmslake.sandbox.dms.replication.staging import Staging
from dmslake.sandbox.dms.replication.target_settings import read_target_settings
from tests.sandbox.replication.bucket import Bucket
from tests.sandbox.replication.clocks import StandingClock
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.faults import FaultyS3
from tests.sandbox.replication.waiting import free_port

OWNER = {"ExpectedBucketOwner": "123456789012"}


def test_a_source_that_answers_is_fine(database: Database) -> None:
    replication.test_source(database.source())


def test_a_source_that_does_not_answer_tells_why(database: Database) -> None:
    source = database.source()
    for broken, why in (
        (replace(source, password="wrong-secret"), "password authentication failed"),
        (replace(source, database="nowhere"), 'database "nowhere" does not exist'),
        (replace(source, username="nobody"), 'password authentication failed for user "nobody"'),
        (replace(source, port=free_port()), "Connection refused"),
        (replace(source, host="host.invalid"), "could not translate host name"),
        (replace(source, ssl_mode="require"), "server does not support SSL"),
    ):
        with pytest.raises(ConnectionFailure, match=why) as failure:
            replication.test_source(broken)
        assert "secret" not in str(failure.value)


def test_a_bucket_that_can_be_written_is_fine_and_left_as_it_was(bucket: Bucket) -> None:
    target = StagingTarget(bucket=bucket.name, folder="dms", settings=OWNER)
    replication.test_target(target, lambda: bucket.s3)
    assert bucket.keys() == []


def test_a_bucket_that_cannot_be_used_tells_why(bucket: Bucket) -> None:
    target = StagingTarget(bucket="not-there", folder="")
    with pytest.raises(ConnectionFailure, match="NoSuchBucket"):
        replication.test_target(target, lambda: bucket.s3)
    faulty = FaultyS3(bucket.s3)
    faulty.code = "AccessDenied"
    target = StagingTarget(bucket=bucket.name)
    with pytest.raises(ConnectionFailure, match="AccessDenied"):
        replication.test_target(target, lambda: faulty)  # type: ignore[arg-type,return-value]  # a double
    parquet = StagingTarget(bucket=bucket.name, settings={"DataFormat": "parquet"})
    with pytest.raises(replication.SettingsError, match="parquet"):
        replication.test_target(parquet, lambda: bucket.s3)


def test_a_bucket_that_cannot_be_reached_tells_why() -> None:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    nowhere = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=config,
    )
    with pytest.raises(ConnectionFailure, match="Could not connect to the endpoint"):
        replication.test_target(StagingTarget(bucket="staging"), lambda: nowhere)


@pytest.mark.parametrize(
    ("sequence", "delimiter", "folder"),
    [
        ("YYYYMMDD", "SLASH", "2026/11/23/"),
        ("yyyymmdd", "dash", "2026-11-23/"),
        ("YYYYMMDD", "UNDERSCORE", "2026_11_23/"),
        ("YYYYMMDD", "NONE", "20261123/"),
        ("YYYYMMDDHH", "SLASH", "2026/11/23/14/"),
        ("YYYYMM", "DASH", "2026-11/"),
        ("MMYYYYDD", "SLASH", "11/2026/23/"),
        ("DDMMYYYY", "UNDERSCORE", "23_11_2026/"),
    ],
)
def test_date_folders(bucket: Bucket, sequence: str, delimiter: str, folder: str) -> None:
    settings = read_target_settings(
        {
            "DatePartitionEnabled": True,
            "DatePartitionSequence": sequence,
            "DatePartitionDelimiter": delimiter,
        }
    )
    staging = Staging(StagingTarget(bucket="b", folder="/in/"), settings, lambda: bucket.s3)
    name = TableName(schema="public", table="orders")
    closed = StandingClock().now
    assert staging.change_key(name, closed) == f"in/public/orders/{folder}20261123-143027362.csv"
    assert staging.load_key(name, 31) == "in/public/orders/LOAD0000001F.csv"


def test_without_a_folder_keys_begin_with_the_schema(bucket: Bucket) -> None:
    staging = Staging(StagingTarget(bucket="b"), read_target_settings({}), lambda: bucket.s3)
    assert staging.folder(TableName(schema="s", table="t")) == "s/t/"


def test_objects_are_written_with_the_endpoints_encryption_and_owner(bucket: Bucket) -> None:
    settings = {**OWNER, "EncryptionMode": "SSE_KMS", "ServerSideEncryptionKmsKeyId": "key-1"}
    read = read_target_settings(settings)
    staging = Staging(StagingTarget(bucket=bucket.name), read, lambda: bucket.s3)
    name = TableName(schema="s", table="t")
    with io.BytesIO(b"text") as small, io.BytesIO(b"x" * (65 * 1024 * 1024)) as large:
        staging.put(staging.load_key(name, 1), small)
        staging.put(staging.load_key(name, 2), large)
        assert not large.closed
    for number, size in ((1, 4), (2, 65 * 1024 * 1024)):
        head = bucket.s3.head_object(Bucket=bucket.name, Key=staging.load_key(name, number))
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"] == "key-1"
        assert head["ContentLength"] == size
    staging.empty_folder(name)
    assert not staging.exists(staging.load_key(name, 1))
