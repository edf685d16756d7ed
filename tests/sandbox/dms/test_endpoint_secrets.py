from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.dms.harness import SOURCE, Harness, refusal

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"
READER = "arn:aws:iam::123456789012:role/reader"
BY_SECRET: dict[str, Any] = {
    "EndpointType": "source",
    "EngineName": "postgres",
    "DatabaseName": "shop",
    "PostgreSQLSettings": {
        "SecretsManagerSecretId": SECRET,
        "SecretsManagerAccessRoleArn": READER,
    },
}


def test_a_source_may_take_its_connection_from_a_secret(dms: Harness) -> None:
    dms.cloud.roles[READER] = "dms.eu-west-1.amazonaws.com"
    dms.cloud.secrets[SECRET] = {
        "host": "db.example.com",
        "port": "5433",
        "username": "u",
        "password": "from-secret",
    }

    arn = dms.create_endpoint("source", BY_SECRET)

    assert dms.connect(dms.create_instance(), arn) == "successful"
    source = dms.plane.sources[0]
    assert (source.host, source.port, source.username, source.password, source.database) == (
        "db.example.com",
        5433,
        "u",
        "from-secret",
        "shop",
    )


@pytest.mark.parametrize("read", [{}, {"host": "h", "username": "u", "port": "five"}])
def test_a_secret_without_connection_data_fails_the_test(
    dms: Harness, read: dict[str, str]
) -> None:
    dms.cloud.roles[READER] = "dms.eu-west-1.amazonaws.com"
    dms.cloud.secrets[SECRET] = read
    instance, arn = dms.create_instance(), dms.create_endpoint("source", BY_SECRET)

    assert dms.connect(instance, arn) == "failed"
    assert "is known" in dms.connection(instance, arn)["LastFailureMessage"]


def test_the_secret_s_role_has_to_trust_the_regional_principal(dms: Harness) -> None:
    dms.cloud.roles[READER] = "dms.amazonaws.com"

    code, message = refusal(dms.client.create_endpoint, EndpointIdentifier="e", **BY_SECRET)

    assert code == "AccessDeniedFault"
    assert "DMS Regional Service Principal 'dms.eu-west-1.amazonaws.com'" in message


def test_a_secret_has_to_be_readable(dms: Harness) -> None:
    dms.cloud.roles[READER] = "dms.eu-west-1.amazonaws.com"

    code, message = refusal(dms.client.create_endpoint, EndpointIdentifier="e", **BY_SECRET)

    assert code == "AccessDeniedFault"
    assert "can't find the specified secret" in message


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Password": "x"}, "InvalidParameterCombinationException"),
        ({"Username": "x"}, "InvalidParameterCombinationException"),
        (
            {"PostgreSQLSettings": {"SecretsManagerSecretId": SECRET}},
            "InvalidParameterValueException",
        ),
        (
            {"PostgreSQLSettings": {"SecretsManagerAccessRoleArn": READER}},
            "InvalidParameterValueException",
        ),
    ],
)
def test_a_secret_goes_with_its_role_and_without_credentials(
    dms: Harness, changes: dict[str, object], code: str
) -> None:
    asked = {**BY_SECRET, **changes}

    assert refusal(dms.client.create_endpoint, EndpointIdentifier="e", **asked)[0] == code


def readable(dms: Harness) -> None:
    dms.cloud.roles[READER] = "dms.eu-west-1.amazonaws.com"
    dms.cloud.secrets[SECRET] = {"host": "h", "port": "1", "username": "u", "password": "p"}


def test_a_secret_takes_the_place_of_credentials(dms: Harness) -> None:
    readable(dms)
    arn = dms.create_endpoint("source", SOURCE)

    changed = dms.client.modify_endpoint(
        EndpointArn=arn,
        EngineName="postgres",
        PostgreSQLSettings=BY_SECRET["PostgreSQLSettings"],
    )["Endpoint"]

    assert "Username" not in changed
    assert changed["DatabaseName"] == "shop"
    assert "ServerName" not in changed["PostgreSQLSettings"]
    assert dms.connect(dms.create_instance(), arn) == "successful"
    assert dms.plane.sources[-1].host == "h"


def test_credentials_take_the_place_of_a_secret(dms: Harness) -> None:
    readable(dms)
    arn = dms.create_endpoint("source", BY_SECRET)
    modify = dms.client.modify_endpoint

    code, message = refusal(modify, EndpointArn=arn, Username="dms", Password="x")
    assert (code, "ServerName" in message) == ("InvalidParameterValueException", True)
    changed = modify(
        EndpointArn=arn, ServerName="db.example.com", Port=5432, Username="dms", Password="x"
    )["Endpoint"]
    assert "SecretsManagerSecretId" not in changed["PostgreSQLSettings"]
    assert dms.connect(dms.create_instance(), arn) == "successful"
    assert dms.plane.sources[-1].password == "x"
    both = BY_SECRET["PostgreSQLSettings"]
    code, _ = refusal(modify, EndpointArn=arn, Username="dms", PostgreSQLSettings=both)
    assert code == "InvalidParameterCombinationException"


def test_a_changed_secret_is_read_again_by_the_next_run(dms: Harness) -> None:
    readable(dms)
    instance, _, target = dms.create_parts()
    source = dms.create_endpoint("by-secret", BY_SECRET)
    dms.connect(instance, source)
    task = dms.create_task((instance, source, target))
    dms.start_task(task)
    dms.stop_task(task)
    dms.cloud.secrets[SECRET]["password"] = "rotated"

    assert dms.start_task(task, "resume-processing").job.source.password == "rotated"
