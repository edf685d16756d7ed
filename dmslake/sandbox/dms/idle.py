"""Runs of tasks whose source engine the sandbox cannot read: every state, and no data.

Only with `--idle-engines`, for tests of what is built around a task.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    MigrationType,
    Outcome,
    Progress,
    StopReason,
    TableCheckpoint,
    TableState,
    TableStatistics,
)
from dmslake.sandbox.dms.replication.task_settings import read_task_settings

_LOAD_SECONDS = 0.1
_WILDCARDS = frozenset("%_")


@dataclass(frozen=True, kw_only=True)
class IdleJob:
    """A task of an engine that is not read: what of it decides its states."""

    mappings: Mapping[str, object]
    migration_type: str
    settings: Mapping[str, object]
    reloads: bool = False
    checkpoint: Checkpoint | None = None


class IdleRun:
    """One run: the tables that the mappings name count as loaded, with no rows."""

    def __init__(
        self,
        job: IdleJob,
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._job = job
        self._on_checkpoint = on_checkpoint
        self._clock = clock
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        loaded = {
            (one.statistics.schema, one.statistics.table): one.statistics
            for one in (job.checkpoint.tables if job.checkpoint else ())
            if one.statistics.state is TableState.COMPLETED
        }
        self._tables = {
            name: loaded.get(name, TableStatistics(schema=name[0], table=name[1]))
            for name in named_tables(job.mappings)
        }

    def run(self) -> Outcome:
        self._load(reloaded=self._job.reloads)
        reason = self._end_of_load()
        if reason is None or self._stopped.is_set():
            self._stopped.wait()
            reason = StopReason.NORMAL
        self._keep()
        return Outcome(stop_reason=reason)

    def stop(self) -> None:
        self._stopped.set()

    def reload_tables(self, tables: Iterable[tuple[str, str]]) -> None:
        """Count tables as loaded again; names that the task does not have are passed over."""
        with self._lock:
            for name in tables:
                if name in self._tables:
                    self._tables[name] = self._loaded(self._tables[name], reloaded=True)

    def statistics(self) -> Sequence[TableStatistics]:
        with self._lock:
            return tuple(self._tables.values())

    def progress(self) -> Progress:
        tables = self.statistics()
        loaded = sum(1 for one in tables if one.state is TableState.COMPLETED)
        queued = sum(1 for one in tables if one.state is TableState.BEFORE_LOAD)
        return Progress(
            percent=100 if loaded == len(tables) else 0,
            tables_loaded=loaded,
            tables_loading=len(tables) - loaded - queued,
            tables_queued=queued,
            tables_errored=0,
        )

    def _end_of_load(self) -> StopReason | None:
        """Return why the run ends with its load; None when it goes on with changes."""
        settings = read_task_settings(self._job.settings)
        if self._job.migration_type == MigrationType.FULL_LOAD:
            return StopReason.FULL_LOAD_ONLY_FINISHED
        if settings.stop_before_cached_changes:
            return StopReason.STOPPED_AFTER_FULL_LOAD
        return (
            StopReason.STOPPED_AFTER_CACHED_EVENTS if settings.stop_after_cached_changes else None
        )

    def _load(self, *, reloaded: bool) -> None:
        waiting = [
            name for name, one in self._tables.items() if one.state is TableState.BEFORE_LOAD
        ]
        loads = self._job.migration_type != MigrationType.CDC
        with self._lock:
            for name in waiting:
                state = TableState.FULL_LOAD if loads else TableState.COMPLETED
                self._tables[name] = replace(
                    self._tables[name], state=state, full_load_started=self._clock()
                )
        self._keep()
        if not loads or self._stopped.wait(_LOAD_SECONDS):
            return
        with self._lock:
            for name in waiting:
                self._tables[name] = self._loaded(self._tables[name], reloaded=reloaded)
        self._keep()

    def _loaded(self, table: TableStatistics, *, reloaded: bool) -> TableStatistics:
        now = self._clock()
        return replace(
            table,
            state=TableState.COMPLETED,
            full_load_started=table.full_load_started or now,
            full_load_ended=now,
            last_update=now,
            reloaded=reloaded,
        )

    def _keep(self) -> None:
        # A position that rises, as a real one does; nothing is ever read from it.
        position = int(self._clock().timestamp() * 1000)
        tables = tuple(TableCheckpoint(statistics=one) for one in self.statistics())
        captures = self._job.migration_type != MigrationType.FULL_LOAD
        self._on_checkpoint(Checkpoint(lsn=position if captures else 0, tables=tables))


def named_tables(mappings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the schema and table of every selection rule that includes one table by its name."""
    rules = mappings.get("rules")
    named = []
    for rule in rules if isinstance(rules, list) else ():
        locator = rule.get("object-locator") if isinstance(rule, Mapping) else None
        if not isinstance(locator, Mapping) or rule.get("rule-type") != "selection":
            continue
        name = (str(locator.get("schema-name", "")), str(locator.get("table-name", "")))
        exact = rule.get("rule-action") == "explicit" or not _WILDCARDS & set("".join(name))
        if rule.get("rule-action") != "exclude" and exact and name not in named:
            named.append(name)
    return named
