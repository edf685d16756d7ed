"""A replication subnet group that others have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.engine.resource import (
    Attributes,
    Live,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.kinds.subnet_group import find_subnet_group


@dataclass(frozen=True, kw_only=True)
class SharedSubnetGroup(Resource[Clients]):
    """The subnet group `name`: looked at, never made, changed or removed."""

    kind: ClassVar[str] = "shared_subnet_group"
    given: ClassVar[bool] = True
    permissions: ClassVar[Permissions] = Permissions(read=("dms:DescribeReplicationSubnetGroups",))

    def describe(self) -> str:
        return f"replication subnet group {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        found = find_subnet_group(aws, self.name)
        return None if found is None else Live(state=found.get("SubnetGroupStatus", "").lower())

    def settle(self, live: Live) -> Settled:
        return Ready() if live.state in ("", "complete") else Pending(live.state)

    def create(self, aws: Clients) -> None:
        """Make nothing: it is somebody else's."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: it is somebody else's."""

    def delete(self, aws: Clients) -> None:
        """Leave it: it is somebody else's."""
