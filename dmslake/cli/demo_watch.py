"""What the demo waits for: the full load, the changes, and the loader."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dmslake.aws.clients import Clients
from dmslake.blueprint.names import Names
from dmslake.engine.clock import SystemClock
from dmslake.errors import CloudError, DifferenceError, DmslakeError, StoppedError, WaitError
from dmslake.lake.config import LoaderConfig
from dmslake.monitor.snapshot import TableState
from dmslake.monitor.task import read_task
from dmslake.sandbox.demo.arrival import Arrival, arrival
from dmslake.sandbox.demo.burst import BurstSummary
from dmslake.sandbox.demo.differences import Comparison
from dmslake.spec import Spec

_PATIENCE = 120.0
_PAUSE = 0.25

Found = TypeVar("Found")


@dataclass(frozen=True)
class Watch:
    """Waits for one pipeline; `stop` ends every wait."""

    spec: Spec
    clients: Clients
    loader: LoaderConfig
    folder: Path
    stop: threading.Event

    def until_loaded(self) -> int:
        """Return the rows of the full load once it is over."""
        tables = self._until("the full load", self._loaded)
        return sum(table.full_load_rows for table in tables)

    def until_captured(self, made: BurstSummary) -> None:
        """Return once DMS has seen every change that was committed."""
        self._until("the capture of the changes", lambda: self._captured(made))

    def until_arrived(self, at_least: int = 1) -> Arrival:
        """Return once so many objects are staged and every one of them is in the lake."""
        return self._until("the loader", lambda: self._arrived(at_least))

    def _loaded(self) -> tuple[TableState, ...] | None:
        names = Names(self.spec.name, self.clients.account)
        task, tables = read_task(self.clients, names.task)
        if task is not None and task.status == "failed":
            raise CloudError("the replication task failed", why=task.failure)
        over = task is not None and task.full_load_finished is not None
        return tables if over and tables else None

    def _captured(self, made: BurstSummary) -> bool | None:
        names = Names(self.spec.name, self.clients.account)
        _, tables = read_task(self.clients, names.task)
        seen = {(t.schema, t.table): (t.inserts, t.updates, t.deletes) for t in tables}
        for change in made.tables:
            wanted = (change.inserts, change.updates, change.deletes)
            counted = seen.get((change.schema, change.table), (0, 0, 0))
            if any(have < want for have, want in zip(counted, wanted, strict=True)):
                return None
        return True

    def _arrived(self, at_least: int) -> Arrival | None:
        found = arrival(self.clients.s3, self.loader)
        return found if found.is_complete and found.staged >= at_least else None

    def _until(self, what: str, look: Callable[[], Found | None]) -> Found:
        clock = SystemClock(self.stop)
        deadline = clock.now() + _PATIENCE
        while (found := look()) is None:
            if self.stop.is_set():
                raise interrupted()
            if clock.now() > deadline:
                raise WaitError(
                    f"{what} did not finish within {_PATIENCE:.0f} s",
                    fix=f"see the logs in {self.folder}",
                )
            clock.sleep(_PAUSE)
        return found


def interrupted() -> StoppedError:
    """Return the error for a demo that the user ended."""
    return StoppedError("the demo was interrupted", fix="dmslake demo starts it anew")


def difference(found: Comparison) -> DmslakeError:
    """Return the error for a lake that is not the source."""
    return DifferenceError(
        f"{found.differences} rows of the lake differ from the source",
        why=f"{len(found.strangers)} objects belong to no table" if found.strangers else "",
        fix="this should never happen: please report it with the lines above",
    )
