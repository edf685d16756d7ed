"""Read everything that `status` shows, the parts at the same time.

Without the task there is nothing to say. Any other part may be denied, and is then said to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from dmslake.aws.clients import Clients
from dmslake.monitor.connections import failed_connections
from dmslake.monitor.described import Described
from dmslake.monitor.loader import LoaderReading
from dmslake.monitor.part import Look, Part
from dmslake.monitor.running import RunningReading
from dmslake.monitor.serverless import describe_replication
from dmslake.monitor.snapshot import Snapshot
from dmslake.monitor.subject import Subject
from dmslake.monitor.task import describe_task

_READERS = 16
_CONNECTIONS = Part("the connection tests", vital=True)


def read_snapshot(subject: Subject, aws: Clients, now: datetime) -> Snapshot:
    """Observe the pipeline once. Only what runs itself has to be readable."""
    with _readers() as pool:
        look = Look(pool)
        loader = LoaderReading(look, aws, subject, now)
        task = _describe(aws, subject)
        failed = look.at(
            _CONNECTIONS, partial(failed_connections, aws, subject, task), dict[str, str]()
        )
        running = None if task is None else RunningReading(look, aws, task, now)
        return Snapshot(
            pipeline=subject.pipeline,
            at=now,
            task=None if task is None else task.state,
            tables=running.tables(look, subject) if running else (),
            log=running.log() if running else None,
            latency=running.latency() if running else None,
            loader=loader.state(),
            connections=failed.value,
            unread=look.unread(),
        )


@contextmanager
def _readers() -> Iterator[ThreadPoolExecutor]:
    """Yield threads that are not waited for when the reading is given up."""
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="status")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _describe(aws: Clients, subject: Subject) -> Described | None:
    if subject.serverless is not None:
        return describe_replication(aws, subject.serverless)
    return describe_task(aws, subject.task)
