"""A bucket with everything in it is emptied in batches, resumed, and tells how far it is."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.errors import AccessError, CloudError
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_contents import Contents, remove_everything
from dmslake.kinds.removal import Removal
from dmslake.sandbox.processes import wait_until
from tests.contract.recording import Calls, denied
from tests.kinds.aws.contract import live_of, make, remove, waiter

Cloud = tuple[Clients, Calls]


def new_bucket(aws: Clients) -> Bucket:
    name = f"test-{uuid.uuid4().hex[:12]}"
    arn = f"arn:aws:s3:::{name}"
    bucket = Bucket(name=name, arn=arn, purpose="staging", owner="shop", purge=True)
    make(bucket, aws)
    return bucket


def fill(aws: Clients, bucket: Bucket, objects: int) -> None:
    def put(number: int) -> None:
        aws.s3.put_object(Bucket=bucket.name, Key=f"dms/plain/{number:05}", Body=b"")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(objects)))


def fill_with_versions(aws: Clients, bucket: Bucket) -> None:
    """Put 3 keys with 2 versions and a delete marker each, and 3 unfinished uploads."""
    on: Any = {"Status": "Enabled"}
    aws.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=on)
    for number in range(3):
        for _ in range(2):
            aws.s3.put_object(Bucket=bucket.name, Key=f"dms/versions/{number}", Body=b"x")
        aws.s3.delete_object(Bucket=bucket.name, Key=f"dms/versions/{number}")
        aws.s3.create_multipart_upload(Bucket=bucket.name, Key=f"dms/unfinished/{number}")


@contextmanager
def requests(aws: Clients, operation: str) -> Iterator[list[dict[str, Any]]]:
    """Record the parameters of an S3 operation."""
    found: list[dict[str, Any]] = []

    def heard(params: dict[str, Any], **_: Any) -> None:
        found.append(params)

    event = f"provide-client-params.s3.{operation}"
    aws.s3.meta.events.register(event, heard)
    yield found
    aws.s3.meta.events.unregister(event, heard)


def contents(bucket: Bucket, aws: Clients) -> Contents:
    found = live_of(bucket, aws).attributes["contents"]
    assert isinstance(found, Contents)
    return found


def test_versions_markers_and_unfinished_uploads_go_too(cloud: Cloud) -> None:
    aws, said = cloud
    bucket = new_bucket(aws)
    fill_with_versions(aws, bucket)
    assert contents(bucket, aws) == Contents(objects=9, size=6)
    said.clear()
    with requests(aws, "AbortMultipartUpload") as aborted:
        remove(bucket, aws)
    assert len(aborted) == 3
    assert bucket.read(aws) is None
    assert said.actions <= {*Bucket.permissions.delete, *Bucket.permissions.read}


def test_2500_objects_take_three_batches_and_the_progress_is_told(cloud: Cloud) -> None:
    aws, _ = cloud
    bucket = new_bucket(aws)
    fill(aws, bucket, 2500)
    told: list[str] = []
    with requests(aws, "DeleteObjects") as batches:
        bucket.delete(aws)
        waiter(aws).until_gone(bucket, told.append)
    sizes = sorted(len(one["Delete"]["Objects"]) for one in batches)
    assert sizes == [500, 1000, 1000]
    assert bucket.removal.removed == 2500
    assert told
    assert all(text.startswith("removing objects, ") for text in told)


def test_keys_that_xml_cannot_hold_go_one_by_one(cloud: Cloud) -> None:
    aws, _ = cloud
    bucket = new_bucket(aws)
    for key in ("a\x01b", "a\rb", "a\x0bb", "plain", "a b+c%20é📦", "a\tb", "<&>", "a\nb"):
        aws.s3.put_object(Bucket=bucket.name, Key=key, Body=b"")
    with requests(aws, "DeleteObject") as alone:
        remove(bucket, aws)
    assert sorted(one["Key"] for one in alone) == ["a\x01b", "a\x0bb", "a\rb"]
    assert bucket.read(aws) is None


def test_a_removal_that_was_interrupted_goes_on(cloud: Cloud) -> None:
    aws, _ = cloud
    bucket = new_bucket(aws)
    fill(aws, bucket, 1100)
    fill_with_versions(aws, bucket)

    class ProgramEndsError(Exception):
        """What a kill would be."""

    def end(_: int) -> None:
        raise ProgramEndsError

    with pytest.raises(ProgramEndsError):
        remove_everything(aws, bucket.name, end)
    assert contents(bucket, aws).objects < 1109
    remove(bucket, aws)
    assert bucket.read(aws) is None


def test_a_second_removal_while_one_runs_is_the_same_one() -> None:
    go, begun = threading.Event(), threading.Event()
    removal = Removal()
    started: list[int] = []

    def work(count: Callable[[int], None]) -> None:
        started.append(1)
        count(7)
        begun.set()
        go.wait(10)

    for _ in range(2):
        removal.begin("x", work)
    assert begun.wait(10)
    assert removal.under_way()
    go.set()
    assert wait_until(lambda: not removal.under_way(), 10)
    assert (started, removal.removed) == ([1], 7)


def test_what_stops_it_is_told_by_the_next_look(cloud: Cloud) -> None:
    aws, said = cloud
    bucket = new_bucket(aws)
    with denied(said):
        bucket.delete(aws)
        with pytest.raises(AccessError, match="emptying staging bucket test-"):
            waiter(aws).until_gone(bucket, lambda _: None)
    remove(bucket, aws)
    assert bucket.read(aws) is None


def test_what_s3_refuses_to_remove_is_named(cloud: Cloud) -> None:
    aws, _ = cloud
    bucket = new_bucket(aws)
    fill(aws, bucket, 2)
    protected = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",'
        f'"Action":["s3:DeleteObject","s3:DeleteObjectVersion"],"Resource":"{bucket.arn}/*"}}]}}'
    )
    aws.s3.put_bucket_policy(Bucket=bucket.name, Policy=protected)
    with pytest.raises(CloudError) as caught:
        remove(bucket, aws)
    assert "AccessDenied" in caught.value.why
    aws.s3.delete_bucket_policy(Bucket=bucket.name)
    remove(replace(bucket, removal=Removal()), aws)


def test_without_leave_only_what_is_dmslakes_own_goes(cloud: Cloud) -> None:
    aws, said = cloud
    kept = replace(new_bucket(aws), purge=False)
    for number in range(3):
        key = f".dmslake/checkpoints/{number}.json"
        aws.s3.put_object(Bucket=kept.name, Key=key, Body=b"")
    assert contents(kept, aws).empty
    said.clear()
    remove(kept, aws)
    assert kept.read(aws) is None
    assert said.actions <= {*Bucket.permissions.delete, *Bucket.permissions.read}
