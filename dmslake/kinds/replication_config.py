"""The configuration of a DMS Serverless replication: a task without an instance. Not its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import Attributes, Interrupt, Patience, Permissions
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search_one
from dmslake.kinds.endpoint import endpoint_arn
from dmslake.kinds.task_documents import (
    SETTINGS_TAG,
    Rules,
    Settings,
    found_mappings,
    found_settings,
    mapping_attributes,
    mappings_document,
    settings_attributes,
    settings_digest,
    settings_document,
)

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationConfigTypeDef, ReplicationTypeDef

# Only what is created, stopped or failed can be modified, and a change takes its time.
_NOT_READY = Refusal("InvalidResourceStateFault")
_VPC_ROLE_NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")
_COMPUTE = {
    "min_capacity": "MinCapacityUnits",
    "max_capacity": "MaxCapacityUnits",
    "multi_az": "MultiAZ",
    "subnet_group": "ReplicationSubnetGroupId",
    "security_groups": "VpcSecurityGroupIds",
}
_CHANGING = ("modifying", "deleting")


@dataclass(frozen=True, kw_only=True)
class ReplicationConfig(DmsResource["ReplicationConfigTypeDef"]):
    """A replication that DMS runs on machines of its own; capacities are in DCU of 2 GB each."""

    kind: ClassVar[str] = "replication_config"
    arn_member: ClassVar[str] = "ReplicationConfigArn"
    state_member: ClassVar[str] = "Status"
    create_only: ClassVar[frozenset[str]] = frozenset({"type", "subnet_group"})
    enums: ClassVar[frozenset[str]] = frozenset({"type", "subnet_group"})
    interrupts: ClassVar[Mapping[str, Interrupt]] = {
        **dict.fromkeys(
            ("mappings", "mapping_rules", "settings", "log_severities", *_COMPUTE),
            Interrupt.RESTARTS,
        ),
        "type": Interrupt.REPLACES,
        "subnet_group": Interrupt.REPLACES,
    }
    passing: ClassVar[tuple[Refusal, ...]] = (_VPC_ROLE_NOT_READY, _NOT_READY)
    release: ClassVar[float] = 600
    tagged: ClassVar[frozenset[str]] = frozenset({"tags", "settings", "log_severities"})
    patience: ClassVar[Patience] = Patience(usual=60, limit=3600)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications",
            "dms:ListTagsForResource",
        ),
        create=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications", "dms:DescribeEndpoints",
            "dms:ListTagsForResource", "dms:CreateReplicationConfig", "dms:AddTagsToResource",
            "iam:CreateServiceLinkedRole",
        ),
        update=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications",
            "dms:ModifyReplicationConfig", "dms:AddTagsToResource",
        ),
        delete=(
            "dms:DescribeReplicationConfigs", "dms:DescribeReplications",
            "dms:DeleteReplicationConfig",
        ),
    )  # fmt: skip

    source: str
    target: str
    migration_type: str
    rules: Rules
    settings: Settings
    min_capacity: int
    max_capacity: int
    multi_az: bool
    subnet_group: str
    security_groups: tuple[str, ...]

    def describe(self) -> str:
        return f"serverless replication {self.name}"

    def desired(self) -> Attributes:
        return {
            "type": self.migration_type,
            "min_capacity": self.min_capacity,
            "max_capacity": self.max_capacity,
            "multi_az": self.multi_az,
            "subnet_group": self.subnet_group,
            "security_groups": tuple(sorted(self.security_groups)) or None,
            **mapping_attributes(self.rules),
            **settings_attributes(self.settings),
            "tags": self.own_tags(),
        }

    def find(self, aws: Clients) -> ReplicationConfigTypeDef | None:
        """Return the configuration, with the word for how it is, which its replication has."""
        config = find_config(aws, self.name)
        if config is None:
            return None
        replication = find_replication(aws, self.name)
        status = replication.get("Status", "").lower() if replication else ""
        if status not in _CHANGING:
            return config
        return cast("ReplicationConfigTypeDef", {**config, self.state_member: status})

    def attributes(self, seen: Seen[ReplicationConfigTypeDef]) -> Attributes:
        config = seen.described
        compute: Mapping[str, Any] = config.get("ComputeConfig") or {}
        found = {ours: compute.get(wire) for ours, wire in _COMPUTE.items()}
        return {
            "type": config.get("ReplicationType"),
            **found,
            "security_groups": tuple(sorted(compute.get("VpcSecurityGroupIds") or ())),
            **found_mappings(config.get("TableMappings")),
            **found_settings(config.get("ReplicationSettings"), self.settings, seen.tags),
        }

    def request(self, aws: Clients) -> None:
        aws.dms.create_replication_config(
            ReplicationConfigIdentifier=self.name,
            SourceEndpointArn=endpoint_arn(aws, self.source),
            TargetEndpointArn=endpoint_arn(aws, self.target),
            ComputeConfig=self._compute(),
            ReplicationType=cast("Any", self.migration_type),
            TableMappings=mappings_document(self.rules),
            ReplicationSettings=settings_document(self.settings),
            Tags=self.tag_list(),
        )

    def change(self, seen: Seen[ReplicationConfigTypeDef], changed: Attributes) -> None:
        members: dict[str, Any] = {}
        if changed.keys() & {"mappings", "mapping_rules", "settings", "log_severities"}:
            members["TableMappings"] = mappings_document(self.rules)
        if changed.keys() & {"settings", "log_severities"}:
            members["ReplicationSettings"] = settings_document(self.settings)
        if changed.keys() & _COMPUTE.keys():
            members["ComputeConfig"] = self._compute()
        if members:
            self.patiently(
                lambda: seen.aws.dms.modify_replication_config(
                    ReplicationConfigArn=seen.arn, **members
                ),
                _NOT_READY,
            )

    def request_deletion(self, seen: Seen[ReplicationConfigTypeDef]) -> None:
        seen.aws.dms.delete_replication_config(ReplicationConfigArn=seen.arn)

    def all_tags(self) -> dict[str, str]:
        return {**self.own_tags(), SETTINGS_TAG: settings_digest(self.settings)}

    def parting(self, aws: Clients) -> str:
        replication = find_replication(aws, self.name)
        checkpoint = replication.get("RecoveryCheckpoint") if replication else None
        return f"the last position of {self.describe()} is {checkpoint}" if checkpoint else ""

    def _compute(self) -> Any:
        compute = {wire: getattr(self, ours) for ours, wire in _COMPUTE.items()}
        groups = list(self.security_groups)
        return {
            **{name: value for name, value in compute.items() if name != "VpcSecurityGroupIds"},
            **({"VpcSecurityGroupIds": groups} if groups else {}),
        }


def find_config(aws: Clients, name: str) -> ReplicationConfigTypeDef | None:
    """Return the configuration of this name as DMS describes it, or None."""
    found: ReplicationConfigTypeDef | None = search_one(
        aws.dms.describe_replication_configs, "ReplicationConfigs", "replication-config-id", name
    )
    return found


def find_replication(aws: Clients, name: str) -> ReplicationTypeDef | None:
    """Return the replication of the configuration of this name as DMS describes it, or None."""
    found: ReplicationTypeDef | None = search_one(
        aws.dms.describe_replications, "Replications", "replication-config-id", name
    )
    return found
