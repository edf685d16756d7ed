"""What the service remembers: one frozen record per resource, each stored as one JSON document.

Wire names appear only where a record keeps members exactly as the caller sent them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.replication.model import Progress, TableStatistics


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet as EC2 knows it."""

    id: str
    zone: str
    vpc: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A resource: where it is, what it is called, its state and when that ends by itself."""

    arn: str
    region: str
    name: str
    status: str
    created: datetime
    due: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key in the store."""
        return self.arn


@dataclass(frozen=True, kw_only=True)
class SubnetGroup(Record):
    """A replication subnet group."""

    description: str
    subnets: tuple[Subnet, ...]


@dataclass(frozen=True, kw_only=True)
class Instance(Record):
    """A replication instance; `attributes` and `pending` keep wire names.

    `pending` waits for the maintenance window, `applying` for the end of `modifying`.
    """

    subnet_group: str
    attributes: Json
    security_groups: tuple[str, ...]
    pending: Json = field(default_factory=dict)
    applying: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Endpoint(Record):
    """An endpoint; `secrets` holds passwords, which no answer and no log may contain."""

    type: str
    engine: str
    attributes: Json
    settings: Json
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Connection(Record):
    """The last test of one endpoint from one instance; `attempt` tells tests apart."""

    instance_arn: str
    endpoint_arn: str
    attempt: int = 1
    failure: str | None = None


class StartKind(StrEnum):
    """How a task's run begins."""

    FRESH = "fresh"
    RESUME = "resume"
    RELOAD = "reload"


@dataclass(frozen=True, kw_only=True)
class Task(Record):
    """A replication task: what it was told to do, and how its runs went."""

    instance_arn: str
    source_arn: str
    target_arn: str
    migration_type: str
    table_mappings: str
    settings: Json
    data: str | None = None
    before_modifying: str = "ready"
    start: StartKind = StartKind.FRESH
    restart_after_upgrade: bool = False
    fresh_started: datetime | None = None
    started: datetime | None = None
    stopped: datetime | None = None
    full_load_started: datetime | None = None
    full_load_finished: datetime | None = None
    stop_reason: str | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredCheckpoint:
    """Where a task's data plane stands; opaque here. Written far more often than the task."""

    task_arn: str
    position: Json

    @property
    def key(self) -> str:
        """The key in the store."""
        return self.task_arn


@dataclass(frozen=True, kw_only=True)
class StoredStatistics:
    """The table statistics of a task as they were last seen."""

    task_arn: str
    tables: tuple[TableStatistics, ...]
    progress: Progress | None

    @property
    def key(self) -> str:
        """The key in the store."""
        return self.task_arn
