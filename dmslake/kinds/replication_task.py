"""The replication task: which tables, from where to where, with which settings. Not its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Interrupt,
    Live,
    Patience,
    Permissions,
    Ready,
    Settled,
)
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search_one
from dmslake.kinds.endpoint import endpoint_arn
from dmslake.kinds.replication_instance import instance_arn, known_instance_arn
from dmslake.kinds.tags import as_list
from dmslake.kinds.task_documents import (
    SETTINGS_TAG,
    START_TAG,
    Rules,
    Settings,
    digest,
    found_mappings,
    found_settings,
    logging_document,
    mapping_attributes,
    mappings_document,
    settings_attributes,
    settings_digest,
    settings_document,
)

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef

# What it stands on is described as ready before DMS knows it everywhere.
_NOT_READY = Refusal("InvalidResourceStateFault", "state")
_MAPPINGS = frozenset({"mappings", "mapping_rules"})


@dataclass(frozen=True, kw_only=True)
class ReplicationTask(DmsResource["ReplicationTaskTypeDef"]):
    """A task; `rules` are table-mapping rules, `settings` the task settings that we set.

    Attributes:
        instance: the name of our instance, or the ARN of a shared one.
        start_position: where changes are captured from; only when it is made, like `start_time`.
            What DMS tells of it later is where it is by then: a tag says with which it was made.
        start_time: the same as a time, aware.
        checkpoints: bucket and key prefix: where its position is saved when it goes.
    """

    kind: ClassVar[str] = "replication_task"
    arn_member: ClassVar[str] = "ReplicationTaskArn"
    state_member: ClassVar[str] = "Status"
    create_only: ClassVar[frozenset[str]] = frozenset({"type"})
    enums: ClassVar[frozenset[str]] = frozenset({"type"})
    # DMS refuses to modify a running task, except for the severity of its logs, and to move it.
    interrupts: ClassVar[Mapping[str, Interrupt]] = {
        "mappings": Interrupt.RESTARTS,
        "mapping_rules": Interrupt.RESTARTS,
        "settings": Interrupt.RESTARTS,
        "instance": Interrupt.RESTARTS,
        "type": Interrupt.REPLACES,
    }
    passing: ClassVar[tuple[Refusal, ...]] = (_NOT_READY,)
    tagged: ClassVar[frozenset[str]] = frozenset({"tags", "settings", "log_severities"})
    patience: ClassVar[Patience] = Patience(usual=60, limit=3600)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "dms:DescribeReplicationTasks", "dms:DescribeReplicationInstances",
            "dms:ListTagsForResource",
        ),
        create=(
            "dms:DescribeReplicationTasks", "dms:DescribeEndpoints",
            "dms:DescribeReplicationInstances", "dms:ListTagsForResource",
            "dms:CreateReplicationTask", "dms:AddTagsToResource",
        ),
        update=(
            "dms:DescribeReplicationTasks", "dms:DescribeReplicationInstances",
            "dms:ModifyReplicationTask", "dms:MoveReplicationTask", "dms:AddTagsToResource",
        ),
        delete=("dms:DescribeReplicationTasks", "dms:DeleteReplicationTask", "s3:PutObject"),
    )  # fmt: skip

    source: str
    target: str
    instance: str
    migration_type: str
    rules: Rules
    settings: Settings
    start_position: str | None = None
    start_time: datetime | None = None
    checkpoints: tuple[str, str] | None = None

    def desired(self) -> Attributes:
        return {
            "type": self.migration_type,
            "instance": self.instance,
            **mapping_attributes(self.rules),
            **settings_attributes(self.settings),
            "tags": self.own_tags(),
        }

    def find(self, aws: Clients) -> ReplicationTaskTypeDef | None:
        return find_task(aws, self.name)

    def attributes(self, seen: Seen[ReplicationTaskTypeDef]) -> Attributes:
        task = seen.described
        arn = task.get("ReplicationInstanceArn")
        here = arn == known_instance_arn(seen.aws, self.instance)
        return {
            "type": task.get("MigrationType"),
            "instance": self.instance if here else arn,
            **found_mappings(task.get("TableMappings")),
            **found_settings(task.get("ReplicationTaskSettings"), self.settings, seen.tags),
        }

    def failure(self, found: ReplicationTaskTypeDef) -> str:
        return found.get("LastFailureMessage", "")

    def settle(self, live: Live) -> Settled:
        if live.state == "failed-move" and "instance" in self.recent.asked:
            return Broken(
                live.reason or "DMS gives no reason why it could not be moved",
                fix="it is where it was, with its position; `dmslake up` tries the move again",
            )
        # Its run has failed, or it stayed where it was: the task itself can be used.
        usable = live.state in ("failed", "failed-move")
        return Ready() if usable else super().settle(live)

    def request(self, aws: Clients) -> None:
        start: Any = {"CdcStartPosition": self.start_position, "CdcStartTime": self.start_time}
        aws.dms.create_replication_task(
            ReplicationTaskIdentifier=self.name,
            SourceEndpointArn=endpoint_arn(aws, self.source),
            TargetEndpointArn=endpoint_arn(aws, self.target),
            ReplicationInstanceArn=instance_arn(aws, self.instance),
            MigrationType=cast("Any", self.migration_type),
            TableMappings=mappings_document(self.rules),
            ReplicationTaskSettings=settings_document(self.settings),
            Tags=cast("Any", as_list({**self.all_tags(), **self._start_tags()})),
            **{name: value for name, value in start.items() if value is not None},
        )

    def change(self, seen: Seen[ReplicationTaskTypeDef], changed: Attributes) -> None:
        members = self._modification(changed)
        if members:
            self.patiently(
                lambda: seen.aws.dms.modify_replication_task(
                    ReplicationTaskArn=seen.arn, **members
                ),
                _NOT_READY,
            )
        if "instance" in changed:
            target = instance_arn(seen.aws, self.instance)
            self.patiently(
                lambda: seen.aws.dms.move_replication_task(
                    ReplicationTaskArn=seen.arn, TargetReplicationInstanceArn=target
                ),
                _NOT_READY,
            )

    def request_deletion(self, seen: Seen[ReplicationTaskTypeDef]) -> None:
        seen.aws.dms.delete_replication_task(ReplicationTaskArn=seen.arn)

    def all_tags(self) -> dict[str, str]:
        return {**self.own_tags(), SETTINGS_TAG: settings_digest(self.settings)}

    def remark(self, live: Live) -> str:
        made_with = cast("Mapping[str, str]", live.attributes["tags"])
        if self._start_tags().items() <= made_with.items():
            return ""
        return (
            f"{self.describe()} was not made with the replication.start of the spec, and goes on "
            "from where it is: a start counts only when a task is made; to begin there, take the "
            "pipeline down and up again, and otherwise remove replication.start"
        )

    def _start_tags(self) -> dict[str, str]:
        moment = self.start_time.astimezone(UTC).isoformat() if self.start_time else None
        start = self.start_position or moment
        return {START_TAG: digest(start)} if start else {}

    def parting(self, aws: Clients) -> str:
        task = find_task(aws, self.name)
        checkpoint = task.get("RecoveryCheckpoint") if task else None
        if task is None or not checkpoint:
            return ""
        said = f"the last position of {self.describe()} is {checkpoint}"
        return f"{said}; {self._saved(aws, task)}" if self.checkpoints else said

    def _saved(self, aws: Clients, task: ReplicationTaskTypeDef) -> str:
        bucket, prefix = self.checkpoints or ("", "")
        key = f"{prefix.rstrip('/')}/{self.name}.json"
        stopped = task.get("ReplicationTaskStats", {}).get("StopDate")
        body = {
            "task": self.name,
            "checkpoint": task.get("RecoveryCheckpoint"),
            "migration_type": task.get("MigrationType"),
            "stopped": stopped.isoformat() if stopped else None,
        }
        refusal = refusal_of(
            lambda: aws.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode()),
            "NoSuchBucket",
            "AccessDenied",
        )
        return f"it could not be saved ({refusal})" if refusal else f"saved as s3://{bucket}/{key}"

    def _modification(self, changed: Attributes) -> Any:
        """Return the members of a ModifyReplicationTask; none when nothing of it changed."""
        if not changed.keys() & {*_MAPPINGS, "settings"}:
            logging = {"ReplicationTaskSettings": logging_document(self.settings)}
            return logging if "log_severities" in changed else {}
        members = {
            "MigrationType": self.migration_type,
            "TableMappings": mappings_document(self.rules),
        }
        if changed.keys() & {"settings", "log_severities"}:
            members["ReplicationTaskSettings"] = settings_document(self.settings)
        return members


def find_task(aws: Clients, name: str) -> ReplicationTaskTypeDef | None:
    """Return the task of this name as DMS describes it, settings included, or None."""
    found: ReplicationTaskTypeDef | None = search_one(
        aws.dms.describe_replication_tasks, "ReplicationTasks", "replication-task-id", name
    )
    return found
