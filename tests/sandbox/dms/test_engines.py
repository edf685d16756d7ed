from __future__ import annotations

from typing import Any

import pytest

from dmslake.sandbox.dms.engines import SETTINGS_OF_ENGINE, is_valid, ssl_modes
from tests.sandbox.dms.fakes import ROLE
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, refusal

COMBINATION = "InvalidParameterCombinationException"
VALUE = "InvalidParameterValueException"
NO_NAME = ("mysql", "mariadb", "aurora", "aurora-serverless", "gcp-mysql", "mongodb", "docdb")
NAMED = (
    "oracle",
    "sqlserver",
    "azuredb",
    "azure-sql-managed-instance",
    "db2",
    "db2-zos",
    "sybase",
    "aurora-postgresql",
    "aurora-postgresql-serverless",
)
SERVERS = (*NO_NAME, *NAMED)


def source(engine: str, **more: Any) -> dict[str, Any]:
    asked = {**SOURCE, "EngineName": engine, **more}
    if engine in NO_NAME:
        del asked["DatabaseName"]
    return asked


def create(dms: Harness, asked: dict[str, Any]) -> tuple[str, str]:
    return refusal(dms.client.create_endpoint, EndpointIdentifier="e", **asked)


@pytest.mark.parametrize("engine", SERVERS)
def test_every_source_engine_is_taken_and_described(dms: Harness, engine: str) -> None:
    dms.create_endpoint("source", source(engine))

    seen = dms.client.describe_endpoints()["Endpoints"][0]

    assert (seen["EngineName"], seen["EndpointType"]) == (engine, "SOURCE")
    assert seen["EngineDisplayName"] != engine
    settings = dict(seen).get(str(SETTINGS_OF_ENGINE[engine]))
    assert isinstance(settings, dict)
    assert (settings["ServerName"], settings["Username"]) == ("db.example.com", "dms")
    assert "Password" not in settings


@pytest.mark.parametrize("engine", NAMED)
def test_these_engines_need_the_name_of_a_database(dms: Harness, engine: str) -> None:
    asked = source(engine)
    del asked["DatabaseName"]

    assert create(dms, asked)[1] == (
        "The parameter DatabaseName must be provided and must not be blank."
    )


@pytest.mark.parametrize("engine", SERVERS)
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_each_engine_has_its_ssl_modes(dms: Harness, engine: str, mode: str) -> None:
    code, message = create(dms, source(engine, SslMode=mode, CertificateArn="arn:absent"))

    if mode in ssl_modes(engine):
        assert code == "ResourceNotFoundFault"  # the certificate; the mode is fine
    else:
        assert (code, f"SSL mode {mode} is not supported for {engine}" in message) == (
            COMBINATION,
            True,
        )


@pytest.mark.parametrize(
    ("engine", "modes"),
    [
        ("mysql", "none verify-ca verify-full"),
        ("postgres", "none require verify-ca verify-full"),
        ("sqlserver", "none require verify-full"),
        ("mongodb", "none require verify-full"),
        ("oracle", "none verify-ca"),
        ("db2", "none verify-ca"),
        ("sybase", "none verify-full"),
        ("s3", "none"),
    ],
)
def test_the_ssl_modes_are_those_of_the_guide(engine: str, modes: str) -> None:
    assert " ".join(ssl_modes(engine)) == modes


def test_mongodb_may_do_without_a_login(dms: Harness) -> None:
    asked = source("mongodb", MongoDbSettings={"AuthType": "no"})
    del asked["Username"], asked["Password"]

    dms.create_endpoint("mongo", asked)

    del asked["MongoDbSettings"]
    assert create(dms, asked)[0] == VALUE


def test_oracle_asm_has_a_secret_and_a_role(dms: Harness) -> None:
    settings = {"SecretsManagerOracleAsmSecretId": "asm"}

    code, message = create(dms, source("oracle", OracleSettings=settings))

    assert (code, "SecretsManagerOracleAsmAccessRoleArn" in message) == (VALUE, True)


def test_files_in_s3_are_a_source(dms: Harness) -> None:
    settings = {
        "BucketName": "files",
        "ServiceAccessRoleArn": ROLE,
        "ExternalTableDefinition": '{"TableCount": "0"}',
    }
    asked = {"EndpointType": "source", "EngineName": "s3", "S3Settings": settings}
    arn = dms.create_endpoint("files", asked)

    assert dms.connect(dms.create_instance(), arn) == "failed"
    del settings["ExternalTableDefinition"]
    assert "ExternalTableDefinition" in create(dms, asked)[1]


@pytest.mark.parametrize("engine", ["azuredb", "db2-zos"])
def test_engines_without_change_capture_are_loaded_only(dms: Harness, engine: str) -> None:
    parts = (
        dms.create_instance(),
        dms.create_endpoint("source", source(engine)),
        dms.create_endpoint("target", TARGET),
    )

    code, message = refusal(dms.create_task, parts=parts)

    assert (code, engine in message) == (COMBINATION, True)
    dms.create_task(parts, MigrationType="full-load")


@pytest.mark.parametrize("engine", ["mysql", "oracle", "mongodb"])
def test_the_test_of_what_the_sandbox_cannot_read_says_so(dms: Harness, engine: str) -> None:
    instance, endpoint = dms.create_instance(), dms.create_endpoint("e", source(engine))

    assert dms.connect(instance, endpoint) == "failed"

    message = dms.connection(instance, endpoint)["LastFailureMessage"]
    assert "the sandbox can only read PostgreSQL" in message
    assert dms.plane.sources == []


@pytest.mark.parametrize("engine", ["aurora-postgresql", "aurora-postgresql-serverless"])
def test_aurora_postgresql_is_read_as_postgresql(dms: Harness, engine: str) -> None:
    instance, endpoint = dms.create_instance(), dms.create_endpoint("e", source(engine))

    assert dms.connect(instance, endpoint) == "successful"


def test_every_engine_is_valid_at_one_end_at_least() -> None:
    for engine in SETTINGS_OF_ENGINE:
        assert is_valid(engine, "source") or is_valid(engine, "target")
