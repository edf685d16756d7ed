"""The real data plane behind the control plane's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from dmslake.sandbox.dms import replication
from dmslake.sandbox.dms.plane import Run
from dmslake.sandbox.dms.replication.model import Checkpoint, Job, SourceDatabase, StagingTarget

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ReplicationPlane:
    """Replicates from PostgreSQL to S3."""

    def __init__(self, *, idle_engines: bool = False) -> None:
        self.idle_engines = idle_engines

    def check_mappings(self, mappings: Mapping[str, object]) -> None:
        replication.check_mappings(mappings)

    def test_source(self, source: SourceDatabase) -> None:
        replication.test_source(source)

    def test_target(self, target: StagingTarget, s3: Callable[[], S3Client]) -> None:
        replication.test_target(target, s3)

    def drop_slot(self, source: SourceDatabase, task_id: str) -> None:
        replication.drop_slot(source, task_id)

    def replication(
        self,
        job: Job,
        *,
        s3: Callable[[], S3Client],
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime],
    ) -> Run:
        return replication.Replication(job, s3=s3, on_checkpoint=on_checkpoint, clock=clock)
