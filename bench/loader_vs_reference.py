"""The reference architecture's Lambda beside ours, on the same 500 staged objects.

Ten tables whose full loads have files of the same names, as DMS names them, and whose own names
hold what database names may hold. Every event is delivered twice, in no order, one object in each
as S3 does, and one that fails comes again twice, as Lambda does. CopyObject's limit of 5 GB is
lowered to 5 MB for both, so that one object of 6 MB stands for one of 6 GB.

An object is lost when nothing in the lake has its content; wrong is what lies in the lake and is no
staged object's content, or not where that object belongs.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import quote_plus

import boto3
from botocore.exceptions import ClientError
from reference_loader import ReferenceLoader

from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes.base import DeliveryError
from dmslake.lake.handler import Loader
from dmslake.lake.mover import S3Client
from dmslake.sandbox import launcher
from dmslake.sandbox.environment import environment

SEED = 20261123
STAGING, OURS, THEIRS = "shop-staging", "shop-lake", "shop-lake-of-the-reference"
TABLES = (
    "customers", "orders", "products", "returns", "order items", "a b+c", "a+b", "100%", "été",
    "📦 parcels",
)  # fmt: skip
LOADS = CHANGES = 25
LIMIT = 5 * 1024**2
BIG = "dms/public/orders/LOAD00000001.csv"
TRIES = 3

Event = dict[str, Any]


class LimitedS3:
    """boto3's client; its S3 refuses, as S3 does, what is too large for one CopyObject."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def copy_object(self, **request: Any) -> Any:
        if self._s3.head_object(**request["CopySource"])["ContentLength"] > LIMIT:
            text = f"The copy source is larger than the largest size for a copy source: {LIMIT}"
            raise ClientError({"Error": {"Code": "InvalidRequest", "Message": text}}, "CopyObject")
        return self._s3.copy_object(**request)


class Tally(NamedTuple):
    """What became of the staged objects with one of the two."""

    staged: int
    in_lake: int
    wrong: int
    lost: int
    dead_letters: int


@contextmanager
def sandboxed() -> Iterator[tuple[Any, str]]:
    """Start a sandbox with empty buckets; yields its S3 and its account."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "sandbox"
        try:
            sandbox = launcher.start(state)
            os.environ.update(environment(sandbox))
            s3: Any = boto3.client("s3")
            for bucket in (STAGING, OURS, THEIRS):
                s3.create_bucket(
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": sandbox.region},
                )
            yield s3, sandbox.account
        finally:
            launcher.destroy(state)


def staged_objects() -> dict[str, bytes]:
    """Give 500 objects; each holds what no other does."""
    keys = [
        f"dms/public/{table}/{name}"
        for number, table in enumerate(TABLES)
        for name in (
            *(f"LOAD{file:08X}.csv" for file in range(1, LOADS + 1)),
            *(f"20261123-1447{file:02d}{number:03d}.csv" for file in range(CHANGES)),
        )
    ]
    return {key: f"{key}\n".encode() * (1 if key != BIG else 6 * 1024**2 // 34) for key in keys}


def events(objects: Mapping[str, bytes]) -> list[Event]:
    """Give the events of all objects, twice each and in no order."""
    delivered = [event for key in objects for event in [notification(key, len(objects[key]))] * 2]
    random.Random(SEED).shuffle(delivered)  # noqa: S311 - an order, no secret
    return delivered


def notification(key: str, size: int) -> Event:
    item = {"key": quote_plus(key, safe="/"), "size": size, "eTag": "0", "sequencer": "00"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": STAGING}, "object": item},
    }
    return {"Records": [record]}


def deliver(event: Event, load: Callable[[Event], object]) -> bool:
    """Deliver as Lambda does; tells whether the event ended as a dead letter."""
    for _ in range(TRIES):
        try:
            load(event)
        except (ClientError, DeliveryError):
            continue
        return False
    return True


def contents(s3: Any, bucket: str) -> Iterator[tuple[str, bytes]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", ()):
            yield one["Key"], s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def tally(
    lake: Mapping[str, bytes], objects: Mapping[str, bytes], place: Callable[[str], str], dead: int
) -> Tally:
    """Count; `place` tells where a staged key belongs by the rules of the one who copied."""
    keys = {body: key for key, body in objects.items()}
    wrong = sum(body not in keys or place(keys[body]) != at for at, body in lake.items())
    return Tally(len(objects), len(lake), wrong, len(keys.keys() - set(lake.values())), dead)


def run(s3: Any, account: str, objects: Mapping[str, bytes]) -> tuple[Tally, Tally]:
    """Stage the objects and deliver their events to both; returns theirs and ours."""
    for key, body in objects.items():
        s3.put_object(Bucket=STAGING, Key=key, Body=body)
    arrived = {key: s3.head_object(Bucket=STAGING, Key=key)["LastModified"] for key in objects}
    config = LoaderConfig(
        pipeline="shop", staging_bucket=STAGING, staging_prefix="dms", lake_bucket=OURS,
        lake_prefix="raw", account=account, multipart_threshold=LIMIT, part_size=LIMIT,
    )  # fmt: skip
    router = config.router()
    limited = LimitedS3(s3)
    reference = ReferenceLoader(limited, THEIRS, "raw")
    loader = Loader(config, cast("S3Client", limited))
    log = io.StringIO()

    def partition(key: str) -> str:
        return f"raw/{arrived[key]:year=%Y/month=%m/day=%d/hour=%H}/{key.rsplit('/', 1)[-1]}"

    def target(key: str) -> str:
        return getattr(router.route(key, arrived[key]), "target", "")

    dead: Counter[str] = Counter()
    for event in events(objects):
        dead["theirs"] += deliver(event, reference.load)
        dead["ours"] += deliver(event, lambda event: loader.load(event, request_id="", stream=log))
    theirs = tally(dict(contents(s3, THEIRS)), objects, partition, dead["theirs"])
    return theirs, tally(dict(contents(s3, OURS)), objects, target, dead["ours"])


def main() -> None:
    with sandboxed() as (s3, account):
        theirs, ours = run(s3, account, staged_objects())
    print(f"{'':24}{'reference':>10}{'dmslake':>10}")
    for name in Tally._fields:
        text = name.replace("_", " ").replace("in lake", "objects in the lake")
        print(f"{text:24}{getattr(theirs, name):10}{getattr(ours, name):10}")
    if ours.wrong or ours.lost or ours.dead_letters:
        raise SystemExit("the loader lost objects or misplaced them")


if __name__ == "__main__":
    main()
