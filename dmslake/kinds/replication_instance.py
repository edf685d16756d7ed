"""The replication instance: the machine on which DMS runs the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import (
    Attributes,
    Broken,
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
from dmslake.kinds.tags import OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationInstanceTypeDef

_ABSENT = "ResourceNotFoundFault"
_VPC_ROLE_NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")
_TASKS_STILL_THERE = Refusal("InvalidResourceStateFault", "task")
_USABLE = ("available", "storage-full")
_LOST = (
    "failed",
    "incompatible-credentials",
    "incompatible-network",
    "inaccessible-encryption-credentials",
)
_WIRE = {
    "class": "ReplicationInstanceClass",
    "storage_gb": "AllocatedStorage",
    "multi_az": "MultiAZ",
    "security_groups": "VpcSecurityGroupIds",
}


@dataclass(frozen=True, kw_only=True)
class ReplicationInstance(Resource[Clients]):
    """A replication instance that cannot be reached from the internet."""

    kind: ClassVar[str] = "replication_instance"
    create_only: ClassVar[frozenset[str]] = frozenset({"subnet_group", "publicly_accessible"})
    # A new class or a failover restarts the machine: a task is stopped cleanly before, not by it.
    interrupts: ClassVar[Mapping[str, Interrupt]] = {
        "class": Interrupt.RESTARTS,
        "multi_az": Interrupt.RESTARTS,
    }
    patience: ClassVar[Patience] = Patience(usual=600, limit=2700)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationInstances", "dms:ListTagsForResource"),
        create=("dms:CreateReplicationInstance", "dms:AddTagsToResource"),
        update=(
            "dms:DescribeReplicationInstances", "dms:ModifyReplicationInstance",
            "dms:AddTagsToResource",
        ),
        delete=("dms:DescribeReplicationInstances", "dms:DeleteReplicationInstance"),
    )  # fmt: skip

    instance_class: str
    storage_gb: int
    multi_az: bool
    subnet_group: str
    security_groups: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "class": self.instance_class,
            "storage_gb": self.storage_gb,
            "multi_az": self.multi_az,
            "subnet_group": self.subnet_group,
            "security_groups": tuple(sorted(self.security_groups)) or None,
            "publicly_accessible": False,
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        instance = find_instance(aws, self.name)
        if instance is None:
            return None
        tags = tags_of(aws, instance["ReplicationInstanceArn"])
        if tags is None:
            return None
        # A change that waits for the maintenance window has been asked for: no reason to ask again.
        pending = instance.get("PendingModifiedValues", {})
        current: Any = {**instance, **{k: v for k, v in pending.items() if v is not None}}
        groups = [str(g.get("VpcSecurityGroupId")) for g in instance.get("VpcSecurityGroups", [])]
        return Live(
            attributes={
                "class": current.get("ReplicationInstanceClass"),
                "storage_gb": current.get("AllocatedStorage"),
                "multi_az": current.get("MultiAZ"),
                "subnet_group": instance.get("ReplicationSubnetGroup", {}).get(
                    "ReplicationSubnetGroupIdentifier"
                ),
                "security_groups": tuple(sorted(groups)),
                "publicly_accessible": instance.get("PubliclyAccessible"),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
            state=str(instance.get("ReplicationInstanceStatus", "")),
        )

    def settle(self, live: Live) -> Settled:
        if live.state in _LOST:
            return Broken(f"DMS reports it as {live.state}")
        return Ready() if live.state in _USABLE else Pending(live.state)

    def create(self, aws: Clients) -> None:
        optional: Any = (
            {"VpcSecurityGroupIds": list(self.security_groups)} if self.security_groups else {}
        )
        with tolerating("ResourceAlreadyExistsFault"):
            eventually(
                lambda: aws.dms.create_replication_instance(
                    ReplicationInstanceIdentifier=self.name,
                    ReplicationInstanceClass=self.instance_class,
                    AllocatedStorage=self.storage_gb,
                    MultiAZ=self.multi_az,
                    ReplicationSubnetGroupIdentifier=self.subnet_group,
                    PubliclyAccessible=False,
                    Tags=cast("Any", tagging.as_list(self._all_tags())),
                    **optional,
                ),
                _VPC_ROLE_NOT_READY,
                within=180,
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        arn = instance_arn(aws, self.name)
        wire: Any = {_WIRE[name]: value for name, value in changed.items() if name in _WIRE}
        if "VpcSecurityGroupIds" in wire:
            wire["VpcSecurityGroupIds"] = list(wire["VpcSecurityGroupIds"])
        if wire:
            aws.dms.modify_replication_instance(
                ReplicationInstanceArn=arn, ApplyImmediately=True, **wire
            )
        if "tags" in changed:
            put_tags(aws, arn, self._all_tags())

    def delete(self, aws: Clients) -> None:
        instance = find_instance(aws, self.name)
        if instance is None or instance.get("ReplicationInstanceStatus") == "deleting":
            return
        with tolerating(_ABSENT):
            eventually(
                lambda: aws.dms.delete_replication_instance(
                    ReplicationInstanceArn=instance["ReplicationInstanceArn"]
                ),
                _TASKS_STILL_THERE,
                within=120,
            )

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)


def find_instance(aws: Clients, name: str) -> ReplicationInstanceTypeDef | None:
    """Return the instance of this name as DMS describes it, or None."""
    filters: Any = [{"Name": "replication-instance-id", "Values": [name]}]
    answer = unless_absent(lambda: aws.dms.describe_replication_instances(Filters=filters), _ABSENT)
    found = answer["ReplicationInstances"] if answer else []
    return found[0] if found else None


def instance_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the instance of this name. Raises NotFoundError."""
    instance = find_instance(aws, name)
    if instance is None:
        raise NotFoundError(f"replication instance {name} does not exist")
    return instance["ReplicationInstanceArn"]
