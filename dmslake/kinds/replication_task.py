"""The replication task: which tables, from where to where, with which settings. Not its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.engine.resource import (
    Attributes,
    Interrupt,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds import tags as tagging
from dmslake.kinds.dms_tags import put_tags, tags_of
from dmslake.kinds.endpoint import endpoint_arn
from dmslake.kinds.replication_instance import instance_arn
from dmslake.kinds.tags import OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef

_ABSENT = "ResourceNotFoundFault"
_UNFINISHED = ("creating", "modifying", "moving", "testing", "deleting")

Rules = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class ReplicationTask(Resource[Clients]):
    """A task; `rules` are table-mapping rules, `settings` the task settings that we set."""

    kind: ClassVar[str] = "replication_task"
    create_only: ClassVar[frozenset[str]] = frozenset({"type"})
    enums: ClassVar[frozenset[str]] = frozenset({"type"})
    # DMS refuses to modify a running task, except for the severity of its logs.
    interrupts: ClassVar[Mapping[str, Interrupt]] = {
        "mappings": Interrupt.RESTARTS,
        "mapping_rules": Interrupt.RESTARTS,
        "settings": Interrupt.RESTARTS,
        "type": Interrupt.REPLACES,
    }
    patience: ClassVar[Patience] = Patience(usual=60, limit=1200)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationTasks", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeEndpoints", "dms:DescribeReplicationInstances",
            "dms:CreateReplicationTask", "dms:AddTagsToResource",
        ),
        update=(
            "dms:DescribeReplicationTasks", "dms:ModifyReplicationTask", "dms:AddTagsToResource",
        ),
        delete=("dms:DescribeReplicationTasks", "dms:DeleteReplicationTask"),
    )  # fmt: skip

    source: str
    target: str
    instance: str
    migration_type: str
    rules: Rules
    settings: Mapping[str, object]
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "type": self.migration_type,
            **_mapping_attributes(self.rules),
            "settings": self.settings,
            "tags": owned(self.tags, self.owner),
        }

    def read(self, aws: Clients) -> Live | None:
        task = find_task(aws, self.name, with_settings=True)
        if task is None:
            return None
        tags = tags_of(aws, task["ReplicationTaskArn"])
        if tags is None:
            return None
        rules = json.loads(task.get("TableMappings") or "{}").get("rules", [])
        return Live(
            attributes={
                "type": task.get("MigrationType"),
                **_mapping_attributes(rules),
                "settings": json.loads(task.get("ReplicationTaskSettings") or "{}"),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
            state=str(task.get("Status", "")),
        )

    def settle(self, live: Live) -> Settled:
        return Pending(live.state) if live.state in _UNFINISHED else Ready()

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceAlreadyExistsFault"):
            aws.dms.create_replication_task(
                ReplicationTaskIdentifier=self.name,
                SourceEndpointArn=endpoint_arn(aws, self.source),
                TargetEndpointArn=endpoint_arn(aws, self.target),
                ReplicationInstanceArn=instance_arn(aws, self.instance),
                MigrationType=cast("Any", self.migration_type),
                TableMappings=json.dumps({"rules": self.rules}),
                ReplicationTaskSettings=json.dumps(self.settings),
                Tags=cast("Any", tagging.as_list(owned(self.tags, self.owner))),
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        arn = task_arn(aws, self.name)
        wire: dict[str, Any] = {}
        if changed.keys() & {"mappings", "mapping_rules"}:
            wire["TableMappings"] = json.dumps({"rules": self.rules})
        if "settings" in changed:
            wire["ReplicationTaskSettings"] = json.dumps(self.settings)
        if wire:
            aws.dms.modify_replication_task(ReplicationTaskArn=arn, **wire)
        if "tags" in changed:
            put_tags(aws, arn, owned(self.tags, self.owner))

    def delete(self, aws: Clients) -> None:
        task = find_task(aws, self.name)
        if task is None or task.get("Status") == "deleting":
            return
        with tolerating(_ABSENT):
            aws.dms.delete_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])


def find_task(
    aws: Clients, name: str, *, with_settings: bool = False
) -> ReplicationTaskTypeDef | None:
    """Return the task of this name as DMS describes it, or None."""
    filters: Any = [{"Name": "replication-task-id", "Values": [name]}]
    answer = unless_absent(
        lambda: aws.dms.describe_replication_tasks(
            Filters=filters, WithoutSettings=not with_settings
        ),
        _ABSENT,
    )
    found = answer["ReplicationTasks"] if answer else []
    return found[0] if found else None


def task_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the task of this name. Raises NotFoundError."""
    task = find_task(aws, name)
    if task is None:
        raise NotFoundError(f"replication task {name} does not exist")
    return task["ReplicationTaskArn"]


def _mapping_attributes(rules: Any) -> dict[str, object]:
    """Return the rules by id, and the exact set of ids.

    By id, because DMS may return them in another order and with nulls added; the set makes a rule
    that we do not want a difference, too.
    """
    return {
        "mappings": {str(rule["rule-id"]): rule for rule in rules},
        "mapping_rules": tuple(sorted(str(rule["rule-id"]) for rule in rules)),
    }
