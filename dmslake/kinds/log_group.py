"""A CloudWatch log group with a retention, made before its writer would make one without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds.tags import OWNER_TAG, owned

# Another call on the same group is not over yet.
_BUSY = Refusal("OperationAbortedException")
_STANDARD = "STANDARD"


@dataclass(frozen=True, kw_only=True)
class LogGroup(Resource[Clients]):
    """A log group; its writers only add streams.

    Metrics are taken out of the logs of the standard class only, and the class is for ever.
    """

    kind: ClassVar[str] = "log_group"
    create_only: ClassVar[frozenset[str]] = frozenset({"class"})
    permissions: ClassVar[Permissions] = Permissions(
        read=("logs:DescribeLogGroups", "logs:ListTagsForResource"),
        create=("logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"),
        update=("logs:PutRetentionPolicy", "logs:TagResource"),
        delete=("logs:DeleteLogGroup",),
    )

    retention_days: int
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "class": _STANDARD,
            "retention_days": self.retention_days,
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        groups = aws.logs.describe_log_groups(logGroupNamePrefix=self.name)["logGroups"]
        group = next((g for g in groups if g.get("logGroupName") == self.name), None)
        if group is None:
            return None
        answer = unless_absent(
            lambda: aws.logs.list_tags_for_resource(resourceArn=self._arn(aws)),
            "ResourceNotFoundException",
        )
        if answer is None:
            return None
        tags = answer.get("tags", {})
        return Live(
            attributes={
                "class": group.get("logGroupClass", _STANDARD),
                "retention_days": group.get("retentionInDays"),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
        )

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceAlreadyExistsException"):
            eventually(
                lambda: aws.logs.create_log_group(logGroupName=self.name, tags=self._all_tags()),
                _BUSY,
                within=60,
            )
        self._retain(aws)

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "retention_days" in changed:
            self._retain(aws)
        if "tags" in changed:
            aws.logs.tag_resource(resourceArn=self._arn(aws), tags=self._all_tags())

    def _retain(self, aws: Clients) -> None:
        eventually(
            lambda: aws.logs.put_retention_policy(
                logGroupName=self.name, retentionInDays=self.retention_days
            ),
            _BUSY,
            Refusal("ResourceNotFoundException"),
            within=60,
        )

    def delete(self, aws: Clients) -> None:
        with tolerating("ResourceNotFoundException"):
            eventually(lambda: aws.logs.delete_log_group(logGroupName=self.name), _BUSY, within=60)

    def _arn(self, aws: Clients) -> str:
        return aws.account.arn("logs", f"log-group:{self.name}")

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)
