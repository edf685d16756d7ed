"""Every rule that the models do not hold can fail, and what dmslake sends does not break it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.truth import house
from tests.truth.hook import RULES, Rule
from tests.truth.mistake import Request
from tests.truth.test_model import said

TARGET = {
    "EndpointIdentifier": "shop-staging", "EndpointType": "target", "EngineName": "s3",
}  # fmt: skip
S3 = {"ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/r", "BucketName": "shop-staging"}
SECRET = {"SecretsManagerSecretId": "s", "SecretsManagerAccessRoleArn": "r"}
RULE = {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include"}
TRUST = "AssumeRolePolicyDocument"


def s3(**more: Any) -> dict[str, Any]:
    return {**TARGET, "S3Settings": {**S3, **more}}


def source(engine: str, **more: Any) -> dict[str, Any]:
    return {"EndpointIdentifier": "a", "EndpointType": "source", "EngineName": engine, **more}


def tagged(*tags: tuple[str, str]) -> dict[str, Any]:
    return {"ResourceArn": "arn", "Tags": [{"Key": key, "Value": value} for key, value in tags]}


def mapped(*rules: Mapping[str, object]) -> dict[str, Any]:
    return {"ReplicationTaskArn": "arn", "TableMappings": json.dumps({"rules": list(rules)})}


def tasked(settings: object) -> dict[str, Any]:
    return {"ReplicationTaskArn": "arn", "ReplicationTaskSettings": json.dumps(settings)}


def instance(**more: Any) -> dict[str, Any]:
    return {
        "ReplicationInstanceIdentifier": "a", "ReplicationInstanceClass": "dms.t3.medium",
        "PubliclyAccessible": False, **more,
    }  # fmt: skip


def policy(*sids: str, size: int = 0) -> str:
    statements = [{"Sid": sid, "Resource": "x" * size} for sid in sids]
    return json.dumps({"Statement": statements})


def notified(*ids: str) -> dict[str, Any]:
    entries = [{"Id": one, "QueueArn": "arn", "Events": ["s3:ObjectCreated:*"]} for one in ids]
    return {"Bucket": "abc", "NotificationConfiguration": {"QueueConfigurations": entries}}


def ruled(*ids: str) -> dict[str, Any]:
    rules = [{"ID": one, "Status": "Enabled"} for one in ids]
    return {"Bucket": "abc", "LifecycleConfiguration": {"Rules": rules}}


def queue(name: str, **attributes: str) -> dict[str, Any]:
    return {"QueueName": name, "Attributes": attributes}


def function(name: str, **variables: str) -> dict[str, Any]:
    return {"FunctionName": name, "Environment": {"Variables": variables}}


Case = tuple[str, str, dict[str, Any], str]
NAMES: list[Case] = [
    ("dms", "CreateEndpoint", {"EndpointIdentifier": "1shop"}, "EndpointIdentifier = '1shop'"),
    ("dms", "CreateEndpoint", {"EndpointIdentifier": "a--b"}, "single hyphens"),
    ("dms", "CreateReplicationTask", {"ReplicationTaskIdentifier": "a-"}, "none at the end"),
    ("dms", "CreateReplicationInstance",
     instance(ReplicationInstanceIdentifier="a" * 64), "at most 63 characters"),
    ("dms", "CreateReplicationConfig", {"ReplicationConfigIdentifier": "a_b"}, "single hyphens"),
    ("dms", "ImportCertificate", {"CertificateIdentifier": "a" * 256}, "at most 255 characters"),
    ("dms", "CreateEndpoint", source("postgres", ResourceIdentifier="r" * 32),
     "at most 31 characters"),
    ("dms", "DeleteReplicationSubnetGroup",
     {"ReplicationSubnetGroupIdentifier": "default"}, "not `default`"),
    ("dms", "CreateReplicationSubnetGroup",
     {"ReplicationSubnetGroupDescription": "a\nb"}, "without control characters"),
    ("dms", "ModifyReplicationSubnetGroup",
     {"ReplicationSubnetGroupIdentifier": "a", "SubnetIds": ["s", "s"]}, "at least two subnets"),
    ("dms", "AddTagsToResource", tagged(*((f"k{n}", "") for n in range(11))), "at most 10 tags"),
    ("dms", "AddTagsToResource", tagged(("a", ""), ("a", "")), "each key once"),
    ("dms", "AddTagsToResource", tagged(("a@b", "")), "Tags[0].Key = 'a@b': letters, digits"),
    ("dms", "AddTagsToResource", tagged(("a", "b,c")), "Tags[0].Value = 'b,c': letters, digits"),
    ("dms", "AddTagsToResource", tagged(("", "b")), "1 to 128 characters"),
    ("dms", "AddTagsToResource", tagged(("a", "b" * 257)), "at most 256 characters"),
    ("dms", "AddTagsToResource", tagged(("dms:a", "b")), "does not begin with aws: or dms:"),
    ("dms", "DescribeEndpoints", {"MaxRecords": 10}, "MaxRecords = 10: 20 to 100"),
    ("dms", "DescribeEndpoints", {"MaxRecords": 101}, "20 to 100"),
    ("dms", "DescribeTableStatistics",
     {"ReplicationTaskArn": "arn", "MaxRecords": 501}, "20 to 500"),
    ("dms", "DescribeEndpoints", {"Filters": [{"Name": "endpoint-id", "Values": []}]},
     "Filters[0].Values = []: at least one value"),
]  # fmt: skip
ENDPOINTS: list[Case] = [
    ("dms", "CreateEndpoint", s3(TimestampColumnName=""),
     "S3Settings.TimestampColumnName = '': left out rather than empty"),
    ("dms", "CreateEndpoint", source("postgres", ServerName=""), "ServerName = '': left out"),
    ("dms", "CreateEndpoint",
     source("postgres", ServerName="h", PostgreSQLSettings=SECRET), "ServerName = '…': absent"),
    ("dms", "CreateEndpoint",
     source("postgres", PostgreSQLSettings={**SECRET, "Password": "p"}),
     "PostgreSQLSettings.Password = '…': absent when a secret is named"),
    ("dms", "CreateEndpoint",
     source("postgres", PostgreSQLSettings={"SecretsManagerSecretId": "s"}), "together:"),
    ("dms", "CreateEndpoint", source("mysql", SslMode="require"), "one of none, verify-ca"),
    ("dms", "CreateEndpoint", source("postgres", SslMode="verify-full"), "with a CertificateArn"),
    ("dms", "CreateEndpoint", {**s3(), "SslMode": "require"}, "one of none for s3"),
    ("dms", "CreateEndpoint",
     s3(CdcInsertsOnly=True, CdcInsertsAndUpdates=True), "not with CdcInsertsAndUpdates"),
    ("dms", "CreateEndpoint", s3(PreserveTransactions=True), "with CdcPath"),
    ("dms", "CreateEndpoint",
     s3(CdcPath="changes", DatePartitionEnabled=True), "not with PreserveTransactions or CdcPath"),
    ("dms", "CreateEndpoint", s3(MaxFileSize=0), "1 to 1048576"),
    ("dms", "CreateEndpoint", s3(ExpectedBucketOwner="123"), "12 digits"),
    ("dms", "CreateEndpoint", s3(ExternalTableDefinition="{}"), "only for a source"),
    ("dms", "CreateEndpoint",
     {**TARGET, "S3Settings": {"BucketName": "b"}}, "S3Settings.ServiceAccessRoleArn = None"),
]  # fmt: skip
TASKS: list[Case] = [
    ("dms", "CreateReplicationInstance",
     instance(ReplicationInstanceClass="t3.medium"), "dms.<class>"),
    ("dms", "CreateReplicationInstance", instance(AllocatedStorage=4), "5 to 6144"),
    ("dms", "CreateReplicationInstance",
     instance(MultiAZ=True, AvailabilityZone="eu-west-1a"), "not with MultiAZ"),
    ("dms", "ModifyReplicationInstance",
     {"ReplicationInstanceArn": "a", "ApplyImmediately": True}, "with something to change"),
    ("dms", "ModifyReplicationTask", tasked({}), "a JSON object with something in it"),
    ("dms", "ModifyReplicationTask",
     tasked({"Logging": {"CloudWatchLogGroup": "g"}}), "the service names its log"),
    ("dms", "ModifyReplicationTask",
     tasked({"Logging": {"EnableLogContext": True}}), "with EnableLogging"),
    ("dms", "CreateReplicationConfig", {"ReplicationSettings": "{"}, "a JSON object"),
    ("dms", "ModifyReplicationTask", mapped(), "a JSON object with rules"),
    ("dms", "ModifyReplicationTask", mapped(RULE, RULE), "each rule-id once"),
    ("dms", "StartReplicationTask",
     {"CdcStartTime": datetime(2026, 1, 1, tzinfo=UTC), "CdcStartPosition": "1"},
     "not with CdcStartTime"),
    ("dms", "StartReplicationTask",
     {"CdcStartTime": datetime(2026, 1, 1)}, "with a time zone"),  # noqa: DTZ001 - the point
    ("dms", "ReloadTables", {"TablesToReload": [{"SchemaName": "s", "TableName": f"t{n}"}
                                                for n in range(11)]}, "1 to 10 tables"),
    ("dms", "ReloadTables",
     {"TablesToReload": [{"SchemaName": "s", "TableName": "t"}] * 2}, "each table once"),
    ("dms", "CreateReplicationConfig", {"ComputeConfig": {"MaxCapacityUnits": 3}}, "one of (1, 2"),
    ("dms", "CreateReplicationConfig", {"ComputeConfig": {}}, "MaxCapacityUnits = None: present"),
    ("dms", "ModifyReplicationConfig",
     {"ComputeConfig": {"MultiAZ": True, "AvailabilityZone": "a"}}, "not with MultiAZ"),
    ("dms", "ImportCertificate", {"CertificatePem": "PEM"}, "CertificatePem = 'PEM': PEM"),
]  # fmt: skip
OTHERS: list[Case] = [
    ("iam", "PutRolePolicy",
     {"RoleName": "a", "PolicyDocument": policy("A", size=10_240)}, "at most 10240 characters"),
    ("iam", "CreateRole", {"RoleName": "a", TRUST: policy("A", size=2_048)}, "at most 2048"),
    ("iam", "CreatePolicy", {"PolicyDocument": policy("A", size=6_144)}, "at most 6144"),
    ("iam", "CreateRole", {"RoleName": "a", TRUST: "no"}, "JSON"),
    ("iam", "CreateRole", {"RoleName": "a", TRUST: policy("A", "A")}, "each Sid once"),
    ("iam", "CreateRole", {"RoleName": "a", TRUST: policy("a-b")}, "letters and digits only"),
    ("iam", "CreateRole", {"RoleName": "a", "Path": "/data"}, "begins and ends with /"),
    ("s3", "HeadBucket", {"Bucket": "Shop"}, "3 to 63 lower-case"),
    ("s3", "HeadBucket", {"Bucket": "a..b"}, "3 to 63 lower-case"),
    ("s3", "HeadBucket", {"Bucket": "10.0.0.1"}, "3 to 63 lower-case"),
    ("s3", "HeadBucket", {"Bucket": "xn--a"}, "S3 reserves"),
    ("s3", "HeadBucket", {"Bucket": "a-s3alias"}, "S3 reserves"),
    ("s3", "GetObject", {"Bucket": "abc", "Key": "ü" * 513}, "at most 1024 bytes"),
    ("s3", "CreateBucket",
     {"Bucket": "abc", "CreateBucketConfiguration": {"LocationConstraint": "us-east-1"}},
     "left out"),
    ("s3", "PutBucketPolicy", {"Bucket": "abc", "Policy": "x" * 20_481}, "at most 20480 bytes"),
    ("s3", "PutBucketLifecycleConfiguration", ruled("a", "a"), "each id once"),
    ("s3", "PutBucketLifecycleConfiguration", ruled("a" * 256), "at most 255 characters"),
    ("s3", "PutBucketNotificationConfiguration", notified("a", "a"), "each id once"),
    ("sqs", "CreateQueue", queue("a.b"), "1 to 80 letters"),
    ("sqs", "CreateQueue", queue("a", MessageRetentionPeriod="59"), "60 to 1209600"),
    ("sqs", "CreateQueue", queue("a", RedrivePolicy='{"maxReceiveCount": 0}'), "1 to 1000"),
    ("lambda", "CreateFunction", function("f" * 65), "1 to 64 letters"),
    ("lambda", "CreateFunction", function("f", A1="x" * 4_096), "at most 4096 bytes together"),
    ("lambda", "CreateFunction", function("f", AWS_REGION="x"), "that Lambda does not reserve"),
    ("lambda", "UpdateFunctionCode",
     {"FunctionName": "f", "ZipFile": bytes(50 * 1024 * 1024 + 1)}, "at most 50 MB"),
]  # fmt: skip
HOUSE: list[Case] = [
    ("dms", "CreateReplicationTask", {"ReplicationTaskIdentifier": "Shop"}, "in lower case"),
    ("dms", "CreateEndpoint", source("mysql", DatabaseName="shop"),
     "DatabaseName = 'shop': absent for the MySQL family"),
    ("dms", "ModifyEndpoint",
     {"EndpointArn": "a", "EngineName": "aurora", "MySQLSettings": {"DatabaseName": "shop"}},
     "MySQLSettings.DatabaseName = 'shop': absent"),
    ("dms", "ModifyEndpoint", {"EndpointArn": "a", "S3Settings": S3}, "with EngineName"),
    ("dms", "CreateEndpoint", {**s3(), "KmsKeyId": "k"}, "absent for s3"),
    ("dms", "CreateReplicationInstance",
     instance(PubliclyAccessible=True), "false: the default is true"),
    ("dms", "ModifyReplicationTask", tasked({"TTSettings": None}), "no nulls"),
    ("dms", "ModifyReplicationTask", mapped({**RULE, "filters": None}), "no nulls"),
]  # fmt: skip
CASES = [*NAMES, *ENDPOINTS, *TASKS, *OTHERS]


@pytest.mark.parametrize("case", CASES, ids=[f"{c[1]}: {c[3]}" for c in CASES])
def test_what_breaks_a_rule_is_told(case: Case) -> None:
    service, operation, members, expected = case
    lines = said(service, operation, **members)
    assert any(expected in line for line in lines), lines


@pytest.mark.parametrize("case", HOUSE, ids=[f"{c[1]}: {c[3]}" for c in HOUSE])
def test_what_aws_takes_and_dmslake_never_sends_is_told_of_dmslake(case: Case) -> None:
    service, operation, members, expected = case
    assert said(service, operation, **members) == []
    lines = said(service, operation, by_dmslake=True, **members)
    assert any(expected in line for line in lines), lines


def test_every_rule_is_broken_by_some_case() -> None:
    """A rule that no case can break proves nothing."""
    cases = [*CASES, *HOUSE]
    for service, rules in {**RULES, "dms": (*RULES["dms"], *house.RULES)}.items():
        mine = [Request(one[0], one[1], one[2]) for one in cases if one[0] == service]
        for rule in rules:
            assert any(_breaks(rule, request) for request in mine), rule.__name__


def _breaks(rule: Rule, request: Request) -> bool:
    try:
        return bool(list(rule(request)))
    except ValueError:  # another rule's case: it is no JSON at all
        return False


RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("dms", "CreateEndpoint", s3(CsvNullValue="", MaxFileSize=1, ExpectedBucketOwner="1" * 12)),
    ("dms", "ModifyEndpoint",
     {"EndpointArn": "a", "EngineName": "oracle", "ExtraConnectionAttributes": ""}),
    ("dms", "CreateEndpoint",
     source("mysql", ServerName="h", Port=3306, SslMode="verify-ca", CertificateArn="c")),
    ("dms", "CreateEndpoint", source("postgres", DatabaseName="d", PostgreSQLSettings=SECRET)),
    ("dms", "CreateReplicationInstance", instance(AllocatedStorage=50, MultiAZ=True)),
    ("dms", "AddTagsToResource", tagged(*((f"a.b:{n}/c=+-_ d", "") for n in range(10)))),
    ("dms", "ModifyReplicationTask", mapped(RULE, {**RULE, "rule-id": "2"})),
    ("s3", "HeadBucket", {"Bucket": "a.b-c"}),
    ("s3", "PutBucketNotificationConfiguration", notified("a", "b")),
    ("sqs", "CreateQueue", queue("a-b_c.fifo", VisibilityTimeout="0")),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "members"), RIGHT)
def test_what_keeps_the_rules_is_taken(
    service: str, operation: str, members: dict[str, Any]
) -> None:
    assert said(service, operation, **members) == []
