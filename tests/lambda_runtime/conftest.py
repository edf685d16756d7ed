"""Staging with every object that the recorded events name, and a function that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from dmslake.lake.config import LoaderConfig
from dmslake.sandbox.environment import environment
from dmslake.sandbox.model import Sandbox
from tests.lake.recorded import BUCKET, RECORDED
from tests.lambda_runtime.function import Function, running
from tests.sandbox.calls import Calls

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAKE = "acme-shop-lake"


@dataclass(frozen=True)
class Store:
    """The two buckets. Each staged object holds its own key."""

    s3: S3Client
    config: LoaderConfig
    versions: dict[str, str]

    def lake(self) -> dict[str, str]:
        """Read every object of the lake."""
        listed = self.s3.list_objects_v2(Bucket=LAKE).get("Contents", [])
        bodies = {one["Key"]: self.s3.get_object(Bucket=LAKE, Key=one["Key"]) for one in listed}
        return {key: found["Body"].read().decode() for key, found in bodies.items()}

    def expected(self, *keys: str) -> dict[str, str]:
        """Return what the lake holds once these staged objects, and no others, are there."""
        router = self.config.router()
        arrived = {key: self.s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys}
        return {getattr(router.route(key, at), "target", ""): key for key, at in arrived.items()}

    def empty(self, bucket: str) -> None:
        versions = self.s3.list_object_versions(Bucket=bucket).get("Versions", [])
        for one in versions:
            self.s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


@pytest.fixture(scope="package")
def store(calls: Calls, sandbox: Sandbox) -> Iterator[Store]:
    """The buckets of the recorded events, with all their objects, in the sandbox."""
    s3: S3Client = calls.client("s3")
    config = LoaderConfig(
        pipeline="shop", staging_bucket=BUCKET, staging_prefix="dms", lake_bucket=LAKE,
        lake_prefix="raw", account=sandbox.account,
    )  # fmt: skip
    for bucket in (BUCKET, LAKE):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    keys = {key for one in RECORDED.values() for key in one.keys}
    versions = {
        key: s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())["VersionId"] for key in keys
    }
    store = Store(s3, config, versions)
    yield store
    for bucket in (BUCKET, LAKE):
        store.empty(bucket)
        s3.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="package")
def function(
    store: Store, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """The function; one process, as in Lambda, for event after event."""
    pytest.importorskip("awslambdaric", reason="AWS's runtime client is made for Linux only")
    variables = environment(sandbox, {}) | store.config.to_environment()
    with running(tmp_path_factory.mktemp("function"), variables) as function:
        yield function
