"""A CloudWatch log group with a retention, made before its writer would make one without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds.tags import OWNER_TAG, owned


@dataclass(frozen=True, kw_only=True)
class LogGroup(Resource[Clients]):
    """A log group; its writers only add streams."""

    kind: ClassVar[str] = "log_group"
    permissions: ClassVar[Permissions] = Permissions(
        read=("logs:DescribeLogGroups", "logs:ListTagsForResource"),
        create=("logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"),
        update=("logs:PutRetentionPolicy", "logs:TagResource"),
        delete=("logs:DeleteLogGroup",),
    )

    retention_days: int
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {"retention_days": self.retention_days, "tags": self._all_tags()}

    def read(self, aws: Clients) -> Live | None:
        groups = aws.logs.describe_log_groups(logGroupNamePrefix=self.name)["logGroups"]
        group = next((g for g in groups if g.get("logGroupName") == self.name), None)
        if group is None:
            return None
        arn = self._arn(aws)
        tags = aws.logs.list_tags_for_resource(resourceArn=arn).get("tags", {})
        return Live(
            attributes={"retention_days": group.get("retentionInDays"), "tags": tags},
            owner=tags.get(OWNER_TAG),
        )

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceAlreadyExistsException"):
            aws.logs.create_log_group(logGroupName=self.name, tags=self._all_tags())
        self._retain(aws)

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "retention_days" in changed:
            self._retain(aws)
        if "tags" in changed:
            aws.logs.tag_resource(resourceArn=self._arn(aws), tags=self._all_tags())

    def _retain(self, aws: Clients) -> None:
        aws.logs.put_retention_policy(logGroupName=self.name, retentionInDays=self.retention_days)

    def delete(self, aws: Clients) -> None:
        with tolerating("ResourceNotFoundException"):
            aws.logs.delete_log_group(logGroupName=self.name)

    def _arn(self, aws: Clients) -> str:
        return aws.account.arn("logs", f"log-group:{self.name}")

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)
