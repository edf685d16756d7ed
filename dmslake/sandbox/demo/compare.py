"""The source's rows against the lake's replayed files: every row, every value, by its type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dmslake.lake.config import LoaderConfig
from dmslake.sandbox.demo.differences import (
    Comparison,
    Difference,
    Findings,
    Kind,
    TableComparison,
    shown,
    shown_row,
)
from dmslake.sandbox.demo.lake_rows import LakeRows
from dmslake.sandbox.demo.listing import Inventory, TableName, take_inventory
from dmslake.sandbox.demo.sessions import snapshot
from dmslake.sandbox.demo.shop_tables import SCHEMAS
from dmslake.sandbox.demo.source_rows import Row, SourceTable, read_tables, source_rows
from dmslake.sandbox.dms.replication.model import SourceDatabase

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def compare(
    source: SourceDatabase,
    s3: S3Client,
    loader: LoaderConfig,
    *,
    schemas: Sequence[str] = SCHEMAS,
) -> Comparison:
    """Compare every table of the schemas with what the lake of a loader says of it.

    Both have to be at rest: a change that is under way is a difference. The rows of one table at a
    time are kept in memory.

    Raises:
        DifferenceError: an object of the lake is not the CSV that DMS writes.
        CloudError: the lake cannot be read.
        SandboxError: the source cannot be read.
    """
    inventory = take_inventory(s3, loader)
    with snapshot(source, "comparing the source with the lake") as connection:
        tables = read_tables(connection, schemas)
        compared = []
        for table in tables:
            objects = inventory.tables.get(TableName(table.schema, table.name), ())
            lake = LakeRows(table, s3, loader.lake_bucket, objects)
            rows = source_rows(connection, table)
            compared.append(compare_table(table, rows, lake, objects=len(objects)))
    return Comparison(tables=tuple(compared), strangers=_strangers(inventory, tables))


def _strangers(inventory: Inventory, tables: Iterable[SourceTable]) -> tuple[str, ...]:
    known = {TableName(table.schema, table.name) for table in tables}
    unknown = (
        found.key
        for name, objects in inventory.tables.items()
        if name not in known
        for found in objects
    )
    return (*inventory.strangers, *unknown)


def compare_table(
    table: SourceTable, rows: Iterable[Row], lake: LakeRows, *, objects: int
) -> TableComparison:
    """Compare the source's rows of one table with the lake's, and empty the latter."""
    findings = Findings()
    check = _check_keyed if table.key else _check_unkeyed
    count = 0
    for row in rows:
        count += 1
        check(table, row, lake, findings)
    for row in lake.left():
        findings.add(Difference(kind=Kind.EXTRA, row=_identity(table, row)))
    for record in lake.malformed:
        findings.add(Difference(kind=Kind.EXTRA, row=shown(",".join(record))))
    return TableComparison(
        schema=table.schema,
        table=table.name,
        rows=count,
        objects=objects,
        records=lake.records,
        missing=findings.counts[Kind.MISSING],
        extra=findings.counts[Kind.EXTRA],
        different=findings.counts[Kind.DIFFERENT],
        examples=tuple(findings.examples),
    )


def _check_keyed(table: SourceTable, row: Row, lake: LakeRows, findings: Findings) -> None:
    found = lake.take(tuple([row[place] for place in table.key]))
    if found is None:
        findings.add(Difference(kind=Kind.MISSING, row=_identity(table, row)))
    elif found != row:
        findings.add(_difference(table, row, found))


def _check_unkeyed(table: SourceTable, row: Row, lake: LakeRows, findings: Findings) -> None:
    if not lake.take_equal(row):
        findings.add(Difference(kind=Kind.MISSING, row=_identity(table, row)))


def _difference(table: SourceTable, source: Row, lake: Row) -> Difference:
    column, left, right = next(
        triple for triple in zip(table.columns, source, lake, strict=True) if triple[1] != triple[2]
    )
    return Difference(
        kind=Kind.DIFFERENT,
        row=_identity(table, source),
        column=column,
        source=shown(left),
        lake=shown(right),
    )


def _identity(table: SourceTable, row: Row) -> str:
    places = table.key or range(len(table.columns))
    return shown_row([table.columns[i] for i in places], [row[i] for i in places])
