"""What the good specs take as given, made in a sandbox, so that they can be brought up there."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from dmslake.aws.clients import Account, Clients
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.processes import wait_until
from dmslake.spec import Spec, parse_spec
from tests.pipeline.pipelines import execute
from tests.sandbox.calls import Calls, statement
from tests.spec.texts import ENVIRON, SPECS

GOOD = SPECS / "good"
_VPC_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"


class SandboxClients(Clients):
    """Clients of a sandbox that leave this process's environment alone."""

    def __init__(self, calls: Calls) -> None:
        sandbox = calls.sandbox
        super().__init__(
            calls.session(sandbox.keys), Account(id=sandbox.account, region=sandbox.region)
        )
        for service in _SERVICES:
            self._made[service] = calls.client(service)
            self._memory.attend(self._made[service])

    def invoker(self, seconds: float) -> Any:  # noqa: ARG002 - no function runs long here
        return self._client("lambda")


_SERVICES = (
    "cloudwatch", "dms", "ec2", "iam", "lambda", "logs", "s3", "s3control", "secretsmanager",
    "sns", "sqs",
)  # fmt: skip


@dataclass(frozen=True)
class Surroundings:
    """Real names for those in the good specs."""

    sandbox: Sandbox
    words: dict[str, str]

    def spec(self, file: Path) -> Spec:
        """Return a good spec that can be brought up here."""
        text = file.read_text("utf-8")
        for written, real in self.words.items():
            text = text.replace(written, real)
        environ = {**ENVIRON, "SHOP_DB_PASSWORD": ENVIRON["SHOP_DB_PASSWORD"]}
        if _is_read_here(text):
            source = self.sandbox.source
            environ["SHOP_DB_PASSWORD"] = source.password
            here = f"host: {source.host}\n  port: {source.port}\n  ssl: none"
            for written, real in (
                ("host: db.example.com", here),
                ("host: cluster.example.com", here),
                ("database: shop", f"database: {source.database}"),
                ("username: dms", f"username: {source.username}"),
                ("  secret_role:", "  ssl: none\n  secret_role:"),
                ("  ssl: verify-full\n  certificate: ../files/ca.pem\n", ""),
                # What the sandbox's DMS refuses by name.
                ("rules: ../files/mappings.json", 'include: ["public.%"]'),
                ("  settings: {preserve_transactions: true, cdc_path: transactions}\n", ""),
            ):
                text = text.replace(written, real)
        return parse_spec(text, file=file.name, environ=environ, base_dir=GOOD)


def _is_read_here(text: str) -> bool:
    return "engine: postgres" in text or "engine: aurora-postgresql" in text


def surround(calls: Calls) -> Surroundings:
    """Make the instance, subnet group, buckets, roles, keys, secrets and the topic."""
    sandbox = calls.sandbox
    one, two, *_ = sandbox.network.subnets
    _account_role(calls)
    words = {
        "subnet-0a1b2c3d": one,
        "subnet-4e5f6a7b": two,
        "sg-0a1b2c3d": sandbox.network.security_group,
        "arn:aws:dms:eu-west-1:123456789012:rep:SHARED": _instance(calls),
        **_secrets(calls),
        **_keys(calls),
    }
    for bucket in ("acme-shared-staging", "acme-shared-lake"):
        place: Any = {"LocationConstraint": sandbox.region}
        calls.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    _roles(calls)
    calls.client("sns").create_topic(Name="alerts")
    execute(
        sandbox,
        "CREATE TABLE public.orders (id int PRIMARY KEY)",
        "CREATE SCHEMA late",
        "CREATE TABLE late.things (id int PRIMARY KEY)",
        "INSERT INTO late.things VALUES (1), (2)",
    )
    words["4AF/B00000D0"] = _slot(sandbox)
    return Surroundings(sandbox, words)


def _slot(sandbox: Sandbox) -> str:
    """Make the slot that changes are captured from, and return its position."""
    source = sandbox.source
    connection = psycopg2.connect(
        host=source.host, port=source.port, dbname=source.database,
        user=source.username, password=source.password,
    )  # fmt: skip
    with closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT lsn::text FROM pg_create_logical_replication_slot('follow', 'pgoutput')"
        )
        found = cursor.fetchone()
    assert found is not None
    return str(found[0])


def _account_role(calls: Calls) -> None:
    trust = statement("sts:AssumeRole", Principal={"Service": "dms.amazonaws.com"})
    calls.iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument=json.dumps(trust))
    calls.iam.attach_role_policy(RoleName="dms-vpc-role", PolicyArn=_VPC_POLICY)


def _instance(calls: Calls) -> str:
    dms: Any = calls.client("dms")
    dms.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="shared-subnets",
        ReplicationSubnetGroupDescription="of everybody",
        SubnetIds=list(calls.sandbox.network.subnets[:2]),
    )
    made = dms.create_replication_instance(
        ReplicationInstanceIdentifier="shared",
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="shared-subnets",
    )

    def is_available() -> bool:
        found = dms.describe_replication_instances()["ReplicationInstances"]
        return {one["ReplicationInstanceStatus"] for one in found} == {"available"}

    assert wait_until(is_available, 20)
    arn: str = made["ReplicationInstance"]["ReplicationInstanceArn"]
    return arn


def _secrets(calls: Calls) -> dict[str, str]:
    source = calls.sandbox.source
    login = {
        "host": source.host, "port": source.port,
        "username": source.username, "password": source.password,
    }  # fmt: skip
    client: Any = calls.client("secretsmanager")
    prefix = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
    return {
        f"{prefix}:{name}-a1b2c3": client.create_secret(Name=name, SecretString=json.dumps(login))[
            "ARN"
        ]
        for name in ("guest", "web")
    }


def _keys(calls: Calls) -> dict[str, str]:
    client: Any = calls.client("kms")
    prefix = "arn:aws:kms:eu-west-1:123456789012:key"
    endings = ("1111-2222-3333-4444-555555555555", "2222-2222-3333-4444-555555555555",
               "3333-2222-3333-4444-555555555555")  # fmt: skip
    written = [f"{prefix}/{ending[:4]}{ending}" for ending in endings]
    written.append(f"{prefix}/1234abcd-12ab-34cd-56ef-1234567890ab")
    return {arn: client.create_key()["KeyMetadata"]["Arn"] for arn in written}


def _roles(calls: Calls) -> None:
    region = calls.sandbox.region
    everything = json.dumps(statement("*", Resource="*"))
    for name, service in (
        ("dms-secret", f"dms.{region}.amazonaws.com"),
        ("dms-target", "dms.amazonaws.com"),
        ("loader", "lambda.amazonaws.com"),
    ):
        trust = statement("sts:AssumeRole", Principal={"Service": service})
        calls.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        calls.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=everything)
    calls.iam.create_policy(PolicyName="boundary", PolicyDocument=everything)
