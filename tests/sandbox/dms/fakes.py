"""In-memory doubles of what the control plane stands on: clock, cloud and data plane."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from dmslake.sandbox.dms.cloud import (
    CloudFailureError,
    LogLine,
    RoleRefusedError,
    SecretRefusedError,
)
from dmslake.sandbox.dms.records import Subnet
from dmslake.sandbox.dms.replication.failures import ConnectionFailure, MappingError
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    Outcome,
    Progress,
    SourceDatabase,
    StagingTarget,
    StopReason,
    TableStatistics,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dms-s3"
NO_PROGRESS = Progress(
    percent=0, tables_loaded=0, tables_loading=0, tables_queued=0, tables_errored=0
)


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 14, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _subnets() -> dict[str, Subnet]:
    named = {"a": ("vpc-1", "a"), "b": ("vpc-1", "b"), "c": ("vpc-1", "a"), "other": ("vpc-2", "b")}
    return {
        f"subnet-{name}": Subnet(id=f"subnet-{name}", zone=f"eu-west-1{zone}", vpc=vpc)
        for name, (vpc, zone) in named.items()
    }


@dataclass
class FakeCloud:
    """A cloud whose answers are set by the test."""

    vpc_problem: str | None = None
    logs_problem: str | None = None
    roles: dict[str, str] = field(default_factory=lambda: {ROLE: "dms.amazonaws.com"})
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    known_subnets: dict[str, Subnet] = field(default_factory=_subnets)
    groups: Sequence[str] = ("sg-default", "sg-1")
    logs: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    topics: dict[str, str | None] = field(default_factory=dict)
    reachable: bool = True
    acted_as: list[str] = field(default_factory=list)

    def vpc_role_problem(self) -> str | None:
        if not self.reachable:
            raise CloudFailureError("the sandbox's IAM did not answer DMS")
        return self.vpc_problem

    def logs_role_problem(self) -> str | None:
        if not self.reachable:
            raise CloudFailureError("the sandbox's IAM did not answer DMS")
        return self.logs_problem

    def subnets(self, region: str, ids: Sequence[str]) -> list[Subnet]:
        assert region
        wanted = ids or ["subnet-a", "subnet-b"]
        return [self.known_subnets[one] for one in wanted if one in self.known_subnets]

    def security_groups(self, region: str, ids: Sequence[str], vpc: str) -> list[str]:
        assert region
        assert vpc
        return [one for one in self.groups if one in ids] if ids else ["sg-default"]

    def role_problem(self, role_arn: str, principal: str) -> str | None:
        trusted = self.roles.get(role_arn)
        return None if trusted == principal else f"{role_arn} does not trust {principal}"

    def s3_for_role(self, region: str, role_arn: str) -> S3Client:
        assert region
        problem = self.role_problem(role_arn, "dms.amazonaws.com")
        if problem is not None:
            raise RoleRefusedError(problem)
        self.acted_as.append(role_arn)
        return cast("S3Client", object())

    def secret(self, region: str, role_arn: str, secret_id: str) -> dict[str, str]:
        problem = self.role_problem(role_arn, f"dms.{region}.amazonaws.com")
        if problem is not None:
            raise RoleRefusedError(problem)
        if secret_id not in self.secrets:
            raise SecretRefusedError("Secrets Manager can't find the specified secret.")
        return self.secrets[secret_id]

    def topic_problem(self, region: str, topic_arn: str) -> str | None:
        assert region
        return self.topics.get(topic_arn, "topic-not-exist")

    def put_logs(self, region: str, group: str, stream: str, lines: Sequence[LogLine]) -> None:
        assert region
        self.logs.setdefault((group, stream), []).extend(line.text for line in lines)


class FakeRun:
    """A run that does what the test says, when it says it."""

    def __init__(
        self, job: Job, s3: Callable[[], S3Client], on_checkpoint: Callable[[Checkpoint], None]
    ) -> None:
        self.job = job
        self.s3 = s3
        self.on_checkpoint = on_checkpoint
        self.tables: tuple[TableStatistics, ...] = ()
        self.counts = NO_PROGRESS
        self.outcome = Outcome(stop_reason=StopReason.NORMAL)
        self.error: Exception | None = None
        self.stops = True
        self.stopped = False
        self.reloaded: list[tuple[str, str]] = []
        self._ended = threading.Event()

    def run(self) -> Outcome:
        self._ended.wait(timeout=30)
        if self.error is not None:
            raise self.error
        return self.outcome

    def stop(self) -> None:
        self.stopped = True
        if self.stops:
            self._ended.set()

    def reload_tables(self, tables: Iterable[tuple[str, str]]) -> None:
        self.reloaded += tables

    def statistics(self) -> Sequence[TableStatistics]:
        return self.tables

    def progress(self) -> Progress:
        return self.counts

    def end(self, outcome: Outcome | None = None, error: Exception | None = None) -> None:
        """End the run as the data plane would."""
        self.outcome = outcome or self.outcome
        self.error = error
        self._ended.set()


class FakePlane:
    """A data plane without data."""

    def __init__(self) -> None:
        self.runs: list[FakeRun] = []
        self.sources: list[SourceDatabase] = []
        self.targets: list[StagingTarget] = []
        self.dropped: list[str] = []
        self.source_failure: str | None = None
        self.target_failure: str | None = None
        self.drop_failure: str | None = None
        self.unsupported: str | None = None
        self.idle_engines = False
        self.gate = threading.Event()
        self.gate.set()

    def check_mappings(self, mappings: Mapping[str, object]) -> None:
        if self.unsupported is not None and self.unsupported in str(mappings):
            raise MappingError(f"rule {self.unsupported} is not supported")

    def test_source(self, source: SourceDatabase) -> None:
        self.gate.wait(timeout=30)
        self.sources.append(source)
        if self.source_failure is not None:
            raise ConnectionFailure(self.source_failure)

    def test_target(self, target: StagingTarget, s3: Callable[[], S3Client]) -> None:
        assert s3() is not None
        self.targets.append(target)
        if self.target_failure is not None:
            raise ConnectionFailure(self.target_failure)

    def drop_slot(self, source: SourceDatabase, task_id: str) -> None:
        assert source.host
        if self.drop_failure is not None:
            raise ConnectionFailure(self.drop_failure)
        self.dropped.append(task_id)

    def replication(
        self,
        job: Job,
        *,
        s3: Callable[[], S3Client],
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime],
    ) -> FakeRun:
        assert clock().tzinfo is not None
        run = FakeRun(job, s3, on_checkpoint)
        self.runs.append(run)
        return run
