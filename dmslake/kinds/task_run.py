"""The run of the replication task: started, resumed, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds.replication_task import find_task

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef

StartType = Literal["start-replication", "resume-processing", "reload-target"]

_UNDER_WAY = ("starting", "running", "stopping")
_FINISHED = ("Stop Reason FULL_LOAD_ONLY_FINISHED", "FULL_LOAD_ONLY_FINISHED")
# Seen although both tests were successful; it passes. DMS wants both results to be fresh.
_TESTS_NOT_SEEN = Refusal("InvalidResourceStateFault", "Test connection")


@dataclass(frozen=True, kw_only=True)
class TaskRun(Resource[Clients]):
    """The run of the task `name`: exists while the task runs, or once its full load is over."""

    kind: ClassVar[str] = "task_run"
    restarts: ClassVar[bool] = True
    patience: ClassVar[Patience] = Patience(usual=90, limit=1800)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationTasks",),
        create=("dms:DescribeReplicationTasks", "dms:StartReplicationTask"),
        delete=("dms:DescribeReplicationTasks", "dms:StopReplicationTask"),
    )

    def describe(self) -> str:
        return f"run of replication task {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        task = find_task(aws, self.name)
        status = str(task.get("Status", "")) if task else ""
        if task is None or not (status in (*_UNDER_WAY, "failed") or is_finished(task)):
            return None
        return Live(state=status, reason=str(task.get("LastFailureMessage", "")))

    def settle(self, live: Live) -> Settled:
        if live.state == "failed":
            return Broken(
                live.reason or "DMS gives no reason",
                fix="`dmslake status` shows the tables; `dmslake up` starts it again",
            )
        return Pending(live.state) if live.state in ("starting", "stopping") else Ready()

    def create(self, aws: Clients) -> None:
        task = find_task(aws, self.name)
        if task is None:
            raise NotFoundError(f"replication task {self.name} does not exist")
        if task.get("Status") in ("starting", "running"):
            return
        start: Any = start_type(task)
        eventually(
            lambda: aws.dms.start_replication_task(
                ReplicationTaskArn=task["ReplicationTaskArn"], StartReplicationTaskType=start
            ),
            _TESTS_NOT_SEEN,
            within=120,
        )

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: a run has no attributes."""

    def delete(self, aws: Clients) -> None:
        task = find_task(aws, self.name)
        if task is None or task.get("Status") not in ("starting", "running"):
            return
        with tolerating("InvalidResourceStateFault", saying="not running"):
            aws.dms.stop_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])


def is_finished(task: ReplicationTaskTypeDef) -> bool:
    """Whether the task is a full load that came to its end."""
    return task.get("Status") == "stopped" and task.get("StopReason", "") in _FINISHED


def start_type(task: ReplicationTaskTypeDef) -> StartType:
    """Return how a task that does not run has to be started to lose nothing.

    A failed full load is loaded again: resuming it can skip to the changes with tables half empty.
    """
    statistics = task.get("ReplicationTaskStats", {})
    started = statistics.get("FreshStartDate") or statistics.get("StartDate")
    if task.get("Status") == "ready" or not started:
        return "start-replication"
    loads = task.get("MigrationType", "") != "cdc"
    if task.get("Status") == "failed" and loads and not statistics.get("FullLoadFinishDate"):
        return "reload-target"
    return "resume-processing"
