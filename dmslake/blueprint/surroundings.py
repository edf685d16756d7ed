"""What a replication stands on, whichever way it is run."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.engine.resource import Address
from dmslake.kinds.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the replication stands on.

    Attributes:
        opened: what must be ready before the first object may be staged.
    """

    source: Endpoint
    target: Endpoint
    vpc_role: Address
    logs_role: Address
    opened: Address

    @property
    def ends(self) -> tuple[Address, Address]:
        """The addresses of both endpoints."""
        return self.source.address, self.target.address
