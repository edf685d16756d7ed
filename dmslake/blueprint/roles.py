"""The roles of a pipeline: ours, or one that the organisation made."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.policies import Statements
from dmslake.engine.resource import Address
from dmslake.kinds.role import Role
from dmslake.kinds.shared_role import SharedRole
from dmslake.spec import Spec


@dataclass(frozen=True, kw_only=True)
class RoleOf:
    """A role as others see it: its ARN, its address, and the resources it takes."""

    arn: str
    address: Address
    parts: Parts


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a role of ours would be, and whose service assumes it."""

    name: str
    principal: str
    trust: Statements
    policy: Statements
    after: tuple[Address, ...] = ()
    used_by: tuple[Address, ...] = ()


def role_for(spec: Spec, names: Names, wish: Wish, shared: str | None) -> RoleOf:
    """Return the role that was made for us (its ARN is `shared`), or one of our own."""
    own = Role(
        name=wish.name,
        trust=wish.trust,
        policy=wish.policy,
        path=spec.aws.role_path,
        boundary=spec.aws.permissions_boundary,
        owner=spec.name,
        tags=spec.aws.tags,
        after=wish.after,
    )
    if shared is None:
        arn = names.role_arn(wish.name, spec.aws.role_path)
        return RoleOf(arn=arn, address=own.address, parts=Parts((own,)))
    given = SharedRole(name=shared, principal=wish.principal)
    parts = Parts((given,), (unwanted_role(spec, wish.name, wish.used_by),))
    return RoleOf(arn=shared, address=given.address, parts=parts)


def unwanted_role(spec: Spec, name: str, used_by: tuple[Address, ...]) -> Role:
    """Return a role of ours that goes once `used_by` uses another."""
    return Role(name=name, trust={}, policy={}, owner=spec.name, gone_after=used_by)
