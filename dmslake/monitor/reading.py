"""Read everything that `status` shows, the parts at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from dmslake.aws.clients import Clients
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.monitor.loader import read_loader
from dmslake.monitor.partitions import newest_partition
from dmslake.monitor.serverless import read_replication
from dmslake.monitor.snapshot import Snapshot, TableState, TaskState
from dmslake.monitor.subject import Subject
from dmslake.monitor.task import read_task

_READERS = 16


def read_snapshot(subject: Subject, aws: Clients, now: datetime) -> Snapshot:
    """Observe the pipeline once."""
    with _readers() as pool:
        loader = pool.submit(read_loader, aws, subject, now)
        connections = pool.submit(_failed_connections, aws, subject)
        task, tables = _replication(aws, subject)

        def with_partition(table: TableState) -> TableState:
            newest = newest_partition(aws, subject, table.schema, table.table)
            return replace(table, newest_partition=newest)

        return Snapshot(
            pipeline=subject.pipeline,
            at=now,
            task=task,
            tables=tuple(pool.map(with_partition, tables)),
            loader=loader.result(),
            connections=connections.result(),
        )


def _replication(aws: Clients, subject: Subject) -> tuple[TaskState | None, tuple[TableState, ...]]:
    if subject.serverless is not None:
        return read_replication(aws, subject.serverless)
    return read_task(aws, subject.task)


@contextmanager
def _readers() -> Iterator[ThreadPoolExecutor]:
    """Yield threads that are not waited for when the reading is given up."""
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="status")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _failed_connections(aws: Clients, subject: Subject) -> dict[str, str]:
    failed: dict[str, str] = {}
    if subject.serverless is not None:  # it makes its own tests, and says so when one fails
        return failed
    for direction, endpoint in (
        ("source", subject.source_endpoint),
        ("target", subject.target_endpoint),
    ):
        test = ConnectionTest(
            name=endpoint, endpoint=endpoint, instance=subject.instance, direction=direction
        )
        live = test.read(aws)
        if live is not None and live.state == "failed":
            failed[endpoint] = live.reason
    return failed
