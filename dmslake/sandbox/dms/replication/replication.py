"""One run of a DMS task: full load, changes, or both, from PostgreSQL to CSV files in S3."""

from __future__ import annotations

import logging
import queue
import re
import select
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg2

from dmslake.errors import DmslakeError
from dmslake.sandbox.dms.replication.capture import Capture
from dmslake.sandbox.dms.replication.catalog import TableName
from dmslake.sandbox.dms.replication.connections import reason
from dmslake.sandbox.dms.replication.failures import RunStoppedError, SettingsError, TableError
from dmslake.sandbox.dms.replication.full_load import LoadRules
from dmslake.sandbox.dms.replication.loads import LoadResult, Loads
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    MigrationType,
    Outcome,
    Progress,
    Start,
    StopReason,
    TableState,
    TableStatistics,
)
from dmslake.sandbox.dms.replication.preparation import Preparation, Prepared
from dmslake.sandbox.dms.replication.publications import ReplicationNames
from dmslake.sandbox.dms.replication.run_context import RunContext
from dmslake.sandbox.dms.replication.selection import read_selection
from dmslake.sandbox.dms.replication.source_session import SourceSession
from dmslake.sandbox.dms.replication.staging import Staging
from dmslake.sandbox.dms.replication.tables import Tables
from dmslake.sandbox.dms.replication.target_settings import read_target_settings
from dmslake.sandbox.dms.replication.task_settings import read_task_settings
from dmslake.sandbox.dms.replication.wakeups import Waker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# It is part of names that PostgreSQL cuts at 63 bytes.
_TASK_ID = "[a-z0-9]{1,50}"
_LONGEST_WAIT_SECONDS = 0.5
_CANCEL_SECONDS = 0.05
_logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


class Replication:
    """One run of a task. `run` blocks; everything else may be called from other threads.

    `s3` returns a client with valid credentials whenever it is called. `on_checkpoint` gets a
    checkpoint after everything that it promises is in S3; the newest is what the next run of the
    task needs. `clock` gives the time in UTC. A stop waits at most `seconds_to_store` for a bucket
    that is away; what is not stored then is captured again by the next run.

    Raises:
        MappingError, SettingsError: the job asks for what is not supported; names it.
    """

    def __init__(
        self,
        job: Job,
        *,
        s3: Callable[[], S3Client],
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime] = utc_now,
        seconds_to_store: float = 60.0,
    ) -> None:
        if re.fullmatch(_TASK_ID, job.task_id) is None:
            raise SettingsError(f"task id {job.task_id!r} is not 1 to 50 letters a-z and digits")
        self._job = job
        self._on_checkpoint = on_checkpoint
        resumes = job.checkpoint is not None and job.start is Start.RESUME
        self._position = job.checkpoint.lsn if job.checkpoint and resumes else 0
        self._stop_requested = threading.Event()
        self._is_prepared = threading.Event()
        self._capture: Capture | None = None
        target = read_target_settings(job.target.settings)
        names = ReplicationNames(job.task_id, job.source.slot_name)
        self._context = RunContext(
            migration_type=MigrationType(job.migration_type),
            source=job.source,
            names=names,
            slot=names.slot,
            selection=read_selection(job.mappings),
            target=target,
            task=read_task_settings(job.settings),
            clock=clock,
            tables=Tables(),
            session=SourceSession(job.source),
            seconds_to_store=seconds_to_store,
            staging=Staging(job.target, target, s3),
            stopping=threading.Event(),
            waker=Waker(),
            reloads=queue.SimpleQueue(),
        )

    def run(self) -> Outcome:
        """Run until the load is done, `stop` is called, or nothing more can be done."""
        try:
            return Outcome(stop_reason=self._run())
        except RunStoppedError as error:
            _logger.info("stopped: %s", error)
            return Outcome(stop_reason=StopReason.NORMAL)
        except (DmslakeError, psycopg2.Error) as error:
            return self._failed(error)
        finally:
            self._is_prepared.set()
            self._save(self._capture.confirmed if self._capture else self._position)
            self._context.session.close()
            self._context.waker.close()

    def stop(self) -> None:
        """Ask the run to store what is pending and end; returns at once."""
        self._stop_requested.set()
        self._context.stopping.set()
        self._context.waker.wake()

    def reload_tables(self, tables: Iterable[tuple[str, str]]) -> None:
        """Load tables, given as schema and name, again while changes are captured.

        Their changes are held back meanwhile; TargetTablePrepMode applies to each. Names that the
        task does not have are passed over.
        """
        for schema, table in tables:
            self._context.reloads.put(TableName(schema=schema, table=table))
        self._context.waker.wake()

    def statistics(self) -> tuple[TableStatistics, ...]:
        """Return every table's counters as they are now."""
        return self._context.tables.statistics()

    def progress(self) -> Progress:
        """Return the counts of the full load."""
        return self._context.tables.progress()

    @property
    def checkpoint(self) -> Checkpoint:
        """What a run that resumes would need now."""
        return Checkpoint(lsn=self._position, tables=self._context.tables.checkpoints())

    def _failed(self, error: DmslakeError | psycopg2.Error) -> Outcome:
        if self._stop_requested.is_set() and not self._is_prepared.is_set():
            return Outcome(stop_reason=StopReason.NORMAL)
        failure = reason(error) if isinstance(error, psycopg2.Error) else str(error)
        _logger.error("the task failed: %s", failure)
        return Outcome(stop_reason=StopReason.FATAL_ERROR, failure=failure)

    def _run(self) -> StopReason:
        context = self._context
        prepared = self._prepare()
        rules = LoadRules(
            source=context.source,
            target=context.target,
            task=context.task,
            clock=context.clock,
            task_start=context.clock(),
            stopping=context.stopping,
        )
        loads = Loads(rules, context.staging, context.waker.wake)
        try:
            if context.migration_type is MigrationType.FULL_LOAD:
                return self._load_only(loads, prepared)
            return self._capture_changes(loads, prepared)
        finally:
            context.stopping.set()
            loads.stop()

    def _prepare(self) -> Prepared:
        # What is waited for, such as open transactions, ends only by cancelling the statement.
        watch = threading.Thread(target=self._cancel_when_stopped, name="dms-stop", daemon=True)
        watch.start()
        prepared = Preparation(self._context, self._job).run()
        self._is_prepared.set()
        watch.join()
        return prepared

    def _cancel_when_stopped(self) -> None:
        while not self._is_prepared.wait(_CANCEL_SECONDS):
            if self._stop_requested.is_set():
                self._context.session.cancel()

    def _capture_changes(self, loads: Loads, prepared: Prepared) -> StopReason:
        self._save(prepared.position)
        self._capture = Capture(self._context, loads, self._save)
        for table in prepared.to_load:
            self._capture.router.load(table, as_inserts=False)
        for table in prepared.to_insert:
            self._capture.router.load(table, as_inserts=True)
        return self._capture.run()

    def _load_only(self, loads: Loads, prepared: Prepared) -> StopReason:
        waker = self._context.waker
        left = {table.name for table in prepared.to_load}
        loads.begin(prepared.to_load)
        while left and not self._context.stopping.is_set():
            select.select([waker], [], [], _LONGEST_WAIT_SECONDS)
            waker.clear()
            left |= self._load_again(loads)
            for result in loads.results():
                left.discard(result.table.name)
                self._load_ended(result)
        return StopReason.NORMAL if left else StopReason.FULL_LOAD_ONLY_FINISHED

    def _load_again(self, loads: Loads) -> set[TableName]:
        """Queue the tables that are to be loaded again; one that still waits just has its load."""
        again = []
        while not self._context.reloads.empty():
            table = self._context.tables.get(self._context.reloads.get())
            if table is not None and table.source is not None and not table.waits_for_load:
                table.reloaded, table.state = True, TableState.BEFORE_LOAD
                again.append(table)
        loads.begin(again)
        return {table.name for table in again}

    def _load_ended(self, result: LoadResult) -> None:
        table, error = result.table, result.error
        if error is None:
            table.finish_load(result.snapshot, self._context.clock())
        elif isinstance(error, TableError) and not self._context.task.table_error_stops_task:
            table.fail(str(error), self._context.clock())
        else:
            raise error
        self._save(self._position)

    def _save(self, position: int) -> None:
        self._position = max(self._position, position)
        # A run that did not get as far as its tables knows less than the checkpoint it was given.
        if self._context.tables.all():
            self._on_checkpoint(self.checkpoint)
