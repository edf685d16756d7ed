"""Calls of a sandbox: clients that take nothing from this machine's own AWS configuration."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from dmslake.aws.hosts import use_bare_addresses
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.processes import wait_until
from dmslake.sandbox.record import Keys

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

ECHO = """
import json, os

def handler(event, context):
    if event.get("fail"):
        raise ValueError("told to fail")
    print("echo", json.dumps(event))
    return {"event": event, "environment": dict(os.environ)}
"""


@dataclass(frozen=True)
class Calls:
    """Clients of one sandbox."""

    sandbox: Sandbox
    _known: dict[tuple[str, str, str | None], Any] = field(default_factory=dict)

    def session(self, keys: Keys, token: str | None = None) -> boto3.Session:
        """Return a session with these keys, and nothing of this machine's."""
        core = botocore.session.Session()
        core.set_config_variable("profile", None)
        core.set_config_variable("config_file", "/dev/null")
        core.set_config_variable("credentials_file", "/dev/null")
        core.set_config_variable("region", self.sandbox.region)
        core.set_config_variable("ca_bundle", str(self.sandbox.authority))
        core.set_credentials(keys.access_key_id, keys.secret_access_key, token)
        return boto3.Session(botocore_session=core)

    def client(self, service: str, keys: Keys | None = None, token: str | None = None) -> Any:
        """Return a client, of the administrator unless other keys are given; it never retries."""
        keys = keys or self.sandbox.keys
        who = (service, f"{keys.access_key_id}/{keys.secret_access_key}", token)
        if who not in self._known:
            url = self.sandbox.dms_url if service == "dms" else self.sandbox.cloud_url
            config = Config(proxies={}, retries={"total_max_attempts": 1})
            session: Any = self.session(keys, token)
            made = session.client(service, endpoint_url=url, config=config)
            self._known[who] = use_bare_addresses(made) if service == "s3control" else made
        return self._known[who]

    @property
    def s3(self) -> S3Client:
        client: S3Client = self.client("s3")
        return client

    @property
    def iam(self) -> IAMClient:
        client: IAMClient = self.client("iam")
        return client

    @property
    def functions(self) -> LambdaClient:
        client: LambdaClient = self.client("lambda")
        return client

    @property
    def sqs(self) -> SQSClient:
        client: SQSClient = self.client("sqs")
        return client

    @property
    def sts(self) -> STSClient:
        client: STSClient = self.client("sts")
        return client

    @property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self.client("logs")
        return client

    def bucket(self) -> str:
        """Make a bucket of a name that no test has yet."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        where: Any = {"LocationConstraint": self.sandbox.region}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        return name

    def queue(self) -> tuple[str, str]:
        """Make a queue; return its URL and its ARN."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, f"arn:aws:sqs:{self.sandbox.region}:{self.sandbox.account}:{name}"

    def role(self, service: str = "lambda.amazonaws.com", **condition: Any) -> str:
        """Make a role that trusts a service, and may do nothing; return its ARN."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        trust = statement("sts:AssumeRole", Principal={"Service": service})
        if condition:
            trust["Statement"][0]["Condition"] = condition
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return made["Role"]["Arn"]

    def allow(self, role_arn: str, resource: str, *actions: str) -> None:
        """Let a role do something."""
        self.iam.put_role_policy(
            RoleName=role_arn.rpartition("/")[2],
            PolicyName=f"p{uuid.uuid4().hex[:8]}",
            PolicyDocument=json.dumps(statement(*actions, Resource=resource)),
        )

    def function(self, role_arn: str, code: str = ECHO) -> str:
        """Make a function and wait until it is active; return its ARN."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        made = self.functions.create_function(
            FunctionName=name, Role=role_arn, Runtime="python3.13", Handler="index.handler",
            Code={"ZipFile": archive(code)}, Timeout=10,
        )  # fmt: skip
        assert wait_until(lambda: self._state(name) == "Active", 20)
        return made["FunctionArn"]

    def _state(self, function: str) -> str:
        return self.functions.get_function_configuration(FunctionName=function)["State"]

    def user(self, *actions: str, resource: str = "*") -> Keys:
        """Make a user who may do only this; return the user's keys."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.iam.create_user(UserName=name)
        if actions:
            self.iam.put_user_policy(
                UserName=name,
                PolicyName="only",
                PolicyDocument=json.dumps(statement(*actions, Resource=resource)),
            )
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])


def statement(*actions: str, **members: Any) -> dict[str, Any]:
    """Return a policy of one Allow."""
    allowed = {"Effect": "Allow", "Action": list(actions), **members}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def archive(code: str) -> bytes:
    """Return a function's archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("index.py", code)
    return buffer.getvalue()
