"""The roles that DMS expects in every account, under names that it prescribes.

They are shared by all regions, all pipelines and all other users of DMS: created where they are
missing, repaired where they cannot work, never tagged as ours and never removed.
https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.APIRole
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds.policies import Statement, document, parse

_SERVICE = "dms.amazonaws.com"
# With a condition on this one DMS never made a log group, and said nothing. On the other the guide
# knows conditions; the plain trust works everywhere.
_UNCONDITIONAL = "dms-cloudwatch-logs-role"
_TRUST: Statement = {
    "Effect": "Allow",
    "Principal": {"Service": _SERVICE},
    "Action": "sts:AssumeRole",
}


@dataclass(frozen=True, kw_only=True)
class AccountRole(Resource[Clients]):
    """`dms-vpc-role` or `dms-cloudwatch-logs-role` with its managed policy (an ARN)."""

    kind: ClassVar[str] = "account_role"
    permissions: ClassVar[Permissions] = Permissions(
        read=("iam:GetRole", "iam:ListAttachedRolePolicies"),
        create=("iam:CreateRole", "iam:AttachRolePolicy"),
        update=("iam:GetRole", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy"),
    )

    managed_policy: str

    def desired(self) -> Attributes:
        return {"trusts_dms": True, "has_managed_policy": True}

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(lambda: aws.iam.get_role(RoleName=self.name), "NoSuchEntity")
        if found is None:
            return None
        trust = parse(found["Role"]["AssumeRolePolicyDocument"])
        attached = aws.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]
        return Live(
            attributes={
                "trusts_dms": any(self._is_trusted(body) for body in trust.values()),
                "has_managed_policy": self.managed_policy in [p["PolicyArn"] for p in attached],
            }
        )

    def create(self, aws: Clients) -> None:
        with tolerating("EntityAlreadyExists"):
            aws.iam.create_role(
                RoleName=self.name,
                AssumeRolePolicyDocument=document({"DmsAssumesIt": _TRUST}),
                Description="Used by AWS DMS in this account",
            )
        self._attach(aws)

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "trusts_dms" in changed:
            live = aws.iam.get_role(RoleName=self.name)["Role"]["AssumeRolePolicyDocument"]
            statements = {**parse(live), "DmsAssumesIt": _TRUST}
            aws.iam.update_assume_role_policy(
                RoleName=self.name,
                PolicyDocument=document(
                    {sid.replace("-", ""): body for sid, body in statements.items()}
                ),
            )
        if "has_managed_policy" in changed:
            self._attach(aws)

    def _attach(self, aws: Clients) -> None:
        # A role that was just made is missing on some of IAM's copies of itself.
        eventually(
            lambda: aws.iam.attach_role_policy(RoleName=self.name, PolicyArn=self.managed_policy),
            Refusal("NoSuchEntity", self.name),
            within=30,
        )

    def _is_trusted(self, statement: Statement) -> bool:
        conditional = bool(statement.get("Condition")) and self.name == _UNCONDITIONAL
        return _trusts_dms(statement) and not conditional

    def keeps(self, live: Live) -> str | None:
        attached = bool(live.attributes.get("has_managed_policy"))
        detach = f"aws iam detach-role-policy --role-name {self.name} --policy-arn "
        first = f"`{detach}{self.managed_policy}`, then " if attached else ""
        return (
            "it is shared by everything that uses DMS in this account; if nothing else does, "
            f"remove it by hand: {first}`aws iam delete-role --role-name {self.name}`"
        )

    def delete(self, aws: Clients) -> None:
        """Leave it: see `keeps`."""


def _trusts_dms(statement: Statement) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", ()) if isinstance(principal, dict) else ()
    named = [services] if isinstance(services, str) else services
    return statement.get("Effect") == "Allow" and _SERVICE in named
