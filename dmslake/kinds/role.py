"""An IAM role of this pipeline: who may assume it, and the one inline policy it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds import tags as tagging
from dmslake.kinds.policies import Statement, attributes, document, parse
from dmslake.kinds.tags import OWNER_TAG, owned

_POLICY_NAME = "dmslake"


@dataclass(frozen=True, kw_only=True)
class Role(Resource[Clients]):
    """A role with a trust policy and one inline policy, both as statements by Sid."""

    kind: ClassVar[str] = "role"
    create_only: ClassVar[frozenset[str]] = frozenset({"path"})
    permissions: ClassVar[Permissions] = Permissions(
        read=("iam:GetRole", "iam:GetRolePolicy"),
        create=("iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy"),
        update=(
            "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:TagRole",
            "iam:PutRolePermissionsBoundary",
        ),
        delete=(
            "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy", "iam:DeleteRole",
        ),
    )  # fmt: skip

    trust: Mapping[str, Statement]
    policy: Mapping[str, Statement]
    path: str = "/"
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "path": self.path,
            "permissions_boundary": self.boundary,
            **attributes("trust", self.trust),
            **attributes("policy", self.policy),
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(lambda: aws.iam.get_role(RoleName=self.name), "NoSuchEntity")
        if found is None:
            return None
        role = found["Role"]
        tags = tagging.from_list(cast("Any", role.get("Tags", [])))
        return Live(
            attributes={
                "path": role["Path"],
                "permissions_boundary": role.get("PermissionsBoundary", {}).get(
                    "PermissionsBoundaryArn"
                ),
                **attributes("trust", parse(role["AssumeRolePolicyDocument"])),
                **attributes("policy", self._read_policy(aws)),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
        )

    def _read_policy(self, aws: Clients) -> dict[str, Statement]:
        found = unless_absent(
            lambda: aws.iam.get_role_policy(RoleName=self.name, PolicyName=_POLICY_NAME),
            "NoSuchEntity",
        )
        return {} if found is None else parse(found["PolicyDocument"])

    def create(self, aws: Clients) -> None:
        boundary: Any = {"PermissionsBoundary": self.boundary} if self.boundary else {}
        with tolerating("EntityAlreadyExists"):
            aws.iam.create_role(
                RoleName=self.name,
                Path=self.path,
                AssumeRolePolicyDocument=document(self.trust),
                Description=f"dmslake pipeline {self.owner}",
                Tags=cast("Any", tagging.as_list(self._all_tags())),
                **boundary,
            )
        self._put_policy(aws)

    def update(self, aws: Clients, changed: Attributes) -> None:
        if changed.keys() & {"trust", "trust_statements"}:
            aws.iam.update_assume_role_policy(
                RoleName=self.name, PolicyDocument=document(self.trust)
            )
        if changed.keys() & {"policy", "policy_statements"}:
            self._put_policy(aws)
        if "permissions_boundary" in changed and self.boundary:
            aws.iam.put_role_permissions_boundary(
                RoleName=self.name, PermissionsBoundary=self.boundary
            )
        if "tags" in changed:
            aws.iam.tag_role(
                RoleName=self.name, Tags=cast("Any", tagging.as_list(self._all_tags()))
            )

    def _put_policy(self, aws: Clients) -> None:
        aws.iam.put_role_policy(
            RoleName=self.name, PolicyName=_POLICY_NAME, PolicyDocument=document(self.policy)
        )

    def delete(self, aws: Clients) -> None:
        # IAM deletes only a bare role; policies that were added by hand go with it.
        with tolerating("NoSuchEntity"):
            for name in aws.iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
                aws.iam.delete_role_policy(RoleName=self.name, PolicyName=name)
            attached = aws.iam.list_attached_role_policies(RoleName=self.name)
            for policy in attached["AttachedPolicies"]:
                aws.iam.detach_role_policy(RoleName=self.name, PolicyArn=policy["PolicyArn"])
            aws.iam.delete_role(RoleName=self.name)

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)
