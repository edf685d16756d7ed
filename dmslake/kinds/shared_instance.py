"""A replication instance that others have made and that this pipeline's task shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource, Settled
from dmslake.kinds.replication_instance import find_instance, settled


@dataclass(frozen=True, kw_only=True)
class SharedInstance(Resource[Clients]):
    """The instance whose ARN is `name`: looked at, never made, changed or removed."""

    kind: ClassVar[str] = "shared_instance"
    given: ClassVar[bool] = True
    patience: ClassVar[Patience] = Patience(usual=600, limit=2700)
    permissions: ClassVar[Permissions] = Permissions(read=("dms:DescribeReplicationInstances",))

    def describe(self) -> str:
        return f"replication instance {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        found = find_instance(aws, self.name)
        return None if found is None else Live(state=found.get("ReplicationInstanceStatus", ""))

    def settle(self, live: Live) -> Settled:
        return settled(live)

    def create(self, aws: Clients) -> None:
        """Make nothing: it is somebody else's."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: it is somebody else's."""

    def delete(self, aws: Clients) -> None:
        """Leave it: it is somebody else's."""
