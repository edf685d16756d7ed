"""The lake as a tree for display: schemas, their tables, and the partitions of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dmslake.lake.config import LoaderConfig
from dmslake.lake.objects import as_folder
from dmslake.sandbox.demo.listing import LakeObject, TableName, take_inventory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A folder with objects, named below its table: `year=2026/month=11/day=23/hour=14`."""

    path: str
    objects: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class TableBranch:
    """A table and its partitions, in the order of their names."""

    name: str
    partitions: tuple[Partition, ...]

    @property
    def objects(self) -> int:
        return sum(partition.objects for partition in self.partitions)

    @property
    def bytes(self) -> int:
        return sum(partition.bytes for partition in self.partitions)


@dataclass(frozen=True, kw_only=True)
class SchemaBranch:
    """A schema and its tables, in the order of their names."""

    name: str
    tables: tuple[TableBranch, ...]


@dataclass(frozen=True, kw_only=True)
class PartitionTree:
    """The lake; `strangers` counts objects that the loader never wrote."""

    location: str
    schemas: tuple[SchemaBranch, ...]
    strangers: int

    @property
    def tables(self) -> tuple[TableBranch, ...]:
        return tuple(table for schema in self.schemas for table in schema.tables)

    @property
    def objects(self) -> int:
        return sum(table.objects for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self.tables)


def partition_tree(s3: S3Client, loader: LoaderConfig) -> PartitionTree:
    """List the lake and arrange it as a tree.

    Raises:
        CloudError: the lake cannot be listed.
    """
    inventory = take_inventory(s3, loader)
    folder = as_folder(loader.lake_prefix)
    names = sorted(inventory.tables)
    schemas = tuple(
        SchemaBranch(
            name=schema,
            tables=tuple(_branch(name, inventory.tables[name], folder) for name in group),
        )
        for schema, group in groupby(names, key=lambda name: name.schema)
    )
    return PartitionTree(
        location=f"s3://{loader.lake_bucket}/{folder}",
        schemas=schemas,
        strangers=len(inventory.strangers),
    )


def _branch(name: TableName, objects: Iterable[LakeObject], lake_folder: str) -> TableBranch:
    sizes: dict[str, list[int]] = defaultdict(list)
    table_folder = f"{lake_folder}{name.schema}/{name.table}/"
    for found in objects:
        # A layout may put other folders before the table's, which then are part of the partition.
        below = found.key.removeprefix(table_folder).removeprefix(lake_folder)
        sizes[below.rpartition("/")[0]].append(found.size)
    return TableBranch(
        name=name.table,
        partitions=tuple(
            Partition(path=path, objects=len(found), bytes=sum(found))
            for path, found in sorted(sizes.items())
        ),
    )
