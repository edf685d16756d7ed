"""The wait, before a pipeline goes, until the loader has moved what was staged last."""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of, unless_absent
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.arrival import Staged, has_arrived, staged_objects
from dmslake.kinds.replication_task import find_task
from dmslake.lake.config import LoaderConfig

_RUNS = ("starting", "running", "stopping")
_THREADS = 16
# The newest of them, so that a million staged objects take no more memory than these.
_LOOKED_AT = 5000
_BLIND = "waiting without seeing what arrives, for want of s3:GetObject on bucket"


@dataclass
class Memory:
    """What a drain knows between two looks: `waiting` is None until staging was listed."""

    waiting: list[Staged] | None = None
    looks: int = 0


@dataclass(frozen=True, kw_only=True)
class Drain(Resource[Clients]):
    """Exists while something that was staged lately is not in the lake; it cannot be made.

    Attributes:
        staging_bucket: where DMS writes.
        staging_prefix: below which it does.
        config: what the loader knows: it decides where an object belongs.
        task: the replication task; while it runs, there is more to come. None when there is none.
        since_hours: objects staged longer than this before the newest one count as done.
        loader: the function's name; where it is gone, nothing is waited for. None not to ask.
    """

    kind: ClassVar[str] = "drain"
    insists: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=30, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "dms:DescribeReplicationTasks", "lambda:GetFunctionConfiguration", "s3:ListBucket",
            "s3:GetObject",
        ),
    )  # fmt: skip

    staging_bucket: str
    staging_prefix: str
    config: LoaderConfig
    task: str | None = None
    since_hours: float = 6
    loader: str | None = None
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    def describe(self) -> str:
        return f"drain of staging bucket {self.staging_bucket}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        if self._task_runs(aws):
            self.memory.waiting = None
            return Live(state="waiting for the replication task to stop")
        if self._nothing_moves(aws):
            return None
        if self.memory.waiting is None:
            self.memory.waiting = self._recent(aws)
            self.memory.looks = 0
        if self._is_blind(aws, self.memory.waiting):
            return Live(state=f"{_BLIND} {self.config.lake_bucket}")
        self.memory.waiting = self._missing(aws, self.memory.waiting)
        self.memory.looks += 1
        return Live(state=_told(self.memory.waiting)) if self.memory.waiting else None

    def create(self, aws: Clients) -> None:
        """Make nothing: there is a drain wherever something is staged."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing."""

    def delete(self, aws: Clients) -> None:
        """Wait only: the loader does the work."""

    def _task_runs(self, aws: Clients) -> bool:
        task = find_task(aws, self.task) if self.task else None
        return task is not None and task.get("Status") in _RUNS

    def _nothing_moves(self, aws: Clients) -> bool:
        """Tell whether the loader, or the place it moves objects to, is gone already."""
        if self.loader is not None:
            name = self.loader
            found = unless_absent(
                lambda: aws.lambda_.get_function_configuration(FunctionName=name),
                "ResourceNotFoundException",
            )
            if found is None:
                return True
        lake = self.config.lake_bucket
        return refusal_of(lambda: aws.s3.head_bucket(Bucket=lake), "404") is not None

    def _recent(self, aws: Clients) -> list[Staged]:
        """Return the newest staged objects that belong into the lake, the oldest first."""
        newest = heapq.nlargest(_LOOKED_AT, staged_objects(aws, self.config))
        if not newest:
            return []
        since = newest[0].arrived - timedelta(hours=self.since_hours)
        return [staged for staged in reversed(newest) if staged.arrived >= since]

    def _is_blind(self, aws: Clients, waiting: list[Staged]) -> bool:
        """Tell whether the lake's objects may not be looked at: a reason to wait, not to fail."""
        if not waiting:
            return False
        lake, key = self.config.lake_bucket, waiting[-1].key
        look = refusal_of(lambda: aws.s3.head_object(Bucket=lake, Key=key), "403", "404")
        return look == "403"

    def _missing(self, aws: Clients, waiting: list[Staged]) -> list[Staged]:
        """Return those that are not in the lake, and still wait for it."""
        router = self.config.router()
        # At the first look most are there; one that is missing later may be gone from staging.
        again = self.memory.looks > 0

        def look(staged: Staged) -> Staged | None:
            if has_arrived(aws, self.config, router, staged):
                return None
            return self._as_it_is(aws, staged) if again else staged

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="drain") as pool:
            return [one for one in pool.map(look, waiting) if one is not None]

    def _as_it_is(self, aws: Clients, staged: Staged) -> Staged | None:
        """Return the staged object as it is now; None when it is gone, for then nothing comes."""
        head = unless_absent(
            lambda: aws.s3.head_object(Bucket=self.staging_bucket, Key=staged.key),
            "404", "NoSuchKey",
        )  # fmt: skip
        return None if head is None else Staged(head["LastModified"], staged.key)


def _told(waiting: list[Staged]) -> str:
    count = "one object" if len(waiting) == 1 else f"{len(waiting):,} objects"
    return f"waiting for {count} to reach the lake, the newest {max(waiting).key}"
