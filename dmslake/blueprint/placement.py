"""Where a replication runs: its subnets and its security groups."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.engine.resource import Address
from dmslake.kinds.shared_subnet_group import SharedSubnetGroup
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.spec import Spec


class Placement:
    """The network of the spec: a subnet group of ours, or one that exists.

    `vpc_role` is the role without which DMS makes no subnet group.
    """

    def __init__(self, spec: Spec, names: Names, vpc_role: Address) -> None:
        self._spec = spec
        self._network = spec.replication.network
        self._name = names.subnet_group
        self._vpc_role = vpc_role

    def parts(self) -> Parts:
        """Return the subnet group that is used, and the one that would be otherwise."""
        if self._network is None:  # a shared instance stands where it stands
            return Parts((), (self._own(),))
        if self._network.subnet_group is None:
            return Parts((self._own(),))
        return Parts((SharedSubnetGroup(name=self._network.subnet_group),), (self._own(),))

    @property
    def subnet_group(self) -> tuple[str, Address]:
        """The name of the subnet group, and its address."""
        if self._network is not None and self._network.subnet_group is not None:
            given = self._network.subnet_group
            return given, Address(SharedSubnetGroup.kind, given)
        return self._name, Address(SubnetGroup.kind, self._name)

    @property
    def security_groups(self) -> tuple[str, ...]:
        """The ids of the security groups; none for DMS's own choice."""
        return self._network.security_groups if self._network else ()

    def _own(self) -> SubnetGroup:
        return SubnetGroup(
            name=self._name,
            subnets=self._network.subnets if self._network else (),
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            after=(self._vpc_role,),
        )
