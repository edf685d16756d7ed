"""The permission for S3 to invoke the loader, for one bucket of one account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds.policies import parse

_ABSENT = "ResourceNotFoundException"


@dataclass(frozen=True, kw_only=True)
class InvokePermission(Resource[Clients]):
    """A statement of the function's resource policy; its `name` is the statement's id.

    The bucket's ARN holds no account: `account` is what keeps out a bucket of the same name that
    somebody else makes later.
    """

    kind: ClassVar[str] = "invoke_permission"
    permissions: ClassVar[Permissions] = Permissions(
        read=("lambda:GetPolicy",),
        create=("lambda:AddPermission",),
        update=("lambda:RemovePermission", "lambda:AddPermission"),
        delete=("lambda:RemovePermission",),
    )

    function: str
    bucket_arn: str
    account: str

    def desired(self) -> Attributes:
        return {
            "principal": "s3.amazonaws.com",
            "source_arn": self.bucket_arn,
            "source_account": self.account,
        }

    def read(self, aws: Clients) -> Live | None:
        policy = unless_absent(lambda: aws.lambda_.get_policy(FunctionName=self.function), _ABSENT)
        statement = parse(policy["Policy"]).get(self.name) if policy else None
        if statement is None:
            return None
        principal = statement.get("Principal")
        return Live(
            attributes={
                "principal": principal.get("Service") if isinstance(principal, dict) else principal,
                "source_arn": _condition(statement, "aws:sourcearn"),
                "source_account": _condition(statement, "aws:sourceaccount"),
            }
        )

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceConflictException"):
            aws.lambda_.add_permission(
                FunctionName=self.function,
                StatementId=self.name,
                Action="lambda:InvokeFunction",
                Principal="s3.amazonaws.com",
                SourceArn=self.bucket_arn,
                SourceAccount=self.account,
            )

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - all or nothing
        self.delete(aws)
        self.create(aws)

    def delete(self, aws: Clients) -> None:
        with tolerating(_ABSENT):
            aws.lambda_.remove_permission(FunctionName=self.function, StatementId=self.name)


def _condition(statement: Mapping[str, object], key: str) -> object:
    conditions = cast("Mapping[str, Mapping[str, object]]", statement.get("Condition", {}))
    for operands in conditions.values():
        for name, value in operands.items():
            if name.lower() == key:
                return value
    return None
