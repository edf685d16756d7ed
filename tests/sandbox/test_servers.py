"""The servers of a sandbox work together: DMS reaches database and bucket as a role may."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from dmslake.sandbox.processes import wait_until
from tests.sandbox.calls import Calls, statement

if TYPE_CHECKING:
    from mypy_boto3_dms import DatabaseMigrationServiceClient


@pytest.fixture(scope="session")
def instance(calls: Calls) -> str:
    """The ARN of a replication instance in the sandbox's default network."""
    dms, name = dms_of(calls), "together"
    _prepare_account(calls)
    dms.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier=name,
        ReplicationSubnetGroupDescription=name,
        SubnetIds=list(calls.sandbox.network.subnets[:2]),
    )
    made = dms.create_replication_instance(
        ReplicationInstanceIdentifier=name,
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier=name,
        VpcSecurityGroupIds=[calls.sandbox.network.security_group],
    )
    assert wait_until(lambda: "available" in _statuses(calls), 20)
    return made["ReplicationInstance"]["ReplicationInstanceArn"]


def test_dms_reaches_the_database(calls: Calls, instance: str) -> None:
    source = calls.sandbox.source
    made = dms_of(calls).create_endpoint(
        EndpointIdentifier=_new_name(), EndpointType="source", EngineName="postgres",
        ServerName=source.host, Port=source.port, DatabaseName=source.database,
        Username=source.username, Password=source.password, SslMode="none",
    )  # fmt: skip
    assert connect(calls, instance, made["Endpoint"]["EndpointArn"]) == "successful"


def test_dms_reaches_a_bucket_as_far_as_the_role_may(calls: Calls, instance: str) -> None:
    bucket = calls.bucket()
    role = calls.role(
        "dms.amazonaws.com", StringEquals={"aws:SourceAccount": calls.sandbox.account}
    )
    made = dms_of(calls).create_endpoint(
        EndpointIdentifier=_new_name(), EndpointType="target", EngineName="s3",
        S3Settings={"ServiceAccessRoleArn": role, "BucketName": bucket},
    )  # fmt: skip
    endpoint = made["Endpoint"]["EndpointArn"]
    assert connect(calls, instance, endpoint) == "failed"
    for resource in (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"):
        calls.allow(role, resource, "s3:*")
    assert connect(calls, instance, endpoint) == "successful"


def connect(calls: Calls, instance: str, endpoint: str) -> str:
    """Test a connection, and return how that went."""
    dms = dms_of(calls)

    def status() -> str:
        found = dms.describe_connections(Filters=[{"Name": "endpoint-arn", "Values": [endpoint]}])
        return found["Connections"][0]["Status"]

    def is_active() -> bool:
        found = dms.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [endpoint]}])
        return found["Endpoints"][0]["Status"] == "active"

    assert wait_until(is_active, 20)
    dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
    assert wait_until(lambda: status() != "testing", 20)
    return status()


def dms_of(calls: Calls) -> DatabaseMigrationServiceClient:
    client: DatabaseMigrationServiceClient = calls.client("dms")
    return client


def _prepare_account(calls: Calls) -> None:
    """Make the account's role for DMS, unless a pipeline of this sandbox left it (`down` does)."""
    trust = statement("sts:AssumeRole", Principal={"Service": "dms.amazonaws.com"})
    with suppress(calls.iam.exceptions.EntityAlreadyExistsException):
        calls.iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument=json.dumps(trust))
    calls.iam.attach_role_policy(
        RoleName="dms-vpc-role",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole",
    )


def _statuses(calls: Calls) -> set[str]:
    found = dms_of(calls).describe_replication_instances()["ReplicationInstances"]
    return {one["ReplicationInstanceStatus"] for one in found}


def _new_name() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"
