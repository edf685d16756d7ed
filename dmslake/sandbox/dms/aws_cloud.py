"""The cloud through boto3: the sandbox administrator's calls, and clients that act as a role.

Administrator credentials come from boto3's own chain (environment), never from an argument.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.exceptions import BotoCoreError, ClientError

from dmslake.sandbox.dms.cloud import (
    DMS_PRINCIPAL,
    CloudFailureError,
    LogLine,
    RoleRefusedError,
    SecretRefusedError,
)
from dmslake.sandbox.dms.publishing import lets_publish
from dmslake.sandbox.dms.records import Subnet
from dmslake.sandbox.dms.roles import Clock, RoleCredentials, role_name, trust_problem

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef
    from mypy_boto3_s3 import S3Client

# Loopback only: no proxy may stand between the two halves of the sandbox.
_CONFIG = Config(
    proxies={},
    s3={"addressing_style": "path"},
    max_pool_connections=32,
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 3},
)
_VPC_ROLE, _LOGS_ROLE = "dms-vpc-role", "dms-cloudwatch-logs-role"
_ROLES = {_VPC_ROLE: "AmazonDMSVPCManagementRole", _LOGS_ROLE: "AmazonDMSCloudWatchLogsRole"}
_log = logging.getLogger(__name__)


class AwsCloud:
    """The account behind one endpoint URL."""

    def __init__(self, endpoint_url: str, region: str, clock: Clock) -> None:
        self._url = endpoint_url
        self._region = region
        self._clock = clock
        self._session = boto3.Session(region_name=region)
        # boto3 sessions are not thread-safe; clients are.
        self._building = threading.Lock()
        with self._building:
            self._iam = self._session.client("iam", endpoint_url=endpoint_url, config=_CONFIG)
            self._sts = self._session.client("sts", endpoint_url=endpoint_url, config=_CONFIG)
        self._ec2: dict[str, EC2Client] = {}
        self._logs: dict[str, CloudWatchLogsClient] = {}

    def vpc_role_problem(self) -> str | None:
        problem = self._service_role_problem(_VPC_ROLE)
        if problem is not None:
            return problem
        with _reachable("IAM"):
            role = self._iam.get_role(RoleName=_VPC_ROLE)["Role"]
        return self.role_problem(role["Arn"], DMS_PRINCIPAL)

    def logs_role_problem(self) -> str | None:
        return self._service_role_problem(_LOGS_ROLE)

    def role_problem(self, role_arn: str, principal: str) -> str | None:
        with _reachable("IAM and STS"):
            try:
                self._credentials(role_arn, principal)
            except RoleRefusedError as error:
                return str(error)
        return None

    def subnets(self, region: str, ids: Sequence[str]) -> list[Subnet]:
        field = ("subnet-id", list(ids)) if ids else ("default-for-az", ["true"])
        with _reachable("EC2"):
            answer = self._ec2_in(region).describe_subnets(
                Filters=[{"Name": field[0], "Values": field[1]}]
            )
        found = [
            Subnet(id=one["SubnetId"], zone=one["AvailabilityZone"], vpc=one["VpcId"])
            for one in answer["Subnets"]
        ]
        # Not every EC2 double applies every filter.
        return [one for one in found if not ids or one.id in ids]

    def security_groups(self, region: str, ids: Sequence[str], vpc: str) -> list[str]:
        with _reachable("EC2"):
            answer = self._ec2_in(region).describe_security_groups(
                Filters=[{"Name": "vpc-id", "Values": [vpc]}]
            )
        found = [(one["GroupId"], one["GroupName"]) for one in answer["SecurityGroups"]]
        if not ids:
            return [group for group, name in found if name == "default"]
        return [group for group, _ in found if group in ids]

    def s3_for_role(self, region: str, role_arn: str) -> S3Client:
        with _reachable("IAM and STS"):
            session = _session_of(self._credentials(role_arn, DMS_PRINCIPAL), region)
            return session.client("s3", endpoint_url=self._url, config=_CONFIG)

    def secret(self, region: str, role_arn: str, secret_id: str) -> dict[str, str]:
        with _reachable("Secrets Manager"):
            principal = f"dms.{region}.amazonaws.com"
            session = _session_of(self._credentials(role_arn, principal), region)
            client = session.client("secretsmanager", endpoint_url=self._url, config=_CONFIG)
            try:
                answer = client.get_secret_value(SecretId=secret_id)
            except ClientError as error:
                raise SecretRefusedError(error.response["Error"]["Message"]) from error
        return _connection_data(answer.get("SecretString", ""))

    def topic_problem(self, region: str, topic_arn: str) -> str | None:
        with _reachable("SNS"), self._building:
            sns = self._session.client(
                "sns", region_name=region, endpoint_url=self._url, config=_CONFIG
            )
            try:
                attributes = sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
            except sns.exceptions.NotFoundException:
                return "topic-not-exist"
        policy = attributes.get("Policy", "")
        return None if lets_publish(policy, topic_arn) else "no-permission"

    def put_logs(self, region: str, group: str, stream: str, lines: Sequence[LogLine]) -> None:
        with _reachable("CloudWatch Logs"):
            logs = self._logs_in(region)
            already_there = logs.exceptions.ResourceAlreadyExistsException
            with suppress(already_there):
                logs.create_log_group(logGroupName=group)
            with suppress(already_there):
                logs.create_log_stream(logGroupName=group, logStreamName=stream)
            events: list[InputLogEventTypeDef] = [
                {"timestamp": int(one.at.timestamp() * 1000), "message": one.text} for one in lines
            ]
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _service_role_problem(self, name: str) -> str | None:
        with _reachable("IAM"):
            # With aws:SourceArn or aws:SourceAccount in its trust, no task ever got a log
            # (github.com/terraform-aws-modules/terraform-aws-dms/issues/84).
            problem = trust_problem(
                self._iam, name, DMS_PRINCIPAL, unconditionally=name == _LOGS_ROLE
            )
            if problem is not None:
                return problem
            attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        wanted = f":iam::aws:policy/service-role/{_ROLES[name]}"
        if not any(one["PolicyArn"].endswith(wanted) for one in attached):
            return f"policy service-role/{_ROLES[name]} is not attached to role {name}"
        return None

    def _credentials(self, role_arn: str, principal: str) -> RoleCredentials:
        def trust() -> str | None:
            return trust_problem(self._iam, role_name(role_arn), principal)

        return RoleCredentials(self._sts, role_arn, trust, self._clock)

    def _ec2_in(self, region: str) -> EC2Client:
        with self._building:
            if region not in self._ec2:
                self._ec2[region] = self._session.client(
                    "ec2", region_name=region, endpoint_url=self._url, config=_CONFIG
                )
            return self._ec2[region]

    def _logs_in(self, region: str) -> CloudWatchLogsClient:
        with self._building:
            if region not in self._logs:
                self._logs[region] = self._session.client(
                    "logs", region_name=region, endpoint_url=self._url, config=_CONFIG
                )
            return self._logs[region]


class _Given(CredentialProvider):
    """A provider that knows one set of credentials."""

    METHOD = "assume-role"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def _session_of(credentials: Credentials, region: str) -> boto3.Session:
    core = botocore.session.get_session()
    core.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    return boto3.Session(botocore_session=core, region_name=region)


@contextmanager
def _reachable(service: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CloudFailureError(f"the sandbox's {service} did not answer DMS: {error}") from error


def _connection_data(text: str) -> dict[str, str]:
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise SecretRefusedError("the secret is not a JSON object") from error
    if not isinstance(read, dict):
        raise SecretRefusedError("the secret is not a JSON object")
    return {str(name): str(value) for name, value in read.items()}
