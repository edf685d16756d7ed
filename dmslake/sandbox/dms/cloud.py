"""What the sandbox's DMS asks of the cloud beside it. Implemented by `aws_cloud`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from dmslake.sandbox.dms.records import Subnet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DMS_PRINCIPAL = "dms.amazonaws.com"


class RoleRefusedError(Exception):
    """DMS may not act as a role: it is absent, or does not trust DMS. The message says why."""


class SecretRefusedError(Exception):
    """A secret cannot be read, or is not a JSON object of connection data."""


class CloudFailureError(Exception):
    """The cloud could not be reached, or answered something that DMS cannot work with."""


@dataclass(frozen=True)
class LogLine:
    """One line of a task's log."""

    at: datetime
    text: str


class Cloud(Protocol):
    """The account's IAM, STS, EC2, S3, Secrets Manager, SNS and CloudWatch Logs."""

    def vpc_role_problem(self) -> str | None:
        """Say what is wrong with `dms-vpc-role`; None when DMS may use it."""
        ...

    def logs_role_problem(self) -> str | None:
        """Say what is wrong with `dms-cloudwatch-logs-role`; None when DMS may use it."""
        ...

    def subnets(self, region: str, ids: Sequence[str]) -> list[Subnet]:
        """Return those of the subnets that exist; all of the default VPC for no ids."""
        ...

    def security_groups(self, region: str, ids: Sequence[str], vpc: str) -> list[str]:
        """Return those of the groups that exist in the VPC; its default group for no ids."""
        ...

    def role_problem(self, role_arn: str, principal: str) -> str | None:
        """Say why a service principal may not assume a role; None when it may."""
        ...

    def s3_for_role(self, region: str, role_arn: str) -> S3Client:
        """Return a client with exactly the role's rights, renewed before they expire.

        Raises:
            RoleRefusedError: the role cannot be assumed by DMS.
        """
        ...

    def secret(self, region: str, role_arn: str, secret_id: str) -> dict[str, str]:
        """Return the connection data in a secret, read with the role's rights.

        Raises:
            RoleRefusedError: the role cannot be assumed by DMS in this region.
            SecretRefusedError: the role may not read it, or it is not a JSON object.
        """
        ...

    def topic_problem(self, region: str, topic_arn: str) -> str | None:
        """Say `topic-not-exist` or `no-permission`; None when DMS may publish to an SNS topic."""
        ...

    def put_logs(self, region: str, group: str, stream: str, lines: Sequence[LogLine]) -> None:
        """Append to a log stream, creating group and stream as needed."""
        ...
