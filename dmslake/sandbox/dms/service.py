"""The service itself: its parts, its lock, and the passing of time.

A resource moves on by itself in `settle`, never in a request; who calls `settle` (a thread that
sleeps until the next change is due, every request, or a test) makes no difference.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from dmslake.sandbox.dms.background import Background
from dmslake.sandbox.dms.cloud import Cloud
from dmslake.sandbox.dms.delays import Delays
from dmslake.sandbox.dms.faults import already_exists, invalid_value
from dmslake.sandbox.dms.model import DmsModel
from dmslake.sandbox.dms.names import arn, partition, resource_id
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.plane import DataPlane
from dmslake.sandbox.dms.records import (
    Certificate,
    Endpoint,
    Instance,
    Record,
    ReplicationConfig,
    StoredStatistics,
    Task,
)
from dmslake.sandbox.dms.replication.failures import MappingError
from dmslake.sandbox.dms.runs import Runs
from dmslake.sandbox.dms.store import Store
from dmslake.sandbox.dms.task_log import TaskLogs

_log = logging.getLogger(__name__)
R = TypeVar("R", bound=Record)
Clock = Callable[[], datetime]
POLL_SECONDS = 0.5


class Service:
    """One account's DMS, in every region."""

    def __init__(
        self, *, store: Store, cloud: Cloud, plane: DataPlane, clock: Clock, delays: Delays,
        account: str,
    ) -> None:  # fmt: skip
        self.store = store
        self.cloud = cloud
        self.plane = plane
        self.clock = clock
        self.delays = delays
        self.account = account
        self.lock = threading.RLock()
        self.pool = ThreadPoolExecutor(max_workers=256, thread_name_prefix="dms")
        self.tests: Background[str | None] = Background(self.pool, self.wake)
        self.deletions: Background[None] = Background(self.pool, self.wake)
        self.runs = Runs(self.pool, self.wake)
        self.logs = TaskLogs(cloud, store)
        self.model = DmsModel()
        self._advances: Mapping[type[Record], Advance] = {}
        self._woken = threading.Event()
        self._closing = False
        self._ticker: threading.Thread | None = None

    def start(self, advances: Mapping[type[Record], Advance]) -> None:
        """Take up the stored resources where they were, and let time pass for them."""
        self._advances = advances
        self.settle()

    def run_by_itself(self) -> None:
        """Settle whenever something is due, from a thread of the service's own."""
        self._ticker = threading.Thread(target=self._tick, name="dms-ticker", daemon=True)
        self._ticker.start()

    def settle(self) -> datetime | None:
        """Advance everything that is due; return when the next change is due."""
        with self.lock:
            if self._closing:
                return None
            for kind, advance in self._advances.items():
                for record in self.store.all(kind):
                    advance(self, record)
            waiting = [
                record.due
                for kind in self._advances
                for record in self.store.all(kind)
                if record.due is not None
            ]
        return min(waiting, default=None)

    def wake(self) -> None:
        """Have the ticker settle now, because work in a thread has ended."""
        self._woken.set()

    def after(self, seconds: float) -> datetime:
        """Return the moment that many seconds from now."""
        return self.clock() + timedelta(seconds=seconds)

    def is_due(self, record: Record) -> bool:
        """Tell whether a record's state is over."""
        return record.due is not None and record.due <= self.clock()

    def new_arn(self, region: str, kind: str, wanted: str | None) -> str:
        """Return the ARN of a new resource; the caller's own id may be taken."""
        new = arn(region, self.account, kind, resource_id(wanted))
        for other in (Instance, Endpoint, Task, ReplicationConfig, Certificate):
            if self.store.get(other, new) is not None:
                raise already_exists(f"The ResourceIdentifier {wanted} is already in use.", new)
        return new

    def check_mappings(self, mappings: Json) -> None:
        """Refuse table mappings that the data plane cannot honour, naming the rules."""
        try:
            self.plane.check_mappings(mappings)
        except MappingError as error:
            raise invalid_value(f"Not in the dmslake sandbox: {error}") from error

    def default_kms_key(self, region: str) -> str:
        """Return the ARN of the region's `aws/dms` key, which encrypts what names no other."""
        account = f"arn:{partition(region)}:kms:{region}:{self.account}"
        return f"{account}:key/{uuid.uuid5(uuid.NAMESPACE_URL, account)}"

    def close(self, timeout: float) -> bool:
        """Stop the replications and forget nothing: tasks stay running in the store.

        Returns whether every replication flushed and ended within `timeout` seconds.
        """
        with self.lock:
            self._closing = True
        self.wake()
        ended = self.runs.stop_all(timeout)
        for task_arn in self.runs.task_arns():
            self._keep_statistics(task_arn)
        if self._ticker is not None:
            self._ticker.join(timeout=timeout)
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.logs.close(wait=ended)
        self.store.close()
        return ended

    def _keep_statistics(self, task_arn: str) -> None:
        # What a Describe shows between the next start and the run's own first counts.
        tables = self.runs.statistics(task_arn)
        if tables:
            progress = self.runs.progress(task_arn)
            kept = StoredStatistics(task_arn=task_arn, tables=tuple(tables), progress=progress)
            self.store.put(kept)

    def _tick(self) -> None:
        while not self._closing:
            self._woken.clear()
            due = self.settle()
            self._woken.wait(self._pause(due))

    def _pause(self, due: datetime | None) -> float:
        seconds = POLL_SECONDS if due is None else (due - self.clock()).total_seconds()
        return min(max(seconds, 0.01), POLL_SECONDS)


Advance = Callable[[Service, Record], None]


@dataclass(frozen=True)
class Call:
    """One request: the region it was signed for, and its validated input."""

    service: Service
    region: str
    input: Parameters

    def all(self, kind: type[R]) -> list[R]:
        """Return the region's records of a type."""
        return [one for one in self.service.store.all(kind) if one.region == self.region]
