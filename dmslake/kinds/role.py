"""An IAM role of this pipeline: who may assume it, and the one inline policy it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds import tags as tagging
from dmslake.kinds.policies import Statement, attributes, document, parse
from dmslake.kinds.tags import BOUNDARY_TAG, OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import RoleTypeDef

_POLICY_NAME = "dmslake"
_UNBOUNDED = "none"
# IAM answers from copies of itself: a role that was just made is missing on some of them.
_NOT_SEEN = Refusal("NoSuchEntity")
_BUSY = (
    Refusal("ConcurrentModification"),
    Refusal("ConcurrentModificationException"),
    Refusal("EntityTemporarilyUnmodifiable"),
)


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
            "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:UntagRole",
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
            "permissions_boundary": self.boundary or _UNBOUNDED,
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
                "permissions_boundary": self._boundary(role, tags),
                **attributes("trust", parse(role["AssumeRolePolicyDocument"])),
                **attributes("policy", self._read_policy(aws)),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
        )

    def _boundary(self, role: RoleTypeDef, tags: Mapping[str, str]) -> str:
        # Organisations put boundaries on roles by themselves: those are none of ours.
        if self.boundary is None and BOUNDARY_TAG not in tags:
            return _UNBOUNDED
        return role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", _UNBOUNDED)

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
                Tags=cast("Any", tagging.as_list(self._marked())),
                **boundary,
            )
        eventually(lambda: self._put_policy(aws), _NOT_SEEN, *_BUSY, within=30)

    def update(self, aws: Clients, changed: Attributes) -> None:
        eventually(lambda: self._update(aws, changed), *_BUSY, within=60)

    def _update(self, aws: Clients, changed: Attributes) -> None:
        if changed.keys() & {"trust", "trust_statements"}:
            aws.iam.update_assume_role_policy(
                RoleName=self.name, PolicyDocument=document(self.trust)
            )
        if changed.keys() & {"policy", "policy_statements"}:
            self._put_policy(aws)
        if "permissions_boundary" in changed:
            self._bound(aws)
        if "tags" in changed or ("permissions_boundary" in changed and self.boundary):
            aws.iam.tag_role(RoleName=self.name, Tags=cast("Any", tagging.as_list(self._marked())))

    def _bound(self, aws: Clients) -> None:
        if self.boundary:
            aws.iam.put_role_permissions_boundary(
                RoleName=self.name, PermissionsBoundary=self.boundary
            )
            return
        with tolerating("NoSuchEntity"):
            aws.iam.delete_role_permissions_boundary(RoleName=self.name)
        aws.iam.untag_role(RoleName=self.name, TagKeys=[BOUNDARY_TAG])

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

    def _marked(self) -> dict[str, str]:
        mark = {BOUNDARY_TAG: self.boundary} if self.boundary else {}
        return {**self._all_tags(), **mark}
