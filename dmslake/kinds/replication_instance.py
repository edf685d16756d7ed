"""The replication instance: the machine on which DMS runs the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Interrupt,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search_one

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationInstanceTypeDef

_VPC_ROLE_NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")
_BUSY = Refusal("InvalidResourceStateFault")
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
    "engine_version": "EngineVersion",
    "maintenance_window": "PreferredMaintenanceWindow",
}
_OPTIONAL = {
    "engine_version": "EngineVersion",
    "maintenance_window": "PreferredMaintenanceWindow",
    "kms_key": "KmsKeyId",
    "availability_zone": "AvailabilityZone",
}


@dataclass(frozen=True, kw_only=True)
class ReplicationInstance(DmsResource["ReplicationInstanceTypeDef"]):
    """A replication instance that cannot be reached from the internet.

    Attributes:
        engine_version: the least version of DMS's engine, e.g. ``3.5.4``; it may grow by itself.
        maintenance_window: ``sun:02:00-sun:03:00``, in UTC.
        kms_key: the ARN of the key of its storage.
    """

    kind: ClassVar[str] = "replication_instance"
    arn_member: ClassVar[str] = "ReplicationInstanceArn"
    state_member: ClassVar[str] = "ReplicationInstanceStatus"
    create_only: ClassVar[frozenset[str]] = frozenset(
        {"subnet_group", "publicly_accessible", "kms_key", "availability_zone"}
    )
    enums: ClassVar[frozenset[str]] = frozenset({"maintenance_window", "subnet_group"})
    # A new class, a failover or an upgrade restarts the machine: a task is stopped cleanly before,
    # not by it.
    interrupts: ClassVar[Mapping[str, Interrupt]] = {
        "class": Interrupt.RESTARTS,
        "multi_az": Interrupt.RESTARTS,
        "engine_version": Interrupt.RESTARTS,
    }
    passing: ClassVar[tuple[Refusal, ...]] = (_VPC_ROLE_NOT_READY,)
    release: ClassVar[float] = 300
    patience: ClassVar[Patience] = Patience(usual=600, limit=2700)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationInstances", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeReplicationInstances", "dms:ListTagsForResource",
            "dms:CreateReplicationInstance", "dms:AddTagsToResource",
        ),
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
    engine_version: str | None = None
    maintenance_window: str | None = None
    kms_key: str | None = None
    availability_zone: str | None = None

    def desired(self) -> Attributes:
        return {
            "class": self.instance_class,
            "storage_gb": self.storage_gb,
            "multi_az": self.multi_az,
            "subnet_group": self.subnet_group,
            "security_groups": tuple(sorted(self.security_groups)) or None,
            "publicly_accessible": False,
            "engine_version": self.engine_version,
            "maintenance_window": self.maintenance_window,
            # DMS names the key that an alias stands for: nothing to compare an alias with.
            "kms_key": None if ":alias/" in (self.kms_key or "") else self.kms_key,
            "availability_zone": self.availability_zone,
            "tags": self.own_tags(),
        }

    def find(self, aws: Clients) -> ReplicationInstanceTypeDef | None:
        found = find_instance(aws, self.name)
        return None if found is None or self.state(found) == "deleted" else found

    def attributes(self, seen: Seen[ReplicationInstanceTypeDef]) -> Attributes:
        found = seen.described
        # A change that waits for the maintenance window has been asked for: no reason to ask again.
        pending = found.get("PendingModifiedValues") or {}
        current: Any = {**found, **{k: v for k, v in pending.items() if v is not None}}
        groups = [str(g.get("VpcSecurityGroupId")) for g in found.get("VpcSecurityGroups", [])]
        return {
            "class": current.get("ReplicationInstanceClass"),
            "storage_gb": current.get("AllocatedStorage"),
            "multi_az": current.get("MultiAZ"),
            "subnet_group": (found.get("ReplicationSubnetGroup") or {}).get(
                "ReplicationSubnetGroupIdentifier"
            ),
            "security_groups": tuple(sorted(groups)),
            "publicly_accessible": found.get("PubliclyAccessible"),
            "engine_version": _version(current.get("EngineVersion"), self.engine_version),
            "maintenance_window": found.get("PreferredMaintenanceWindow"),
            "kms_key": found.get("KmsKeyId"),
            "availability_zone": found.get("AvailabilityZone"),
        }

    def settle(self, live: Live) -> Settled:
        return settled(live)

    def refuses(self, live: Live) -> str | None:
        storage = live.attributes.get("storage_gb")
        if not isinstance(storage, int) or self.storage_gb >= storage:
            return None
        return (
            f"it has {storage} GB of storage, which cannot shrink to {self.storage_gb}; "
            f"write replication.instance.storage_gb: {storage}"
        )

    def request(self, aws: Clients) -> None:
        optional: Any = {
            wire: value for ours, wire in _OPTIONAL.items() if (value := getattr(self, ours))
        }
        if self.security_groups:
            optional["VpcSecurityGroupIds"] = list(self.security_groups)
        aws.dms.create_replication_instance(
            ReplicationInstanceIdentifier=self.name,
            ReplicationInstanceClass=self.instance_class,
            AllocatedStorage=self.storage_gb,
            MultiAZ=self.multi_az,
            ReplicationSubnetGroupIdentifier=self.subnet_group,
            PubliclyAccessible=False,
            Tags=self.tag_list(),
            **optional,
        )

    def change(self, seen: Seen[ReplicationInstanceTypeDef], changed: Attributes) -> None:
        wire: Any = {_WIRE[name]: value for name, value in changed.items() if name in _WIRE}
        if "VpcSecurityGroupIds" in wire:
            wire["VpcSecurityGroupIds"] = list(wire["VpcSecurityGroupIds"])
        if "EngineVersion" in wire:
            wire["AllowMajorVersionUpgrade"] = True
        if wire:
            arn = seen.arn
            # What is asked for may be on its way already; both codes have been seen.
            with tolerating(
                "InvalidParameterCombination",
                "InvalidParameterCombinationException",
                saying="No modifications were requested",
            ):
                self.patiently(
                    lambda: seen.aws.dms.modify_replication_instance(
                        ReplicationInstanceArn=arn, ApplyImmediately=True, **wire
                    ),
                    _BUSY,
                )

    def request_deletion(self, seen: Seen[ReplicationInstanceTypeDef]) -> None:
        seen.aws.dms.delete_replication_instance(ReplicationInstanceArn=seen.arn)


def settled(live: Live) -> Settled:
    """Judge an instance, ours or somebody else's, by DMS's word for it."""
    if live.state in _LOST:
        return Broken(f"DMS reports it as {live.state}")
    return Ready() if live.state in _USABLE else Pending(live.state)


def find_instance(aws: Clients, name: str) -> ReplicationInstanceTypeDef | None:
    """Return the instance of this name, or with this ARN, as DMS describes it, or None."""
    by = "replication-instance-arn" if is_arn(name) else "replication-instance-id"
    found: ReplicationInstanceTypeDef | None = search_one(
        aws.dms.describe_replication_instances, "ReplicationInstances", by, name
    )
    return found


def known_instance_arn(aws: Clients, name: str) -> str | None:
    """Return the ARN of an instance; None when there is none of this name. An ARN is itself."""
    if is_arn(name):
        return name
    found = find_instance(aws, name)
    return None if found is None else found["ReplicationInstanceArn"]


def instance_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the instance of this name, or the ARN itself. Raises NotFoundError."""
    arn = known_instance_arn(aws, name)
    if arn is None:
        raise NotFoundError(f"replication instance {name} does not exist")
    return arn


def is_arn(name: str) -> bool:
    """Whether a reference to an instance is the ARN of a shared one and not a name of ours."""
    return name.startswith("arn:")


def _version(found: object, wanted: str | None) -> object:
    """Return the wanted version where the one found is as new: DMS never goes back."""
    if wanted is None or not isinstance(found, str):
        return found
    return wanted if _numbers(found) >= _numbers(wanted) else found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
