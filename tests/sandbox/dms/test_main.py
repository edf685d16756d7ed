"""The service as a process, in a whole sandbox: killed, stopped, and started again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmslake.sandbox import launcher
from tests.sandbox.dms.harness import eventually
from tests.sandbox.dms.whole_sandbox import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    folder = tmp_path / "sandbox"
    yield Pipeline(folder)
    launcher.destroy(folder)


def numbers(first: int, last: int) -> list[str]:
    return sorted(str(number) for number in range(first, last + 1))


def insert(pipeline: Pipeline, first: int, last: int) -> None:
    pipeline.sql("INSERT INTO orders SELECT n, 'x' FROM generate_series(%s, %s) n", first, last)


def replicating(pipeline: Pipeline) -> str:
    """Have 100 rows loaded and 10 changes captured; return the task's ARN."""
    pipeline.sql("CREATE TABLE orders (id int PRIMARY KEY, note text)")
    insert(pipeline, 1, 100)
    task = pipeline.create_task(pipeline.prepare_account())
    pipeline.start_task(task)
    eventually(lambda: pipeline.ids(changes=False) == numbers(1, 100), seconds=30)
    insert(pipeline, 101, 110)
    eventually(lambda: pipeline.ids(changes=True) == numbers(101, 110), seconds=30)
    return task


def test_a_killed_service_goes_on_without_losing_a_change(pipeline: Pipeline) -> None:
    replicating(pipeline)

    insert(pipeline, 111, 120)
    pipeline.kill()
    insert(pipeline, 121, 130)
    pipeline.start()

    # After a kill a change may come twice, in another file; none may be missing.
    eventually(lambda: set(pipeline.ids(changes=True)) == set(numbers(101, 130)), seconds=30)
    assert pipeline.ids(changes=False) == numbers(1, 100)
    assert pipeline.status() == "running"


def test_a_stopped_service_flushes_and_goes_on_exactly_there(pipeline: Pipeline) -> None:
    replicating(pipeline)

    insert(pipeline, 111, 120)
    launcher.stop(pipeline.folder)
    pipeline.start()
    insert(pipeline, 121, 130)

    eventually(lambda: pipeline.ids(changes=True) == numbers(101, 130), seconds=30)
    assert pipeline.ids(changes=False) == numbers(1, 100)


def test_a_task_s_end_is_in_its_log_and_leaves_no_slot(pipeline: Pipeline) -> None:
    task = replicating(pipeline)
    assert pipeline.sql("SELECT count(*) FROM pg_replication_slots") == [(1,)]

    pipeline.dms.stop_replication_task(ReplicationTaskArn=task)
    eventually(lambda: pipeline.status() == "stopped")
    pipeline.dms.delete_replication_task(ReplicationTaskArn=task)
    eventually(lambda: pipeline.status() == "gone")

    assert pipeline.sql("SELECT count(*) FROM pg_replication_slots") == [(0,)]
    lines = pipeline.log(task)
    assert sum("Load finished for table 'public'.'orders'. 100 rows" in one for one in lines) == 1
    assert "stopped: Stop Reason NORMAL" in lines[-1]
    written = next(pipeline.folder.rglob("dms.log")).read_text()
    assert pipeline.sandbox.source.password not in written


def run_service(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dmslake.sandbox.dms", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_other_machines_cannot_be_served(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--cloud-endpoint", "http://127.0.0.1:9", "--region", "x")

    done = run_service(*options, "--host", "0.0.0.0")  # noqa: S104 - to be refused

    assert done.returncode == 2
    assert "loopback only" in done.stderr


def test_wrong_delays_are_named(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--cloud-endpoint", "http://127.0.0.1:9", "--region", "x")

    done = run_service(*options, "--delays", "coffee=1")

    assert done.returncode == 2
    assert "coffee" in done.stderr
    assert "instance_create" in done.stderr
