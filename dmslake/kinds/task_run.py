"""The run of the replication task: started, resumed, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import Patience, Permissions
from dmslake.kinds.replication_task import find_task
from dmslake.kinds.run import Course, Run, StartType

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef

_STATE = "InvalidResourceStateFault"
_TESTS = "Test connection"


@dataclass(frozen=True, kw_only=True)
class TaskRun(Run):
    """The run of the task `name`: exists while the task runs, or once its full load is over."""

    kind: ClassVar[str] = "task_run"
    # Both tests were successful, and DMS has not noticed; or the task is about to be ready.
    passing: ClassVar[tuple[Refusal, ...]] = (
        Refusal(_STATE, _TESTS),
        Refusal(_STATE, "invalid state"),
    )
    patience: ClassVar[Patience] = Patience(usual=90, limit=1800)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationTasks",),
        create=(
            "dms:DescribeReplicationTasks", "dms:StartReplicationTask", "dms:TestConnection",
        ),
        delete=("dms:DescribeReplicationTasks", "dms:StopReplicationTask"),
    )  # fmt: skip

    def describe(self) -> str:
        return f"run of replication task {self.name}"

    def course(self, aws: Clients) -> Course | None:
        task = find_task(aws, self.name)
        if task is None:
            return None
        statistics: Any = task.get("ReplicationTaskStats") or {}
        return Course(
            arn=task["ReplicationTaskArn"],
            status=str(task.get("Status", "")),
            failure=task.get("LastFailureMessage", ""),
            stop_reason=task.get("StopReason", ""),
            migration_type=str(task.get("MigrationType", "")),
            started=bool(statistics.get("FreshStartDate") or statistics.get("StartDate")),
            load_over=load_is_over(statistics),
            checkpoint=task.get("RecoveryCheckpoint", ""),
            moment=statistics.get("StopDate"),
        )

    def request_start(self, aws: Clients, course: Course, start: StartType) -> None:
        begun = False
        with tolerating(_STATE, saying=_TESTS):
            aws.dms.start_replication_task(
                ReplicationTaskArn=course.arn, StartReplicationTaskType=start
            )
            begun = True
        if not begun:
            self._test_again(aws)
            # Refused until the tests are over; then it is tried again.
            aws.dms.start_replication_task(
                ReplicationTaskArn=course.arn, StartReplicationTaskType=start
            )

    def request_stop(self, aws: Clients, course: Course) -> None:
        aws.dms.stop_replication_task(ReplicationTaskArn=course.arn)

    def _test_again(self, aws: Clients) -> None:
        task: ReplicationTaskTypeDef | None = find_task(aws, self.name)
        if task is None:
            return
        for endpoint in (task["SourceEndpointArn"], task["TargetEndpointArn"]):
            with tolerating(_STATE, saying="already being tested"):
                aws.dms.test_connection(
                    ReplicationInstanceArn=task["ReplicationInstanceArn"], EndpointArn=endpoint
                )


def load_is_over(statistics: Any) -> bool:
    """Whether a full load came to its end and left at least one table loaded.

    Takes the statistics of a task or of a replication, which have the same members.
    """
    in_vain = statistics.get("TablesErrored", 0) > 0 and not statistics.get("TablesLoaded")
    return bool(statistics.get("FullLoadFinishDate")) and not in_vain
