"""The data plane of the local DMS: replicates PostgreSQL to CSV files in S3, file for file.

What a task writes, when, and under which name follows the DMS user guide and real output. The
control plane starts a `Replication` in a thread of its own and keeps the checkpoints it gets.
"""

from __future__ import annotations

from dmslake.sandbox.dms.replication.connections import test_source
from dmslake.sandbox.dms.replication.failures import (
    ConnectionFailure,
    MappingError,
    SettingsError,
    TaskError,
)
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    MigrationType,
    Outcome,
    Progress,
    SourceDatabase,
    StagingTarget,
    Start,
    StopReason,
    TableCheckpoint,
    TableState,
    TableStatistics,
)
from dmslake.sandbox.dms.replication.publications import drop_slot
from dmslake.sandbox.dms.replication.replication import Replication
from dmslake.sandbox.dms.replication.selection import check_mappings
from dmslake.sandbox.dms.replication.staging import test_target

__all__ = [
    "Checkpoint",
    "ConnectionFailure",
    "Job",
    "MappingError",
    "MigrationType",
    "Outcome",
    "Progress",
    "Replication",
    "SettingsError",
    "SourceDatabase",
    "StagingTarget",
    "Start",
    "StopReason",
    "TableCheckpoint",
    "TableState",
    "TableStatistics",
    "TaskError",
    "check_mappings",
    "drop_slot",
    "test_source",
    "test_target",
]
