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
class Runnable(Record):
    """What replicates from one endpoint to another, and how its runs went.

    `mappings_of_last_run` tells which tables are new to a task since then.
    """

    source_arn: str
    target_arn: str
    migration_type: str
    table_mappings: str
    settings: Json
    before_modifying: str = "ready"
    start: StartKind = StartKind.FRESH
    start_position: str | None = None
    start_time: datetime | None = None
    mappings_of_last_run: str | None = None
    fresh_started: datetime | None = None
    started: datetime | None = None
    stopped: datetime | None = None
    stop_reason: str | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task(Runnable):
    """A replication task; `moving_to` is the instance that it is on its way to."""

    instance_arn: str
    data: str | None = None
    restart_after_upgrade: bool = False
    moving_to: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReplicationConfig(Runnable):
    """A serverless replication and its configuration; `compute` keeps wire names.

    `capacity` is what was provisioned for the run that is in progress, or was the last one.
    """

    compute: Json
    updated: datetime
    supplemental: str | None = None
    start_word: str | None = None
    capacity: int | None = None
    provisioned: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Certificate(Record):
    """A certificate that endpoints trust; `wallet` is an Oracle wallet in Base64."""

    pem: str = ""
    wallet: str = ""
    owner: str = ""
    key_length: int | None = None
    algorithm: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    kms_key: str = ""


@dataclass(frozen=True, kw_only=True)
class EventSubscription(Record):
    """Who is told of what; the sandbox keeps it and delivers nothing."""

    topic: str
    source_type: str
    source_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enabled: bool = True


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
