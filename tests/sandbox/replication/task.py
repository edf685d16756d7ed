"""A DMS task as tests drive it: runs in a thread, its files in an S3 in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from dmslake.sandbox.dms.replication import (
    Checkpoint,
    Job,
    Outcome,
    Replication,
    SourceDatabase,
    StagingTarget,
    Start,
    TableState,
    TableStatistics,
)
from tests.sandbox.replication.bucket import FOLDER, Bucket
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.waiting import eventually

TASK_ID = "task1"
_CONFIRMED = "SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name = %s"
_READ = "SELECT write_lsn >= %s FROM pg_stat_replication WHERE application_name = %s"
# One shape for loads and changes, and files as soon as there is something to write.
SETTINGS: Mapping[str, object] = {
    "IncludeOpForFullLoad": True,
    "TimestampColumnName": "ts",
    "CdcMaxBatchInterval": 0,
}
KEEP_FILES = {"FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"}}


def mappings(*tables: str, action: str = "include") -> dict[str, object]:
    """Return selection rules for `schema.table` patterns."""
    rules = []
    for number, table in enumerate(tables or ("public.%",), start=1):
        schema, _, name = table.partition(".")
        rules.append(
            {
                "rule-type": "selection",
                "rule-id": str(number),
                "rule-name": str(number),
                "rule-action": action,
                "object-locator": {"schema-name": schema, "table-name": name},
            }
        )
    return {"rules": rules}


class Task:
    """One task over all its runs; keeps the checkpoint between them, as JSON text."""

    def __init__(self, database: Database, bucket: Bucket) -> None:
        self.database = database
        self.bucket = bucket
        self.provide_s3: Callable[[], Any] = lambda: bucket.s3
        self.source: SourceDatabase = database.source()
        self.task_id = TASK_ID
        self.migration_type = "full-load-and-cdc"
        self.mappings = mappings()
        self.last_mappings: dict[str, object] | None = None
        self.position: int | None = None
        self.settings: Mapping[str, object] = KEEP_FILES
        self.target: dict[str, object] = dict(SETTINGS)
        self.checkpoint = ""
        self.replication: Replication | None = None
        self.outcome: Outcome | None = None
        self.options: dict[str, Any] = {"seconds_to_store": 5.0}
        self._thread: threading.Thread | None = None

    def start(self, start: Start = Start.FRESH) -> None:
        """Begin a run."""
        saved = Checkpoint.from_dict(json.loads(self.checkpoint)) if self.checkpoint else None
        job = Job(
            task_id=self.task_id,
            source=self.source,
            target=StagingTarget(bucket=self.bucket.name, folder=FOLDER, settings=self.target),
            mappings=self.mappings,
            migration_type=self.migration_type,
            settings=self.settings,
            start=start,
            checkpoint=saved,
            mappings_of_last_run=self.last_mappings,
            start_position=self.position,
        )
        replication = Replication(job, s3=self._client, on_checkpoint=self._keep, **self.options)
        self.replication = replication
        self.outcome = None
        self._thread = threading.Thread(target=self._run, args=(replication,))
        self._thread.start()

    def join(self, seconds: float = 30.0) -> Outcome:
        """Wait for the run to end by itself; return its outcome."""
        assert self._thread is not None
        self._thread.join(seconds)
        assert self.outcome is not None, "the run did not end"
        return self.outcome

    def stop(self) -> Outcome:
        """Stop the run; return its outcome."""
        assert self.replication is not None
        self.replication.stop()
        return self.join()

    def run(self, start: Start = Start.FRESH) -> Outcome:
        """Run until it ends by itself."""
        self.start(start)
        return self.join()

    def saved(self) -> dict[str, object]:
        """Return the newest checkpoint."""
        return dict(json.loads(self.checkpoint))

    def close(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self.stop()

    def table(self, name: str) -> TableStatistics:
        """Return a table's statistics."""
        assert self.replication is not None
        found = {f"{one.schema}.{one.table}": one for one in self.replication.statistics()}
        return found[name]

    def state(self, name: str) -> TableState | None:
        """Return a table's state, None while it is not known."""
        states = {f"{one.schema}.{one.table}": one.state for one in self.statistics()}
        return states.get(name)

    def statistics(self) -> tuple[TableStatistics, ...]:
        """Return all tables' statistics."""
        assert self.replication is not None
        return self.replication.statistics()

    def load(self, start: Start = Start.FRESH) -> None:
        """Begin a run and wait until every table is loaded."""
        self.start(start)
        self.load_ended()

    def load_ended(self) -> None:
        """Wait until every table is loaded."""
        eventually(lambda: self.outcome is not None or self._is_loaded())
        assert self.outcome is None, self.outcome

    def _is_loaded(self) -> bool:
        states = [table.state for table in self.statistics()]
        return bool(states) and all(state == TableState.COMPLETED for state in states)

    def catch_up(self) -> None:
        """Wait until everything that is committed now is confirmed, and so is in S3."""
        self._await_position(_CONFIRMED, f"dms_{TASK_ID}")

    def catch_up_reading(self) -> None:
        """Wait until everything that is committed now has been read, written or not."""
        self._await_position(_READ, "dmslake")

    def _await_position(self, reached: str, name: str) -> None:
        position = self.database.value("SELECT pg_current_wal_flush_lsn()::text")
        # A small write gives the server something to tell even when the tables are quiet.
        self.database.execute("SELECT pg_logical_emit_message(true, 'test', 'on')")
        values = (position, name)
        eventually(
            lambda: self.outcome is not None or self.database.query(reached, values) == [(True,)]
        )
        assert self.outcome is None, self.outcome

    def _client(self) -> Any:
        return self.provide_s3()

    def _run(self, replication: Replication) -> None:
        self.outcome = replication.run()

    def _keep(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = json.dumps(checkpoint.to_dict())
