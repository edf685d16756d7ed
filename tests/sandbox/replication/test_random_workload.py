"""Whatever happens in the source and to the task, the files come to the source's rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from dmslake.sandbox.dms.replication import Start
from tests.sandbox.replication.bucket import Bucket
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.folder_s3 import FolderS3
from tests.sandbox.replication.replay import replay
from tests.sandbox.replication.task import KEEP_FILES, SETTINGS, TASK_ID, Task, mappings
from tests.sandbox.replication.waiting import eventually
from tests.sandbox.replication.workload import TABLES, Workload, present_rows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[3]


@pytest.fixture
def work(database: Database) -> Iterator[Workload]:
    made = Workload(database, seed=20261123)
    made.create()
    yield made
    made.close()


def assert_files_come_to_the_source(database: Database, bucket: Bucket) -> None:
    for table in TABLES:
        assert replay(bucket, f"public.{table}") == present_rows(database, table), table


def test_changes_during_the_load_and_after_it(
    database: Database, task: Task, work: Workload
) -> None:
    task.settings = {"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}
    task.target["MaxFileSize"] = 1
    task.start()
    work.run(150)
    task.load_ended()
    work.run(150)
    task.catch_up()
    assert_files_come_to_the_source(database, task.bucket)


def test_stops_and_resumptions(database: Database, task: Task, work: Workload) -> None:
    task.target["CdcMaxBatchInterval"] = 3600
    task.start()
    for _ in range(8):
        work.run(25)
        task.stop()
        work.run(10)
        task.start(Start.RESUME)
    task.load_ended()
    task.catch_up_reading()
    task.stop()
    assert_files_come_to_the_source(database, task.bucket)
    counted = sum(table.updates for table in task.statistics())
    changed = [row for name in TABLES for row in task.bucket.changed(f"public.{name}")]
    # Orderly stops repeat nothing, so the statistics of all runs add up to what is in the files.
    assert counted == sum(1 for row in changed if row[0] == "U")


class Killable:
    """A replication in a process of its own, and what it shares with its successors."""

    def __init__(self, database: Database, folder: Path) -> None:
        s3 = FolderS3(folder / "s3")
        self.bucket = Bucket(cast("S3Client", s3), "killed")
        self._told: dict[str, object] = {
            "task_id": TASK_ID,
            "source": vars(database.source()),
            "s3": str(folder / "s3"),
            "checkpoint": str(folder / "checkpoint.json"),
            "settings": {**SETTINGS, "CdcMinFileSize": 2, "MaxFileSize": 2},
            "mappings": mappings(),
            "task_settings": KEEP_FILES,
        }

    @contextmanager
    def running(self, start: Start) -> Iterator[None]:
        """Run it, and kill it at the end, whatever it is doing."""
        command = [sys.executable, "-m", "tests.sandbox.replication.child"]
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        try:
            assert child.stdin is not None
            child.stdin.write(json.dumps({**self._told, "start": start.name}).encode() + b"\n")
            child.stdin.flush()
            yield
        finally:
            child.kill()
            child.communicate()

    def work_until_it_has_written(self, work: Workload, objects: int) -> None:
        enough = len(self.bucket.keys()) + objects

        def has_written() -> bool:
            work.run(2)
            return len(self.bucket.keys()) >= enough

        eventually(has_written, seconds=60)


def test_a_kill_at_any_moment_loses_nothing(
    database: Database, work: Workload, tmp_path: Path
) -> None:
    task = Killable(database, tmp_path)
    start = Start.FRESH
    # Before it has done anything, in the middle of the load, and in the middle of changes.
    for objects in (0, 1, 5, 25, 40):
        with task.running(start):
            task.work_until_it_has_written(work, objects)
        start = Start.RESUME
        work.run(10)
    with task.running(Start.RESUME):
        position = database.value("SELECT pg_current_wal_flush_lsn()::text")
        confirmed = "SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots"
        eventually(lambda: database.query(confirmed, (position,)) == [(True,)], seconds=60)
    assert_files_come_to_the_source(database, task.bucket)
