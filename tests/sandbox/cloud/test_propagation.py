"""A role that was just made cannot be used at once, by nobody but IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox import launcher
from dmslake.sandbox.cloud.propagation import Propagation
from dmslake.sandbox.dms.delays import NAMES
from tests.sandbox.calls import Calls, archive, statement

ROLE = "arn:aws:iam::123456789012:role/team/shop"
ANY_TIME = 3600.0
VPC_ROLE = "dms-vpc-role"
VPC_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_role_is_seen_some_seconds_after_it_was_made() -> None:
    time = Time()
    roles = Propagation(3, time)
    roles.wrote("CreateRole", "shop")
    assert not roles.sees(ROLE)
    time.now += 2.9
    assert not roles.sees(ROLE)
    time.now += 0.2
    assert roles.sees(ROLE)


def test_one_that_is_not_seen_yet_is_seen_with_its_policies() -> None:
    time = Time()
    roles = Propagation(3, time)
    roles.wrote("CreateRole", "shop")
    time.now += 2
    roles.wrote("PutRolePolicy", "shop")
    time.now += 2
    assert not roles.sees(ROLE)
    time.now += 1
    assert roles.sees(ROLE)


def test_a_change_of_one_that_is_in_use_does_not_hide_it() -> None:
    time = Time()
    roles = Propagation(3, time)
    roles.wrote("CreateRole", "shop")
    time.now += 3
    roles.wrote("AttachRolePolicy", "shop")
    assert roles.sees(ROLE)
    roles.wrote("CreateRole", "shop")  # it was deleted meanwhile
    assert not roles.sees(ROLE)


def test_roles_from_before_are_seen() -> None:
    assert Propagation(3, Time()).sees(ROLE)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """A sandbox whose IAM takes longer than any test."""
    folder: Path = tmp_path_factory.mktemp("slow") / "state"
    delays = {**dict.fromkeys(NAMES, 0.05), "iam": ANY_TIME}
    yield Calls(launcher.start(folder, delays=delays))
    launcher.destroy(folder)


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_no_service_can_use_it(slow: Calls) -> None:
    arn = slow.role()
    code, message = refused(
        slow.functions.create_function,
        FunctionName="shop", Role=arn, Runtime="python3.13", Handler="index.handler",
        Code={"ZipFile": archive("")},
    )  # fmt: skip
    assert code == "InvalidParameterValueException"
    assert message == "The role defined for the function cannot be assumed by Lambda."


def test_dms_cannot_use_it(slow: Calls) -> None:
    arn = slow.role("dms.amazonaws.com")
    code, message = refused(
        slow.client("dms").create_endpoint,
        EndpointIdentifier="shop", EndpointType="target", EngineName="s3",
        S3Settings={"BucketName": slow.bucket(), "ServiceAccessRoleArn": arn},
    )  # fmt: skip
    assert (code, message) == (
        "AccessDeniedFault",
        f"The IAM Role {arn} is not configured properly.",
    )


def test_dms_cannot_use_its_own_role_of_the_account(slow: Calls) -> None:
    trust = statement("sts:AssumeRole", Principal={"Service": "dms.amazonaws.com"})
    made = slow.iam.create_role(RoleName=VPC_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    slow.iam.attach_role_policy(RoleName=VPC_ROLE, PolicyArn=VPC_POLICY)
    network = slow.sandbox.network
    code, message = refused(
        slow.client("dms").create_replication_subnet_group,
        ReplicationSubnetGroupIdentifier="shop", ReplicationSubnetGroupDescription="x",
        SubnetIds=list(network.subnets),
    )  # fmt: skip
    arn = made["Role"]["Arn"]
    assert (code, message) == (
        "AccessDeniedFault",
        f"The IAM Role {arn} is not configured properly.",
    )


def test_iam_itself_sees_it(slow: Calls) -> None:
    arn = slow.role()
    assert slow.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]["Arn"] == arn
