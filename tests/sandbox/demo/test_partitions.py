"""The partition tree: what is where, how many objects and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dmslake.errors import NotFoundError
from dmslake.sandbox.demo.partitions import (
    Partition,
    PartitionTree,
    SchemaBranch,
    TableBranch,
    partition_tree,
)
from tests.sandbox.demo.files import BEGAN, LOAD, LOADER, change_file, put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_HOUR, NEXT_HOUR = "year=2026/month=11/day=23/hour=14", "year=2026/month=11/day=23/hour=15"


def test_a_lake_is_schemas_with_tables_with_partitions(s3: S3Client) -> None:
    put(s3, "shop/order items", LOAD, "12345")
    put(s3, "shop/order items", change_file(60), "123", seconds=61)
    put(s3, "shop/order items", change_file(3600), "1", seconds=3601)
    put(s3, "shop/a+b", LOAD, "")
    put(s3, "shop_archive/order items", LOAD, "12")
    s3.put_object(Bucket=LOADER.lake_bucket, Key="raw/shop/notes.txt", Body=b"mine")
    tree = partition_tree(s3, LOADER)
    assert tree == PartitionTree(
        location="s3://lake/raw/shop/",
        schemas=(
            SchemaBranch(
                name="shop",
                tables=(
                    TableBranch(name="a+b", partitions=(_partition(FIRST_HOUR, 1, 0),)),
                    TableBranch(
                        name="order items",
                        partitions=(_partition(FIRST_HOUR, 2, 8), _partition(NEXT_HOUR, 1, 1)),
                    ),
                ),
            ),
            SchemaBranch(
                name="shop_archive",
                tables=(
                    TableBranch(name="order items", partitions=(_partition(FIRST_HOUR, 1, 2),)),
                ),
            ),
        ),
        strangers=1,
    )
    assert (tree.objects, tree.bytes, len(tree.tables)) == (5, 11, 3)


def test_an_empty_lake_is_an_empty_tree(s3: S3Client) -> None:
    tree = partition_tree(s3, LOADER._replace(lake_prefix=""))
    assert tree == PartitionTree(location="s3://lake/", schemas=(), strangers=0)


def test_another_layout_keeps_its_folders(s3: S3Client) -> None:
    layout = "year={year}/{schema}/{table}/{stem}-{stamp}{ext}"
    loader = LOADER._replace(lake_prefix="", layout=layout)
    route = loader.router().route("dms/shop/orders/" + LOAD, BEGAN)
    s3.put_object(Bucket="lake", Key=str(route[0]), Body=b"1")
    (table,) = partition_tree(s3, loader).tables
    assert table.partitions == (_partition("year=2026/shop/orders", 1, 1),)


def test_a_lake_that_is_not_there_is_an_error(s3: S3Client) -> None:
    with pytest.raises(NotFoundError) as failed:
        partition_tree(s3, LOADER._replace(lake_bucket="nowhere"))
    assert "s3://nowhere/raw/shop" in failed.value.what


def _partition(path: str, objects: int, size: int) -> Partition:
    return Partition(path=path, objects=objects, bytes=size)
