"""The whole shop through the sandbox's replication: burst, files, lake, and every row compared."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dmslake.blueprint.staging import NULL, TIMESTAMP_COLUMN
from dmslake.lake.routing import Route
from dmslake.sandbox.demo.arrival import arrival
from dmslake.sandbox.demo.burst import BurstSummary, burst
from dmslake.sandbox.demo.compare import compare
from dmslake.sandbox.demo.shop import ShopSummary, create
from dmslake.sandbox.demo.values import NULL as EXPECTED_NULL
from dmslake.sandbox.dms.replication import (
    Job,
    MigrationType,
    Replication,
    SourceDatabase,
    StagingTarget,
    TableState,
    drop_slot,
)
from tests.sandbox.demo.files import LOADER
from tests.sandbox.dms.harness import eventually

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

TASK = "wholeshop"
SETTINGS = {
    "IncludeOpForFullLoad": True,
    "TimestampColumnName": TIMESTAMP_COLUMN,
    "CsvNullValue": NULL,
    "CdcMaxBatchInterval": 1,
}
RULE = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "shop",
    "rule-action": "include",
    "object-locator": {"schema-name": "shop%", "table-name": "%"},
}


def test_null_is_written_and_read_alike() -> None:
    assert NULL == EXPECTED_NULL


def test_the_shop_arrives_row_by_row(source: SourceDatabase, s3: S3Client) -> None:
    shop = create(source)
    early = burst(source, seed=7)
    with _replication(source, s3) as replication:
        eventually(lambda: _is_loaded(replication, shop), seconds=60)
        late = burst(source)
        eventually(lambda: _counts(replication) == _wanted(late), seconds=60)
    _load(s3)
    found = compare(source, s3, LOADER)
    assert found.is_identical, [table.examples for table in found.tables]
    assert len(found.tables) == len(shop.tables)
    assert found.rows > 200_000
    assert early.changes + late.changes > 10_000
    lost = s3.list_objects_v2(Bucket=LOADER.lake_bucket)["Contents"][-1]["Key"]
    s3.delete_object(Bucket=LOADER.lake_bucket, Key=lost)
    assert not compare(source, s3, LOADER).is_identical


@contextmanager
def _replication(source: SourceDatabase, s3: S3Client) -> Iterator[Replication]:
    """Replicate until the block ends; then everything pending is staged."""
    job = Job(
        task_id=TASK,
        source=source,
        target=StagingTarget(
            bucket=LOADER.staging_bucket, folder=LOADER.staging_prefix, settings=SETTINGS
        ),
        mappings={"rules": [RULE]},
        migration_type=MigrationType.FULL_LOAD_AND_CDC,
    )
    replication = Replication(job, s3=lambda: s3, on_checkpoint=lambda _: None)
    thread = threading.Thread(target=replication.run)
    thread.start()
    try:
        yield replication
    finally:
        replication.stop()
        thread.join(timeout=60)
        drop_slot(source, TASK)


def _is_loaded(replication: Replication, shop: ShopSummary) -> bool:
    states = [table.state for table in replication.statistics()]
    return states == [TableState.COMPLETED] * len(shop.tables)


def _counts(replication: Replication) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (table.schema, table.table): (table.inserts, table.updates, table.deletes)
        for table in replication.statistics()
        if table.inserts or table.updates or table.deletes
    }


def _wanted(summary: BurstSummary) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (table.schema, table.table): (table.inserts, table.updates, table.deletes)
        for table in summary.tables
    }


def _load(s3: S3Client) -> None:
    """Do the loader's work."""
    router = LOADER.router()
    for found in s3.list_objects_v2(Bucket=LOADER.staging_bucket)["Contents"]:
        route = router.route(found["Key"], found["LastModified"])
        assert isinstance(route, Route)
        copied: CopySourceTypeDef = {"Bucket": LOADER.staging_bucket, "Key": found["Key"]}
        s3.copy_object(Bucket=LOADER.lake_bucket, Key=route.target, CopySource=copied)
    assert arrival(s3, LOADER).is_complete
