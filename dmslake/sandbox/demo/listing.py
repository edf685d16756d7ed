"""What lies below a prefix of a bucket, and which table each object of the lake belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from dmslake.aws.errors import translating
from dmslake.lake.config import LoaderConfig
from dmslake.lake.objects import StagedObject, as_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Listed(NamedTuple):
    """An object as a listing shows it; `size` in bytes."""

    key: str
    size: int
    last_modified: datetime


class LakeObject(NamedTuple):
    """An object of the lake, and the staged object whose copy it is; `arrived` is in staging."""

    key: str
    size: int
    staged: StagedObject
    arrived: datetime


class TableName(NamedTuple):
    """Schema and table, as their folders are called."""

    schema: str
    table: str


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The lake: the objects of each table, and the keys that the loader would never write."""

    tables: Mapping[TableName, tuple[LakeObject, ...]]
    strangers: tuple[str, ...]


def list_objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[Listed]:
    """List what lies below a prefix, directory markers left out, in the order of the keys.

    Raises:
        CloudError: the bucket cannot be listed.
    """
    with translating(f"listing s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=as_folder(prefix)
        )
        for page in pages:
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):
                    yield Listed(found["Key"], found["Size"], found["LastModified"])


def take_inventory(s3: S3Client, loader: LoaderConfig) -> Inventory:
    """List the lake of a loader, and read every key back to what it is a copy of.

    Raises:
        CloudError: the lake cannot be listed.
    """
    router = loader.router()
    tables: dict[TableName, list[LakeObject]] = defaultdict(list)
    strangers = []
    for key, size, _ in list_objects(s3, loader.lake_bucket, loader.lake_prefix):
        origin = router.origin(key)
        staged = router.stage(origin.key) if origin else None
        if origin is None or not isinstance(staged, StagedObject):
            strangers.append(key)
            continue
        name = TableName(staged.schema, staged.table)
        tables[name].append(LakeObject(key, size, staged, origin.arrived))
    found = {name: tuple(objects) for name, objects in tables.items()}
    return Inventory(tables=found, strangers=tuple(strangers))
