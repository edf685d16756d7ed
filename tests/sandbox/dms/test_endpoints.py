from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.sandbox.dms.fakes import ROLE
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, refusal

KMS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/one"


def endpoint_of(dms: Harness, arn: str) -> Mapping[str, Any]:
    described = dms.client.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [arn]}])
    return described["Endpoints"][0]


def target(**settings: object) -> dict[str, Any]:
    return {**TARGET, "S3Settings": {**TARGET["S3Settings"], **settings}}


def test_a_source_reads_back_with_defaults_and_without_its_password(dms: Harness) -> None:
    created = dms.client.create_endpoint(EndpointIdentifier="Source-1", **SOURCE)["Endpoint"]

    assert created["Status"] == "creating"
    dms.advance(dms.delays.endpoint_create)
    endpoint = endpoint_of(dms, created["EndpointArn"])
    assert endpoint["Status"] == "active"
    assert endpoint["EndpointIdentifier"] == "source-1"
    assert endpoint["EndpointType"] == "SOURCE"
    assert endpoint["EngineName"] == "postgres"
    assert endpoint["SslMode"] == "none"
    assert endpoint["KmsKeyId"].startswith("arn:aws:kms:eu-west-1:123456789012:key/")
    assert endpoint["PostgreSQLSettings"]["ServerName"] == "db.example.com"
    assert endpoint["PostgreSQLSettings"]["HeartbeatFrequency"] == 5
    assert "hunter2" not in str(endpoint)


def test_the_top_level_overwrites_the_settings(dms: Harness) -> None:
    asked = {
        **SOURCE,
        "PostgreSQLSettings": {"ServerName": "other.example.com", "HeartbeatEnable": True},
    }

    endpoint = endpoint_of(dms, dms.create_endpoint("source", asked))

    assert endpoint["PostgreSQLSettings"]["ServerName"] == "db.example.com"
    assert endpoint["PostgreSQLSettings"]["HeartbeatEnable"] is True


def test_connection_data_may_stand_in_the_settings_alone(dms: Harness) -> None:
    names = ("ServerName", "Port", "DatabaseName", "Username", "Password")
    settings = {name: SOURCE[name] for name in names}
    asked = {
        "EndpointType": "source",
        "EngineName": "postgres",
        "PostgreSQLSettings": settings,
    }

    arn = dms.create_endpoint("source", asked)
    dms.connect(dms.create_instance(), arn)

    assert "hunter2" not in str(endpoint_of(dms, arn))
    assert dms.plane.sources[0].password == "hunter2-secret"
    assert dms.plane.sources[0].port == 5432


def test_settings_of_another_engine_are_ignored(dms: Harness) -> None:
    asked = {**SOURCE, "S3Settings": {"BucketName": "b"}, "MySQLSettings": {"Port": 1}}

    endpoint = endpoint_of(dms, dms.create_endpoint("source", asked))

    assert "S3Settings" not in endpoint
    assert "MySQLSettings" not in endpoint


def test_a_target_reads_back_with_defaults_and_enums_in_the_service_s_case(
    dms: Harness,
) -> None:
    asked = target(
        CompressionType="gzip",
        EncryptionMode="SSE_S3",
        DatePartitionSequence="YYYYMMDDHH",
        DatePartitionDelimiter="DASH",
        CdcMaxBatchInterval=5,
        IncludeOpForFullLoad=True,
    )

    endpoint = endpoint_of(dms, dms.create_endpoint("target", asked))

    settings = endpoint["S3Settings"]
    assert endpoint["EndpointType"] == "TARGET"
    assert settings["CompressionType"] == "GZIP"
    assert settings["EncryptionMode"] == "sse-s3"
    assert settings["DatePartitionSequence"] == "yyyymmddhh"
    assert settings["DatePartitionDelimiter"] == "DASH"
    assert settings["CdcMaxBatchInterval"] == 5
    assert settings["IncludeOpForFullLoad"] is True
    assert settings["CsvRowDelimiter"] == "\\n"
    assert settings["Rfc4180"] is True
    assert settings["MaxFileSize"] == 1048576
    assert "KmsKeyId" not in endpoint


def test_the_data_plane_gets_the_target_as_it_was_set(dms: Harness) -> None:
    arn = dms.create_endpoint("target", target(CompressionType="GZIP"))

    assert dms.connect(dms.create_instance(), arn) == "successful"

    tested = dms.plane.targets[0]
    assert (tested.bucket, tested.folder) == ("staging", "in")
    assert tested.settings["CompressionType"] == "gzip"
    assert "Rfc4180" not in tested.settings
    assert dms.cloud.acted_as == [ROLE]


def test_kms_keys_of_an_s3_endpoint_are_dropped_at_creation(dms: Harness) -> None:
    asked = {
        **target(EncryptionMode="sse-kms", ServerSideEncryptionKmsKeyId=KMS_KEY),
        "KmsKeyId": KMS_KEY,
    }
    arn = dms.create_endpoint("target", asked)

    assert "KmsKeyId" not in endpoint_of(dms, arn)
    assert "ServerSideEncryptionKmsKeyId" not in endpoint_of(dms, arn)["S3Settings"]
    dms.client.modify_endpoint(
        EndpointArn=arn, EngineName="s3", S3Settings={"ServerSideEncryptionKmsKeyId": KMS_KEY}
    )
    assert endpoint_of(dms, arn)["S3Settings"]["ServerSideEncryptionKmsKeyId"] == KMS_KEY


@pytest.mark.parametrize("member", ["Password", "Username", "ServerName", "Port", "DatabaseName"])
def test_a_source_needs_all_of_its_connection(dms: Harness, member: str) -> None:
    asked = {name: value for name, value in SOURCE.items() if name != member}

    assert refusal(dms.client.create_endpoint, EndpointIdentifier="e", **asked) == (
        "InvalidParameterValueException",
        f"The parameter {member} must be provided and must not be blank.",
    )


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"EndpointIdentifier": "a--b"}, "InvalidParameterValueException", "EndpointIdentifier"),
        ({"EndpointType": "SOURCE"}, "ValidationException", "[source, target]"),
        ({"EngineName": "dbase"}, "InvalidParameterValueException", "dbase"),
        ({"Port": 0}, "InvalidParameterValueException", "Port"),
        ({"Port": 65536}, "InvalidParameterValueException", "Port"),
        ({"SslMode": "sometimes"}, "ValidationException", "sslMode"),
        ({"SslMode": "verify-ca"}, "InvalidParameterCombinationException", "CertificateArn"),
        ({"CertificateArn": "arn:x"}, "ResourceNotFoundFault", "arn:x"),
        ({"EngineName": "mysql", "SslMode": "require"}, "InvalidParameterCombinationException", ""),
        (
            {"ExtraConnectionAttributes": "password=x"},
            "InvalidParameterCombinationException",
            "passwords",
        ),
        (
            {"ExtraConnectionAttributes": "executeTimeout=soon"},
            "InvalidParameterValueException",
            "ExecuteTimeout",
        ),
    ],
)
def test_what_a_source_may_not_be(
    dms: Harness, changes: dict[str, object], code: str, part: str
) -> None:
    refused = refusal(
        dms.client.create_endpoint, **{"EndpointIdentifier": "e", **SOURCE, **changes}
    )

    assert refused[0] == code
    assert part in refused[1]


@pytest.mark.parametrize(
    ("settings", "code", "part"),
    [
        ({"BucketName": ""}, "InvalidParameterValueException", "BucketName"),
        ({"ServiceAccessRoleArn": ""}, "InvalidParameterValueException", "ServiceAccessRoleArn"),
        (
            {"CdcInsertsOnly": True, "CdcInsertsAndUpdates": True},
            "InvalidParameterCombinationException",
            "CdcInsertsAndUpdates",
        ),
        ({"PreserveTransactions": True}, "InvalidParameterCombinationException", "CdcPath"),
        (
            {"CdcPath": "changes", "AddColumnName": True},
            "InvalidParameterCombinationException",
            "AddColumnName and CdcPath",
        ),
        (
            {"CdcPath": "changes", "DatePartitionEnabled": True},
            "InvalidParameterCombinationException",
            "DatePartitionEnabled",
        ),
        ({"MaxFileSize": 0}, "InvalidParameterValueException", "MaxFileSize"),
        ({"MaxFileSize": 1048577}, "InvalidParameterValueException", "MaxFileSize"),
        ({"DataFormat": "parquet"}, "InvalidParameterValueException", "DataFormat parquet"),
        ({"GlueCatalogGeneration": True}, "InvalidParameterValueException", "sandbox"),
        ({"CompressionType": "zip"}, "ValidationException", "compressionType"),
    ],
)
def test_what_a_target_may_not_be(
    dms: Harness, settings: dict[str, object], code: str, part: str
) -> None:
    refused = refusal(dms.client.create_endpoint, EndpointIdentifier="e", **target(**settings))

    assert refused[0] == code
    assert part in refused[1]


def test_an_s3_endpoint_has_no_server_and_no_ssl(dms: Harness) -> None:
    for more in ({"Username": "me"}, {"Password": "x"}, {"SslMode": "require"}):
        code, _ = refusal(dms.client.create_endpoint, EndpointIdentifier="e", **TARGET, **more)
        assert code == "InvalidParameterCombinationException"


@pytest.mark.parametrize("trusted", [None, "lambda.amazonaws.com", "dms.eu-west-1.amazonaws.com"])
def test_the_role_has_to_trust_dms(dms: Harness, trusted: str | None) -> None:
    dms.cloud.roles = {} if trusted is None else {ROLE: trusted}

    assert refusal(dms.client.create_endpoint, EndpointIdentifier="e", **TARGET) == (
        "AccessDeniedFault",
        f"The IAM Role {ROLE} is not configured properly.",
    )


def test_other_engines_are_taken(dms: Harness) -> None:
    asked = {**SOURCE, "EngineName": "mysql"}
    del asked["DatabaseName"]

    assert endpoint_of(dms, dms.create_endpoint("mysql", asked))["EngineName"] == "mysql"
    kinesis = {"EndpointType": "target", "EngineName": "kinesis"}
    assert endpoint_of(dms, dms.create_endpoint("k", kinesis))["EngineDisplayName"] == "kinesis"


def test_an_s3_source_is_taken_with_its_table_definition(dms: Harness) -> None:
    asked = {**TARGET, "EndpointType": "source"}

    code, message = refusal(dms.client.create_endpoint, EndpointIdentifier="e", **asked)

    assert (code, "ExternalTableDefinition" in message) == ("InvalidParameterValueException", True)
    settings = {**TARGET["S3Settings"], "ExternalTableDefinition": "{}"}
    arn = dms.create_endpoint("s3", {**asked, "S3Settings": settings})
    assert dms.connect(dms.create_instance(), arn) == "failed"


def test_extra_connection_attributes_are_settings_too(dms: Harness) -> None:
    asked = {**TARGET, "ExtraConnectionAttributes": "compressionType=GZIP;addColumnName=true;x=1"}

    endpoint = endpoint_of(dms, dms.create_endpoint("target", asked))

    assert endpoint["ExtraConnectionAttributes"] == asked["ExtraConnectionAttributes"]
    assert endpoint["S3Settings"]["CompressionType"] == "GZIP"
    assert endpoint["S3Settings"]["AddColumnName"] is True


def test_a_second_endpoint_of_the_name_is_refused_whatever_its_type(dms: Harness) -> None:
    arn = dms.create_endpoint("same", SOURCE)

    with pytest.raises(dms.client.exceptions.ResourceAlreadyExistsFault) as caught:
        dms.client.create_endpoint(EndpointIdentifier="SAME", **TARGET)
    assert caught.value.response["resourceArn"] == arn  # type: ignore[typeddict-item]  # modelled


def test_a_resource_identifier_is_not_used_twice(dms: Harness) -> None:
    arn = dms.create_endpoint("one", {**SOURCE, "ResourceIdentifier": "mine"})

    assert arn.endswith(":endpoint:mine")
    asked = {**TARGET, "ResourceIdentifier": "mine"}
    code, _ = refusal(dms.client.create_endpoint, EndpointIdentifier="two", **asked)
    assert code == "ResourceAlreadyExistsFault"
    assert endpoint_of(dms, arn)["EndpointIdentifier"] == "one"


def test_a_modification_is_merged(dms: Harness) -> None:
    arn = dms.create_endpoint("target", target(CdcMaxBatchInterval=5, AddColumnName=True))

    changed = dms.client.modify_endpoint(
        EndpointArn=arn, EngineName="s3", S3Settings={"CdcMaxBatchInterval": 10}
    )["Endpoint"]

    assert changed["S3Settings"]["CdcMaxBatchInterval"] == 10
    assert changed["S3Settings"]["AddColumnName"] is True
    assert changed["S3Settings"]["BucketName"] == "staging"


def test_exact_settings_replace_all(dms: Harness) -> None:
    arn = dms.create_endpoint("target", target(AddColumnName=True))

    changed = dms.client.modify_endpoint(
        EndpointArn=arn, EngineName="s3", ExactSettings=True, S3Settings=TARGET["S3Settings"]
    )["Endpoint"]

    assert changed["S3Settings"]["AddColumnName"] is False


def test_a_new_password_reaches_the_source_and_the_old_one_is_kept_otherwise(
    dms: Harness,
) -> None:
    arn = dms.create_endpoint("source", SOURCE)
    instance = dms.create_instance()
    dms.client.modify_endpoint(EndpointArn=arn, Username="other")
    dms.connect(instance, arn)
    dms.client.modify_endpoint(EndpointArn=arn, Password="new-secret")
    dms.connected(instance, arn)

    assert [(one.username, one.password) for one in dms.plane.sources] == [
        ("other", "hunter2-secret"),
        ("other", "new-secret"),
    ]


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"EndpointType": "source"}, "InvalidParameterValueException", "type"),
        ({"S3Settings": {"EncryptionMode": "sse-kms"}}, "InvalidParameterCombinationException", ""),
        ({"S3Settings": {"MaxFileSize": 0}}, "InvalidParameterValueException", "MaxFileSize"),
        ({"S3Settings": {"ServiceAccessRoleArn": "arn:r"}}, "AccessDeniedFault", "arn:r"),
        ({"EndpointIdentifier": "source"}, "ResourceAlreadyExistsFault", "source"),
        ({"EndpointIdentifier": "a--b"}, "InvalidParameterValueException", "a valid identifier"),
    ],
)
def test_modifications_that_are_refused(
    dms: Harness, changes: dict[str, object], code: str, part: str
) -> None:
    dms.create_endpoint("source", SOURCE)
    arn = dms.create_endpoint("target", TARGET)

    refused = refusal(dms.client.modify_endpoint, EndpointArn=arn, **changes)

    assert refused[0] == code
    assert part in refused[1]


def test_kms_encryption_can_be_given_up(dms: Harness) -> None:
    arn = dms.create_endpoint("target", target(EncryptionMode="sse-kms"))

    dms.client.modify_endpoint(EndpointArn=arn, S3Settings={"EncryptionMode": "sse-s3"})

    assert endpoint_of(dms, arn)["S3Settings"]["EncryptionMode"] == "sse-s3"


def test_an_endpoint_can_be_renamed(dms: Harness) -> None:
    arn = dms.create_endpoint("old", SOURCE)

    dms.client.modify_endpoint(EndpointArn=arn, EndpointIdentifier="New")

    assert endpoint_of(dms, arn)["EndpointIdentifier"] == "new"


def test_an_endpoint_in_use_is_neither_modified_nor_deleted(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.start_task(task)

    for endpoint in parts[1:]:
        code, message = refusal(
            dms.client.modify_endpoint, EndpointArn=endpoint, ExtraConnectionAttributes="a=b"
        )
        assert code == "InvalidResourceStateFault"
        assert "running ReplicationTask: task" in message
    dms.stop_task(task)
    dms.client.modify_endpoint(EndpointArn=parts[1], Username="other")
    code, message = refusal(dms.client.delete_endpoint, EndpointArn=parts[1])
    assert code == "InvalidResourceStateFault"
    assert "part of one or more ReplicationTasks" in message


def test_an_endpoint_is_deleted_in_its_time(dms: Harness) -> None:
    arn = dms.create_endpoint("source", SOURCE)

    assert dms.client.delete_endpoint(EndpointArn=arn)["Endpoint"]["Status"] == "deleting"
    assert endpoint_of(dms, arn)["Status"] == "deleting"
    assert refusal(dms.client.delete_endpoint, EndpointArn=arn)[0] == "InvalidResourceStateFault"
    assert refusal(dms.client.modify_endpoint, EndpointArn=arn)[0] == "InvalidResourceStateFault"
    code, _ = refusal(dms.client.create_endpoint, EndpointIdentifier="source", **SOURCE)
    assert code == "ResourceAlreadyExistsFault"
    dms.advance(dms.delays.endpoint_delete)
    filters = [{"Name": "endpoint-arn", "Values": [arn]}]
    assert refusal(dms.client.describe_endpoints, Filters=filters) == (
        "ResourceNotFoundFault",
        "No Endpoints found matching provided filters",
    )
    assert refusal(dms.client.delete_endpoint, EndpointArn=arn)[0] == "ResourceNotFoundFault"


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("endpoint-type", ["SOURCE"], ["source"]),
        ("endpoint-id", ["Target", "absent"], ["target"]),
        ("engine-name", ["s3", "postgres"], ["source", "target"]),
    ],
)
def test_filters(dms: Harness, name: str, values: list[str], found: list[str]) -> None:
    dms.create_endpoint("target", TARGET)
    dms.create_endpoint("source", SOURCE)

    described = dms.client.describe_endpoints(Filters=[{"Name": name, "Values": values}])

    assert [one["EndpointIdentifier"] for one in described["Endpoints"]] == found


def test_filters_that_are_none(dms: Harness) -> None:
    for filters in (
        [{"Name": "replication-instance-arn", "Values": ["x"]}],
        [{"Name": "endpoint-id", "Values": []}],
    ):
        code, _ = refusal(dms.client.describe_endpoints, Filters=filters)
        assert code == "InvalidParameterValueException"
