from __future__ import annotations

import json

import pytest
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.model import DmsModel

TASK = {
    "ReplicationTaskIdentifier": "t",
    "SourceEndpointArn": "s",
    "TargetEndpointArn": "t",
    "ReplicationInstanceArn": "i",
    "MigrationType": "cdc",
    "TableMappings": "{}",
}
ENDPOINT = {"EndpointIdentifier": "e", "EndpointType": "target", "EngineName": "s3"}


def refused(operation: str, members: object) -> Fault:
    with pytest.raises(Fault) as caught:
        DmsModel().read(operation, json.dumps(members).encode())
    return caught.value


def test_a_valid_request_is_returned_without_its_nulls() -> None:
    asked = {**TASK, "TaskData": None, "Tags": [{"Key": "a", "Value": None}]}

    read = DmsModel().read("CreateReplicationTask", json.dumps(asked).encode())

    assert read == {**TASK, "Tags": [{"Key": "a"}]}


def test_an_empty_body_is_an_empty_request() -> None:
    assert DmsModel().read("DescribeEndpoints", b"") == {}


def test_a_missing_member_is_named() -> None:
    fault = refused(
        "CreateReplicationTask", {k: v for k, v in TASK.items() if k != "TableMappings"}
    )

    assert fault.code == "ValidationException"
    assert fault.message == (
        "1 validation error detected: Value null at 'tableMappings' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_an_enum_is_exact_at_the_top_level() -> None:
    for wrong in ("CDC", "cdc_only"):
        fault = refused("CreateReplicationTask", {**TASK, "MigrationType": wrong})
        assert fault.message == (
            f"1 validation error detected: Value '{wrong}' at 'migrationType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [full-load, cdc, full-load-and-cdc]"
        )


@pytest.mark.parametrize("value", ["gzip", "GZIP", "Gzip"])
def test_an_enum_is_folded_inside_endpoint_settings(value: str) -> None:
    asked = {**ENDPOINT, "S3Settings": {"CompressionType": value, "EncryptionMode": "SSE_S3"}}

    assert DmsModel().read("CreateEndpoint", json.dumps(asked).encode()) == asked


def test_a_wrong_enum_inside_settings_is_found() -> None:
    fault = refused("CreateEndpoint", {**ENDPOINT, "S3Settings": {"CompressionType": "zip"}})

    assert "'s3Settings.compressionType'" in fault.message


def test_every_violation_is_told_at_once() -> None:
    fault = refused("CreateReplicationTask", {**TASK, "MigrationType": "x", "Colour": "red"})

    assert fault.message.startswith("2 validation errors detected: ")
    assert "colour is not a member of CreateReplicationTaskMessage" in fault.message


def test_lengths_are_checked() -> None:
    fault = refused(
        "CreateReplicationInstance",
        {"ReplicationInstanceIdentifier": "i", "ReplicationInstanceClass": "d" * 31},
    )

    assert "Member must have length less than or equal to 30" in fault.message


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CreateReplicationTask", {**TASK, "TableMappings": {"rules": []}}),
        ("DescribeEndpoints", {"MaxRecords": "20"}),
        ("DescribeEndpoints", {"MaxRecords": True}),
        ("DescribeEndpoints", {"Filters": {}}),
        ("DescribeReplicationTasks", {"WithoutSettings": "yes"}),
        ("DescribeEndpoints", {"Filters": ["endpoint-id"]}),
        ("CreateReplicationTask", {**TASK, "CdcStartTime": {}}),
    ],
)
def test_wrong_types_are_not_serialisable(operation: str, members: object) -> None:
    assert refused(operation, members).code == "SerializationException"


def test_every_constraint_of_a_model_is_checked() -> None:
    shapes = {
        "In": {
            "type": "structure",
            "members": {
                "Text": {"shape": "Text"},
                "Number": {"shape": "Number"},
                "Map": {"shape": "Map"},
                "List": {"shape": "List"},
            },
        },
        "Text": {"type": "string", "pattern": "^[a-z]*$", "min": 2, "max": 3},
        "Number": {"type": "integer", "min": 2, "max": 3},
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Number"}},
        "List": {"type": "list", "member": {"shape": "Text"}, "min": 1, "max": 2},
    }
    service = ServiceModel(
        {
            "metadata": {"protocol": "json"},
            "operations": {"Op": {"name": "Op", "http": {}, "input": {"shape": "In"}}, "No": {}},
            "shapes": shapes,
        }
    )

    def violated(**members: object) -> str:
        try:
            DmsModel(service).read("Op", json.dumps(members).encode())
        except Fault as fault:
            return fault.message.partition("constraint: ")[2]
        return ""

    assert violated(Text="ab", Number=2, Map={"k": 3}, List=["ab"]) == ""
    assert violated(Text="a1") == "Member must satisfy regular expression pattern: ^[a-z]*$"
    assert violated(Text="a") == "Member must have length greater than or equal to 2"
    assert violated(Text="abcd") == "Member must have length less than or equal to 3"
    assert violated(Number=1) == "Member must have value greater than or equal to 2"
    assert violated(Number=4) == "Member must have value less than or equal to 3"
    assert violated(Map={"k": 4}) == "Member must have value less than or equal to 3"
    assert violated(List=[]) == "Member must have length greater than or equal to 1"
    assert violated(List=["ab"] * 3) == "Member must have length less than or equal to 2"
    assert DmsModel(service).read("No", b"{}") == {}


def test_a_password_is_never_in_a_message() -> None:
    wrong = {**ENDPOINT, "EndpointType": "x", "Password": "hunter2-secret"}
    worse = {**ENDPOINT, "Password": ["hunter2-secret"]}

    assert "hunter2" not in refused("CreateEndpoint", wrong).message
    assert "hunter2" not in refused("CreateEndpoint", worse).message


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_no_json_breaks_the_reader(members: object) -> None:
    body = json.dumps(members).encode()

    try:
        code = "" if DmsModel().read("CreateEndpoint", body) else "nothing was read"
    except Fault as fault:
        code = fault.code
    assert code in {"", "SerializationException", "ValidationException"}
