from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.dms.harness import TARGET, Harness, refusal

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"
SETTINGS = {**TARGET["S3Settings"], "EncryptionMode": "sse-kms"}
ENCRYPTED: dict[str, Any] = {
    **TARGET,
    "S3Settings": {**SETTINGS, "ServerSideEncryptionKmsKeyId": KEY},
}


@pytest.fixture
def target(dms: Harness) -> str:
    """A target that was created with a key."""
    return dms.create_endpoint("encrypted", ENCRYPTED)


def settings_of(dms: Harness, arn: str) -> dict[str, Any]:
    described = dms.client.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [arn]}])
    return dict(described["Endpoints"][0]["S3Settings"])


def test_the_key_of_a_create_is_dropped_and_that_of_a_modify_is_kept(
    dms: Harness, target: str
) -> None:
    assert "ServerSideEncryptionKmsKeyId" not in settings_of(dms, target)

    dms.client.modify_endpoint(
        EndpointArn=target, EngineName="s3", S3Settings={"ServerSideEncryptionKmsKeyId": KEY}
    )

    settings = settings_of(dms, target)
    assert settings["ServerSideEncryptionKmsKeyId"] == KEY
    assert settings["EncryptionMode"] == "sse-kms"


def test_the_data_plane_gets_the_key(dms: Harness, target: str) -> None:
    instance, source, _ = dms.create_parts()
    dms.client.modify_endpoint(
        EndpointArn=target, EngineName="s3", S3Settings={"ServerSideEncryptionKmsKeyId": KEY}
    )
    dms.connect(instance, target)

    run = dms.start_task(dms.create_task((instance, source, target)))

    assert run.job.target.settings["ServerSideEncryptionKmsKeyId"] == KEY


def test_encryption_goes_from_kms_to_s3_and_not_back(dms: Harness, target: str) -> None:
    def modify(mode: str) -> Any:
        return dms.client.modify_endpoint(
            EndpointArn=target,
            EngineName="s3",
            S3Settings={"EncryptionMode": mode},  # type: ignore[typeddict-item]  # the guide's word
        )

    modify("SSE_S3")
    code, _ = refusal(modify, mode="SSE_KMS")

    assert code == "InvalidParameterCombinationException"


def test_an_endpoint_is_not_changed_under_a_running_task(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.start_task(task)

    for endpoint in parts[1:]:
        code, message = refusal(dms.client.modify_endpoint, EndpointArn=endpoint)
        assert (code, "running ReplicationTask: task" in message) == (
            "InvalidResourceStateFault",
            True,
        )
    dms.stop_task(task)
    dms.client.modify_endpoint(EndpointArn=parts[2], S3Settings={"CdcMaxBatchInterval": 9})
    assert dms.connection(parts[0], parts[2])["Status"] == "testing"
    code, message = refusal(
        dms.client.test_connection, ReplicationInstanceArn=parts[0], EndpointArn=parts[2]
    )
    assert (code, "already being tested" in message) == ("InvalidResourceStateFault", True)
    assert dms.connected(parts[0], parts[2]) == "successful"
