"""The cloud as MiniStack plays it: real STS sessions, real policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.dms.aws_cloud import AwsCloud
from dmslake.sandbox.dms.cloud import (
    CloudFailureError,
    LogLine,
    RoleRefusedError,
    SecretRefusedError,
)
from tests.sandbox.dms import ministack
from tests.sandbox.dms.fakes import ACCOUNT
from tests.sandbox.dms.harness import REGION

pytest.importorskip("ministack")
DMS = "dms.amazonaws.com"
POLICIES = "arn:aws:iam::aws:policy/service-role"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("ministack")
    with ministack.running(folder) as running:
        yield running


@pytest.fixture
def cloud(url: str, monkeypatch: pytest.MonkeyPatch) -> AwsCloud:
    for name, value in ministack.ADMINISTRATOR.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return AwsCloud(url, REGION, lambda: datetime.now(UTC))


def client(url: str, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="administrator",
    )


def create_role(url: str, name: str, service: str, *statements: dict[str, object]) -> str:
    iam = client(url, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    created = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return str(created["Role"]["Arn"])


def allow(action: object, resource: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_dms_acts_with_exactly_the_role_s_rights(cloud: AwsCloud, url: str) -> None:
    administrator = client(url, "s3")
    for bucket in ("mine", "other"):
        administrator.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    arn = create_role(
        url,
        "writer",
        DMS,
        allow(["s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::mine/*"),
        allow("s3:ListBucket", "arn:aws:s3:::mine"),
    )

    s3 = cloud.s3_for_role(REGION, arn)

    s3.put_object(Bucket="mine", Key="a b/c.csv", Body=b"1")
    assert s3.list_objects_v2(Bucket="mine")["KeyCount"] == 1
    for refused in (
        lambda: s3.put_object(Bucket="other", Key="k", Body=b"1"),
        lambda: s3.get_object(Bucket="mine", Key="a b/c.csv"),
        lambda: s3.list_objects_v2(Bucket="other"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    client(url, "iam").delete_role_policy(RoleName="writer", PolicyName="p")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="mine", Key="k", Body=b"1")


def test_a_role_of_another_service_is_not_assumed(cloud: AwsCloud, url: str) -> None:
    arn = create_role(url, "of-lambda", "lambda.amazonaws.com", allow("*", "*"))

    with pytest.raises(RoleRefusedError, match="does not name dms"):
        cloud.s3_for_role(REGION, arn)
    assert "does not name dms" in str(cloud.role_problem(arn, DMS))


def test_a_role_that_does_not_exist_is_not_assumed(cloud: AwsCloud) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/absent"

    with pytest.raises(RoleRefusedError, match="there is no role absent"):
        cloud.s3_for_role(REGION, arn)


def test_trust_taken_away_is_noticed_at_the_next_assumption(cloud: AwsCloud, url: str) -> None:
    arn = create_role(url, "for-a-while", DMS)
    assert cloud.role_problem(arn, DMS) is None

    client(url, "iam").update_assume_role_policy(RoleName="for-a-while", PolicyDocument="{}")

    assert cloud.role_problem(arn, DMS) is not None


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("dms-vpc-role", "AmazonDMSVPCManagementRole"),
        ("dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole"),
    ],
)
def test_the_account_s_roles_need_existence_trust_and_policy(
    cloud: AwsCloud, url: str, name: str, policy: str
) -> None:
    def problem() -> str | None:
        return cloud.vpc_role_problem() if "vpc" in name else cloud.logs_role_problem()

    assert "there is no role" in str(problem())
    create_role(url, name, "lambda.amazonaws.com")
    assert "does not name dms.amazonaws.com" in str(problem())
    iam = client(url, "iam")
    iam.delete_role(RoleName=name)
    create_role(url, name, DMS)
    assert "is not attached" in str(problem())
    iam.attach_role_policy(RoleName=name, PolicyArn=f"{POLICIES}/{policy}x")
    assert "is not attached" in str(problem())
    iam.attach_role_policy(RoleName=name, PolicyArn=f"{POLICIES}/{policy}")
    assert problem() is None


def test_subnets_are_those_of_the_cloud(cloud: AwsCloud) -> None:
    default = cloud.subnets(REGION, [])

    assert len({subnet.zone for subnet in default}) >= 2
    assert len({subnet.vpc for subnet in default}) == 1
    wanted = [default[0].id, "subnet-absent"]
    assert cloud.subnets(REGION, wanted) == [default[0]]


def test_security_groups_are_those_of_the_vpc(cloud: AwsCloud, url: str) -> None:
    vpc = cloud.subnets(REGION, [])[0].vpc
    made = client(url, "ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)

    assert len(cloud.security_groups(REGION, [], vpc)) == 1
    assert cloud.security_groups(REGION, [made["GroupId"], "sg-absent"], vpc) == [made["GroupId"]]
    assert cloud.security_groups(REGION, [made["GroupId"]], "vpc-absent") == []


def test_a_secret_is_read_as_its_role(cloud: AwsCloud, url: str) -> None:
    secrets = client(url, "secretsmanager")
    text = json.dumps({"host": "db.example.com", "port": 5432, "username": "u", "password": "p"})
    arn = secrets.create_secret(Name="db", SecretString=text)["ARN"]
    plain = secrets.create_secret(Name="plain", SecretString="no JSON")["ARN"]
    regional = f"dms.{REGION}.amazonaws.com"
    reader = create_role(url, "reader", regional, allow("secretsmanager:GetSecretValue", "*"))
    blind = create_role(url, "blind", regional)
    unregional = create_role(url, "unregional", DMS, allow("*", "*"))

    assert cloud.secret(REGION, reader, arn)["port"] == "5432"
    with pytest.raises(SecretRefusedError):
        cloud.secret(REGION, blind, arn)
    with pytest.raises(SecretRefusedError):
        cloud.secret(REGION, reader, f"{arn}x")
    with pytest.raises(SecretRefusedError, match="not a JSON object"):
        cloud.secret(REGION, reader, plain)
    with pytest.raises(RoleRefusedError):
        cloud.secret(REGION, unregional, arn)


def test_log_lines_are_appended(cloud: AwsCloud, url: str) -> None:
    now = datetime.now(UTC)

    cloud.put_logs(REGION, "dms-tasks-i", "dms-task-x", [LogLine(now, "one"), LogLine(now, "two")])
    cloud.put_logs(REGION, "dms-tasks-i", "dms-task-x", [LogLine(now, "three")])

    answer = client(url, "logs").get_log_events(
        logGroupName="dms-tasks-i", logStreamName="dms-task-x", startFromHead=True
    )
    assert [event["message"] for event in answer["events"]] == ["one", "two", "three"]


def test_a_cloud_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ministack.ADMINISTRATOR.items():
        monkeypatch.setenv(name, value)
    nowhere = AwsCloud("http://127.0.0.1:9", REGION, lambda: datetime.now(UTC))

    with pytest.raises(CloudFailureError, match="did not answer"):
        nowhere.vpc_role_problem()


def test_a_topic_is_looked_at_with_its_policy(cloud: AwsCloud, url: str) -> None:
    sns = client(url, "sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    assert cloud.topic_problem(REGION, topic) is None
    assert cloud.topic_problem(REGION, f"{topic}-absent") == "topic-not-exist"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    assert cloud.topic_problem(REGION, topic) == "no-permission"
