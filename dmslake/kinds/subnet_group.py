"""The replication subnet group: where in the network the replication instance may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import Attributes, Patience, Permissions
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search_one

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationSubnetGroupTypeDef

# The same refusal for a role that is missing, wrong or just not visible yet; the plan has made sure
# that it is there and right, so only the last is left.
_VPC_ROLE_NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")


@dataclass(frozen=True, kw_only=True)
class SubnetGroup(DmsResource["ReplicationSubnetGroupTypeDef"]):
    """A replication subnet group over at least two availability zones."""

    kind: ClassVar[str] = "subnet_group"
    # Never returned by the API, but made of the name.
    arn_type: ClassVar[str] = "subgrp"
    state_member: ClassVar[str] = "SubnetGroupStatus"
    passing: ClassVar[tuple[Refusal, ...]] = (_VPC_ROLE_NOT_READY,)
    # The network of an instance outlives it by minutes.
    release: ClassVar[float] = 600
    patience: ClassVar[Patience] = Patience(usual=5, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationSubnetGroups", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeReplicationSubnetGroups", "dms:ListTagsForResource",
            "dms:CreateReplicationSubnetGroup", "dms:AddTagsToResource",
        ),
        update=(
            "dms:DescribeReplicationSubnetGroups", "dms:ModifyReplicationSubnetGroup",
            "dms:AddTagsToResource",
        ),
        delete=("dms:DescribeReplicationSubnetGroups", "dms:DeleteReplicationSubnetGroup"),
    )  # fmt: skip

    subnets: tuple[str, ...]

    def desired(self) -> Attributes:
        return {"subnets": tuple(sorted(self.subnets)), "tags": self.own_tags()}

    def find(self, aws: Clients) -> ReplicationSubnetGroupTypeDef | None:
        return find_subnet_group(aws, self.name)

    def attributes(self, seen: Seen[ReplicationSubnetGroupTypeDef]) -> Attributes:
        found = seen.described
        subnets = [str(s.get("SubnetIdentifier")) for s in found.get("Subnets", [])]
        return {"subnets": tuple(sorted(subnets))}

    def request(self, aws: Clients) -> None:
        aws.dms.create_replication_subnet_group(
            ReplicationSubnetGroupIdentifier=self.name,
            ReplicationSubnetGroupDescription=f"dmslake pipeline {self.owner}",
            SubnetIds=list(self.subnets),
            Tags=self.tag_list(),
        )

    def change(self, seen: Seen[ReplicationSubnetGroupTypeDef], changed: Attributes) -> None:
        if "subnets" in changed:
            seen.aws.dms.modify_replication_subnet_group(
                ReplicationSubnetGroupIdentifier=self.name, SubnetIds=list(self.subnets)
            )

    def request_deletion(self, seen: Seen[ReplicationSubnetGroupTypeDef]) -> None:
        seen.aws.dms.delete_replication_subnet_group(ReplicationSubnetGroupIdentifier=self.name)


def find_subnet_group(aws: Clients, name: str) -> ReplicationSubnetGroupTypeDef | None:
    """Return the subnet group of this name as DMS describes it, or None."""
    found: ReplicationSubnetGroupTypeDef | None = search_one(
        aws.dms.describe_replication_subnet_groups,
        "ReplicationSubnetGroups",
        "replication-subnet-group-id",
        name,
    )
    return found
