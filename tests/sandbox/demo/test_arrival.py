"""Arrival: every staged object is waited for until its own copy, and no other, is in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmslake.lake.routing import Route
from dmslake.sandbox.demo.arrival import Arrival, arrival
from tests.sandbox.demo.files import LOAD, LOADER, change_file, put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STAGED = [
    f"dms/shop/{table}/{file}"
    for table in ("order items", "a+b", "Ünï%cøde", "orders")
    for file in (LOAD, "LOAD00000002.csv", change_file(60))
]


def stage(s3: S3Client, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=LOADER.staging_bucket, Key=key, Body=b"staged")


def copy(s3: S3Client, key: str) -> None:
    """Do the loader's work for one staged object."""
    modified = s3.head_object(Bucket=LOADER.staging_bucket, Key=key)["LastModified"]
    route = LOADER.router().route(key, modified)
    assert isinstance(route, Route)
    s3.put_object(Bucket=LOADER.lake_bucket, Key=route.target, Body=b"staged")


def test_nothing_staged_is_complete(s3: S3Client) -> None:
    found = arrival(s3, LOADER)
    assert found == Arrival(staged=0, in_lake=0, skipped=0, waiting=())
    assert found.is_complete


def test_objects_are_waited_for_until_they_are_there(s3: S3Client) -> None:
    stage(s3, *STAGED)
    waiting = sorted(STAGED)
    for key in sorted(STAGED):
        found = arrival(s3, LOADER)
        assert not found.is_complete
        assert (found.staged, found.in_lake) == (len(STAGED), len(STAGED) - len(waiting))
        assert found.waiting == tuple(waiting[:10])
        copy(s3, key)
        waiting.remove(key)
    assert arrival(s3, LOADER) == Arrival(staged=12, in_lake=12, skipped=0, waiting=())
    assert arrival(s3, LOADER).is_complete


def test_the_copy_of_another_object_does_not_count(s3: S3Client) -> None:
    stage(s3, "dms/shop/orders/" + LOAD)
    put(s3, "shop_archive/orders", LOAD, "")
    put(s3, "shop/orders", LOAD, "", seconds=-86400)
    assert arrival(s3, LOADER).waiting == ("dms/shop/orders/" + LOAD,)


def test_what_has_no_place_in_the_lake_is_not_waited_for(s3: S3Client) -> None:
    stage(s3, "dms/awsdms_test_connection", "dms/shop//x.csv", "other/shop/orders/" + LOAD)
    found = arrival(s3, LOADER)
    assert found == Arrival(staged=0, in_lake=0, skipped=2, waiting=())
    assert found.is_complete
