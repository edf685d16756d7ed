"""The run of a DMS Serverless replication: started, resumed, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import Patience, Permissions
from dmslake.kinds.replication_config import find_config, find_replication
from dmslake.kinds.run import Course, Run, StartType
from dmslake.kinds.task_run import load_is_over


@dataclass(frozen=True, kw_only=True)
class Replication(Run):
    """The run of the configuration `name`; DMS finds machines for it first, for up to an hour."""

    kind: ClassVar[str] = "replication"
    # https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html
    under_way: ClassVar[frozenset[str]] = frozenset(
        {
            "initializing", "preparing_metadata_resources", "testing_connection",
            "fetching_metadata", "calculating_capacity", "provisioning_capacity",
            "replication_starting", "starting", "running", "stopping",
        }
    )  # fmt: skip
    passing: ClassVar[tuple[Refusal, ...]] = (Refusal("InvalidResourceStateFault"),)
    patience: ClassVar[Patience] = Patience(usual=3000, limit=7200)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationConfigs", "dms:DescribeReplications"),
        create=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications", "dms:StartReplication",
        ),
        delete=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications", "dms:StopReplication",
        ),
    )  # fmt: skip

    def describe(self) -> str:
        return f"run of serverless replication {self.name}"

    def course(self, aws: Clients) -> Course | None:
        config = find_config(aws, self.name)
        if config is None:
            return None
        found: Any = find_replication(aws, self.name) or {}
        statistics = found.get("ReplicationStats") or {}
        # What was provisioned is taken back after a while, and the statistics with it.
        traces = ("ReplicationLastStopTime", "ReplicationDeprovisionTime", "RecoveryCheckpoint")
        return Course(
            arn=config["ReplicationConfigArn"],
            status=str(found.get("Status", "")).lower(),
            failure="; ".join(found.get("FailureMessages") or ()),
            stop_reason=found.get("StopReason", ""),
            migration_type=config.get("ReplicationType", ""),
            started=bool(statistics.get("FreshStartDate") or any(found.get(t) for t in traces)),
            load_over=load_is_over(statistics),
            checkpoint=found.get("RecoveryCheckpoint", ""),
            moment=found.get("ReplicationLastStopTime") or statistics.get("StopDate"),
        )

    def request_start(self, aws: Clients, course: Course, start: StartType) -> None:
        # A full load alone cannot be resumed here.
        loads_again = start == "resume-processing" and course.migration_type == "full-load"
        aws.dms.start_replication(
            ReplicationConfigArn=course.arn,
            StartReplicationType="reload-target" if loads_again else start,
        )

    def request_stop(self, aws: Clients, course: Course) -> None:
        aws.dms.stop_replication(ReplicationConfigArn=course.arn)
