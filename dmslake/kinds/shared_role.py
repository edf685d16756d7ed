"""A role that the organisation made: used as it is, after a look at who may assume it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.engine.resource import Attributes, Broken, Live, Permissions, Ready, Resource, Settled
from dmslake.kinds.policies import Statement, parse

_ASSUMES = frozenset({"sts:assumerole", "sts:*", "*"})
_FIX = "let the owner of the role add a statement that allows it"


@dataclass(frozen=True, kw_only=True)
class SharedRole(Resource[Clients]):
    """The role with the ARN `name`; `principal` is the service that must be able to assume it."""

    kind: ClassVar[str] = "shared_role"
    given: ClassVar[bool] = True
    permissions: ClassVar[Permissions] = Permissions(read=("iam:GetRole",))

    principal: str

    def describe(self) -> str:
        return f"existing role {self.name}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        account, role_name = self.name.split(":")[4], self.name.rpartition("/")[2]
        if account != aws.account.id:
            return Live(
                reason=f"it belongs to account {account}, the pipeline to {aws.account.id}: AWS "
                "hands a role over to services of its own account only"
            )
        found = unless_absent(lambda: aws.iam.get_role(RoleName=role_name), "NoSuchEntity")
        if found is None:
            return None
        if found["Role"]["Arn"] != self.name:
            return Live(reason=f"the role of that name is {found['Role']['Arn']}: another path")
        trust = parse(found["Role"]["AssumeRolePolicyDocument"])
        return Live(reason=trust_problem(trust, self.principal, aws.account.id))

    def settle(self, live: Live) -> Settled:
        return Broken(live.reason, fix=_FIX) if live.reason else Ready()

    def create(self, aws: Clients) -> None:
        """Leave it to its owner."""

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Leave it as it is."""

    def delete(self, aws: Clients) -> None:
        """Leave it where it is."""


def trust_problem(trust: Mapping[str, Statement], principal: str, account: str) -> str:
    """Return why a service cannot assume a role with this trust policy; empty when it can.

    Conditions are judged where their outcome is known beforehand: `aws:SourceAccount`.
    """
    about = [body for body in trust.values() if _is_about(body, principal)]
    denied = [body for body in about if body.get("Effect") == "Deny" and not body.get("Condition")]
    allowed = [body for body in about if body.get("Effect") == "Allow"]
    if denied:
        return f"its trust policy forbids {principal} to assume it"
    if not allowed:
        return (
            f"its trust policy does not let {principal} assume it: it has to allow sts:AssumeRole "
            f"to the service {principal}"
        )
    accounts = [_source_accounts(body) for body in allowed]
    if all(named is not None and account not in named for named in accounts):
        return (
            f"its trust policy lets {principal} assume it for other accounts only: the condition "
            f"aws:SourceAccount has to allow {account}"
        )
    return ""


def _is_about(statement: Statement, principal: str) -> bool:
    who = statement.get("Principal")
    services = _listed(who.get("Service")) if isinstance(who, Mapping) else ()
    actions = {action.lower() for action in _listed(statement.get("Action"))}
    return (who == "*" or principal in services) and bool(actions & _ASSUMES)


def _source_accounts(statement: Statement) -> tuple[str, ...] | None:
    """Return the accounts that the statement is limited to; None when to none."""
    conditions = statement.get("Condition")
    if not isinstance(conditions, Mapping):
        return None
    for operator, operands in conditions.items():
        if str(operator).lower() == "stringequals" and isinstance(operands, Mapping):
            for key, value in operands.items():
                if str(key).lower() == "aws:sourceaccount":
                    return _listed(value)
    return None


def _listed(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)
