"""What the service models forbid is seen: enums, patterns, lengths, ranges, sizes."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from tests.truth.hook import RULES, mistakes_of
from tests.truth.model import compiled

_CORE = botocore.session.get_session()
_CALLED = (
    "athena", "cloudwatch", "dms", "ec2", "glue", "iam", "kms", "lambda", "logs", "s3",
    "secretsmanager", "sns", "sqs", "sts",
)  # fmt: skip


def operation(service: str, name: str) -> OperationModel:
    return _CORE.get_service_model(service).operation_model(name)


def said(service: str, name: str, *, by_dmslake: bool = False, **members: Any) -> list[str]:
    found = mistakes_of(operation(service, name), members, by_dmslake=by_dmslake)
    return [str(mistake) for mistake in found]


@pytest.mark.parametrize("service", _CALLED)
def test_every_pattern_of_every_service_that_is_called_can_be_checked(service: str) -> None:
    model = _CORE.get_service_model(service)
    patterns = [model.shape_for(name).metadata.get("pattern") for name in model.shape_names]
    assert all(compiled(pattern) for pattern in patterns if pattern)


def test_every_rule_belongs_to_a_service_that_there_is() -> None:
    assert set(RULES) <= set(_CORE.get_available_services())


WRONG: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "enum": (
        "dms", "StartReplicationTask",
        {"ReplicationTaskArn": "arn", "StartReplicationTaskType": "start"},
        "dms:StartReplicationTask: StartReplicationTaskType = 'start': one of start-replication",
    ),
    "the case of an enum": (
        "dms", "CreateEndpoint", {"EndpointType": "SOURCE"},
        "dms:CreateEndpoint: EndpointType = 'SOURCE': one of source, target",
    ),
    "an enum in a structure": (
        "dms", "ModifyEndpoint",
        {"EngineName": "s3", "S3Settings": {"DataFormat": "orc"}},
        "dms:ModifyEndpoint: S3Settings.DataFormat = 'orc': one of csv, parquet",
    ),
    "an enum in a list": (
        "s3", "PutBucketNotificationConfiguration",
        {
            "Bucket": "abc",
            "NotificationConfiguration": {
                "QueueConfigurations": [{"QueueArn": "arn", "Events": ["s3:ObjectMade:*"]}]
            },
        },
        "NotificationConfiguration.QueueConfigurations[0].Events[0] = 's3:ObjectMade:*': one of",
    ),
    "pattern": (
        "iam", "GetRole", {"RoleName": "a b"},
        r"iam:GetRole: RoleName = 'a b': matches [\w+=,.@-]+",
    ),
    "a pattern with classes of Java": (
        "iam", "TagRole", {"RoleName": "a", "Tags": [{"Key": "a,b", "Value": ""}]},
        "iam:TagRole: Tags[0].Key = 'a,b': matches ",
    ),
    "the key of a map": (
        "lambda", "TagResource",
        {"Resource": "arn:aws:lambda:eu-west-1:123456789012:function:a", "Tags": {"x" * 200: ""}},
        "lambda:TagResource: ",
    ),
    "length": (
        "iam", "CreateRole", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"},
        "at most 64 characters",
    ),
    "emptiness": (
        "iam", "CreateRole", {"RoleName": "", "AssumeRolePolicyDocument": "{}"},
        "iam:CreateRole: RoleName = '': at least 1 characters",
    ),
    "range": (
        "lambda", "PutFunctionEventInvokeConfig", {"FunctionName": "f", "MaximumRetryAttempts": 3},
        "lambda:PutFunctionEventInvokeConfig: MaximumRetryAttempts = 3: at most 2",
    ),
    "the size of a list": (
        "iam", "TagRole",
        {"RoleName": "a", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
        "at most 50 items",
    ),
    "the size of bytes": (
        "kms", "Encrypt", {"KeyId": "k", "Plaintext": b"0" * 4097}, "at most 4096 bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_the_model_forbids_is_told(what: str) -> None:
    service, name, members, expected = WRONG[what]
    assert any(expected in line for line in said(service, name, **members))


RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "TagRole", {"RoleName": "role-1", "Tags": [{"Key": "Größe", "Value": "a b"}]}),
    ("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Timeout": 900}),
    ("dms", "CreateEndpoint", {"EndpointType": "source", "EngineName": "postgres"}),
    ("glue", "GetTable", {"DatabaseName": "a b ü", "Name": "t"}),
    ("s3", "PutObject", {"Bucket": "abc", "Key": "k", "Body": iter([b"1"])}),
]


@pytest.mark.parametrize(("service", "name", "members"), RIGHT)
def test_what_the_model_takes_is_taken(service: str, name: str, members: dict[str, Any]) -> None:
    assert said(service, name, **members) == []


def test_a_long_value_is_shortened() -> None:
    (line,) = said("iam", "GetRole", RoleName="r" * 500)
    assert len(line) < 250
    assert "(502 characters)" in line
