"""The replication subnet group: where in the network the replication instance may stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds import tags as tagging
from dmslake.kinds.dms_tags import put_tags, tags_of
from dmslake.kinds.tags import OWNER_TAG, owned

_ABSENT = "ResourceNotFoundFault"
# The same refusal for a role that is missing, wrong or just not visible yet; the plan has made sure
# that it is there and right, so only the last is left.
_VPC_ROLE_NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")
_STILL_IN_USE = Refusal("InvalidResourceStateFault", "is still using it")


@dataclass(frozen=True, kw_only=True)
class SubnetGroup(Resource[Clients]):
    """A replication subnet group over at least two availability zones."""

    kind: ClassVar[str] = "subnet_group"
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationSubnetGroups", "dms:ListTagsForResource"),
        create=("dms:CreateReplicationSubnetGroup", "dms:AddTagsToResource"),
        update=("dms:ModifyReplicationSubnetGroup", "dms:AddTagsToResource"),
        delete=("dms:DeleteReplicationSubnetGroup",),
    )
    patience: ClassVar[Patience] = Patience(usual=5, limit=600)

    subnets: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {"subnets": tuple(sorted(self.subnets)), "tags": self._all_tags()}

    def read(self, aws: Clients) -> Live | None:
        filters: Any = [{"Name": "replication-subnet-group-id", "Values": [self.name]}]
        answer = unless_absent(
            lambda: aws.dms.describe_replication_subnet_groups(Filters=filters), _ABSENT
        )
        groups = answer["ReplicationSubnetGroups"] if answer else []
        if not groups:
            return None
        tags = tags_of(aws, self._arn(aws))
        if tags is None:
            return None
        subnets = [str(s.get("SubnetIdentifier")) for s in groups[0].get("Subnets", [])]
        return Live(
            attributes={"subnets": tuple(sorted(subnets)), "tags": tags},
            owner=tags.get(OWNER_TAG),
            state=str(groups[0].get("SubnetGroupStatus", "")),
        )

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceAlreadyExistsFault"):
            eventually(
                lambda: aws.dms.create_replication_subnet_group(
                    ReplicationSubnetGroupIdentifier=self.name,
                    ReplicationSubnetGroupDescription=f"dmslake pipeline {self.owner}",
                    SubnetIds=list(self.subnets),
                    Tags=cast("Any", tagging.as_list(self._all_tags())),
                ),
                _VPC_ROLE_NOT_READY,
                within=180,
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "subnets" in changed:
            aws.dms.modify_replication_subnet_group(
                ReplicationSubnetGroupIdentifier=self.name, SubnetIds=list(self.subnets)
            )
        if "tags" in changed:
            put_tags(aws, self._arn(aws), self._all_tags())

    def delete(self, aws: Clients) -> None:
        with tolerating(_ABSENT):
            eventually(
                lambda: aws.dms.delete_replication_subnet_group(
                    ReplicationSubnetGroupIdentifier=self.name
                ),
                _STILL_IN_USE,
                within=300,
            )

    def _arn(self, aws: Clients) -> str:
        # Never returned by the API: the one ARN of DMS that is made of the name.
        return aws.account.arn("dms", f"subgrp:{self.name}")

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)
