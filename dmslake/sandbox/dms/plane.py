"""What the control plane asks of the data plane. `replication` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    Outcome,
    Progress,
    SourceDatabase,
    StagingTarget,
    TableStatistics,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Run(Protocol):
    """One run of a task."""

    def run(self) -> Outcome:
        """Replicate until the work is done, `stop` is called, or it fails."""
        ...

    def stop(self) -> None:
        """Ask `run` to flush and return; returns at once."""
        ...

    def reload_tables(self, tables: Iterable[tuple[str, str]]) -> None:
        """Load tables, given as schema and name, again while it runs; returns at once."""
        ...

    def statistics(self) -> Sequence[TableStatistics]:
        """Return the tables as they are now."""
        ...

    def progress(self) -> Progress:
        """Return the counts of the full load."""
        ...


class DataPlane(Protocol):
    """Tests, checks and runs.

    With `idle_engines`, sources of engines that it does not read count as reachable, and their
    tasks go through all states without data.
    """

    @property
    def idle_engines(self) -> bool: ...

    def check_mappings(self, mappings: Mapping[str, object]) -> None:
        """Raise MappingError for a rule that cannot be honoured."""
        ...

    def test_source(self, source: SourceDatabase) -> None:
        """Raise ConnectionFailure when the database cannot be replicated from."""
        ...

    def test_target(self, target: StagingTarget, s3: Callable[[], S3Client]) -> None:
        """Raise ConnectionFailure when the bucket cannot be written."""
        ...

    def drop_slot(self, source: SourceDatabase, task_id: str) -> None:
        """Remove what a deleted task left on its source; raises ConnectionFailure."""
        ...

    def replication(
        self,
        job: Job,
        *,
        s3: Callable[[], S3Client],
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime],
    ) -> Run:
        """Prepare a run; nothing happens before its `run` is called."""
        ...
