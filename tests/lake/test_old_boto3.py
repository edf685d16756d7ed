"""The loader asks nothing of S3 that the boto3 of an older runtime could not ask.

botocore_1_34_0.json holds what the botocore of December 2023 takes for each operation, from its
own model of S3; a parameter that is not in it would be a ParamValidationError there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import boto3
import pytest
from moto import mock_aws

from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.layout import Layout
from dmslake.lake.mover import Mover, Places, S3Client
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.routing import Router

KNOWN: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "botocore_1_34_0.json").read_text(encoding="utf-8")
)
KEY = "dms/public/orders/LOAD00000001.csv"
MIB = 1024**2
Sent = dict[str, set[str]]


class World(NamedTuple):
    s3: Any
    sent: Sent

    def put(self, body: bytes) -> str:
        stored = self.s3.put_object(
            Bucket="staging", Key=KEY, Body=body, ContentType="text/csv", CacheControl="no-store",
            ContentEncoding="gzip", ContentDisposition="x", ContentLanguage="en",
            Metadata={"source": "dms"}, Tagging="table=orders",
        )  # fmt: skip
        self.sent.clear()
        return str(stored["VersionId"])

    def move(self, version_id: str | None = None) -> Outcome:
        """Move it with everything that a spec can ask for; over 6 MiB in parts."""
        places = Places(
            staging_bucket="staging", lake_bucket="lake", account="123456789012",
            lake_kms_key="arn:aws:kms:us-east-1:123456789012:key/1", storage_class="STANDARD_IA",
            multipart_threshold=6 * MIB, part_size=5 * MIB,
        )  # fmt: skip
        router = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
        mover = Mover(cast("S3Client", self.s3), router, places, sleep=lambda _: None)
        return mover.move(ObjectRef("staging", KEY, version_id))

    def refuse_parts(self) -> None:
        refused = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}

        class Forbidden(NamedTuple):
            status_code: int = 403

        self.s3.meta.events.register(
            "before-call.s3.UploadPartCopy", lambda **_: (Forbidden(), refused)
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    sent: Sent = defaultdict(set)

    def hear(params: dict[str, Any], model: Any, **_: object) -> None:
        sent[model.name].update(params)

    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for bucket in ("staging", "lake"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="staging", VersioningConfiguration={"Status": "Enabled"})
        # Early: botocore adds members of its own afterwards, and does so in old versions too.
        s3.meta.events.register_first("provide-client-params.s3", hear)
        yield World(s3, sent)


def unknown(sent: Sent) -> dict[str, set[str]]:
    found = {operation: names - set(KNOWN[operation]) for operation, names in sent.items()}
    return {operation: names for operation, names in found.items() if names}


def test_a_copy_is_asked_for_in_words_that_old_versions_know(world: World) -> None:
    version = world.put(b"data")
    assert world.move(version).status is Status.COPIED
    assert set(world.sent) == {"HeadObject", "CopyObject"}
    assert unknown(world.sent) == {}


def test_a_copy_in_parts_is_asked_for_in_words_that_old_versions_know(world: World) -> None:
    version = world.put(b"d" * 12 * MIB)
    assert world.move(version).status is Status.COPIED
    assert set(world.sent) == KNOWN.keys() - {"CopyObject", "AbortMultipartUpload"}
    assert unknown(world.sent) == {}


def test_giving_up_is_asked_for_in_words_that_old_versions_know(world: World) -> None:
    version = world.put(b"d" * 12 * MIB)
    world.refuse_parts()
    assert world.move(version).error_code == "AccessDenied"
    assert "AbortMultipartUpload" in world.sent
    assert unknown(world.sent) == {}
