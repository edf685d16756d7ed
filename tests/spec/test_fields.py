"""Fields of the source, the replication and the tables, one by one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dmslake.errors import SpecError
from dmslake.spec import ENGINES, Database, PemFile, Spec, load_spec, parse_spec
from tests.spec.texts import ENVIRON, SPECS, messages_of, spec_of, text_of

NETWORK = "network: {subnets: [subnet-1, subnet-2]}"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"


def _source(engine: str, **fields: object) -> str:
    values: dict[str, object] = {"engine": engine, "host": "db.internal", "username": "dms"}
    values["password"] = "${SHOP_DB_PASSWORD}"
    if ENGINES[engine].database is not Database.FORBIDDEN:
        values["database"] = "shop"
    merged = {**values, **fields}
    return json.dumps({name: value for name, value in merged.items() if value is not None})


def _good(name: str) -> Spec:
    return load_spec(SPECS / "good" / f"{name}.yaml", environ=ENVIRON)


# Signing in ---------------------------------------------------------------------------------------


def test_a_secret_takes_the_place_of_the_login() -> None:
    source = _good("mysql-secret").source

    assert (source.host, source.port, source.username, source.password) == (None,) * 4
    assert source.secret
    assert source.secret.startswith("arn:aws:secretsmanager:")


def test_a_wrong_engine_does_not_hide_a_missing_login() -> None:
    said = messages_of(text_of(source="{engine: postgre, host: db.internal}"))

    assert [message.split(":")[0] for message in said] == [
        "source.username",
        "source.password",
        "source.engine",
    ]


@pytest.mark.parametrize(
    ("engine", "settings"),
    [
        ("mongodb", {"auth_type": "no"}),
        (
            "postgres",
            {
                "authentication_method": "iam",
                "service_access_role_arn": "arn:aws:iam::123456789012:role/dms",
            },
        ),
    ],
)
def test_some_ways_to_sign_in_need_no_password(engine: str, settings: dict[str, str]) -> None:
    user = None if engine == "mongodb" else "dms"
    source = _source(engine, username=user, password=None, settings=settings)

    assert spec_of(text_of(source=source)).source.password is None


def test_kerberos_goes_with_a_shared_instance() -> None:
    source = _source("oracle", password=None, settings={"authentication_method": "KERBEROS"})
    shared = '{instance: {arn: "arn:aws:dms:eu-west-1:123456789012:rep:SHARED"}}'

    assert messages_of(text_of(source=source, replication=shared)) == []
    assert len(messages_of(text_of(source=source))) == 1


@pytest.mark.parametrize(
    ("engine", "password", "refused"),
    [
        ("postgres", "a+b", True),
        ("postgres", "a%b", True),
        ("postgres", "a,b", False),
        ("mysql", "a;b", True),
        ("mysql", "a+b", False),
        ("sqlserver", "a,b", True),
        ("azuredb", "a,b", False),
        ("oracle", "a,b", True),
        ("db2", "a{b", True),
        ("db2", "a;b+c", False),
    ],
)
def test_characters_of_passwords(engine: str, password: str, refused: bool) -> None:
    text = text_of(source=_source(engine), replication=f"{{type: full-load, {NETWORK}}}")

    said = messages_of(text, {**ENVIRON, "SHOP_DB_PASSWORD": password})

    assert bool(said) == refused
    assert password not in " ".join(said)


def test_oracle_takes_the_password_of_asm_after_a_comma() -> None:
    settings = {
        "use_logminer_reader": False,
        "use_b_file": True,
        "asm_server": "a",
        "asm_user": "b",
    }
    text = text_of(source=_source("oracle", settings=settings))

    assert messages_of(text, {**ENVIRON, "SHOP_DB_PASSWORD": "one,two"}) == []


# Certificates -------------------------------------------------------------------------------------


def test_a_certificate_is_read_with_the_spec() -> None:
    certificate = _good("oracle-verify-ca").source.certificate

    assert isinstance(certificate, PemFile)
    assert certificate.text == (SPECS / "files" / "ca.pem").read_text()
    assert certificate.path.name == "ca.pem"
    dumped = _good("oracle-verify-ca").model_dump(mode="json")
    assert dumped["source"]["certificate"].endswith("ca.pem")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no certificates in PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nhorse\n-----END CERTIFICATE-----\n",
            "holds no certificates",
        ),
        (b"-----BEGIN CERTIFICATE-----\naG9yc2U=\n-----END CERTIFICATE-----\n", "holds no cert"),
        (b"-----BEGIN PRIVATE KEY-----\naG9yc2U=\n-----END PRIVATE KEY-----\n", "a private key"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_what_is_no_certificate(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    text = text_of(source=_source("postgres", ssl="verify-ca", certificate="ca.pem"))

    with pytest.raises(SpecError) as caught:
        parse_spec(text, file="spec.yaml", environ=ENVIRON, base_dir=tmp_path)

    (problem,) = caught.value.problems
    assert problem.field == "source.certificate"
    assert message in problem.message
    assert "horse" not in str(problem)


def test_a_folder_is_no_certificate(tmp_path: Path) -> None:
    text = text_of(source=_source("postgres", ssl="verify-ca", certificate="."))

    with pytest.raises(SpecError, match="1 mistake") as caught:
        parse_spec(text, file="spec.yaml", environ=ENVIRON, base_dir=tmp_path)

    assert "cannot be read: is a directory" in str(caught.value.problems[0])


# Tables -------------------------------------------------------------------------------------------


def test_rules_stand_in_the_spec_or_in_a_file() -> None:
    rules = (SPECS / "files" / "mappings.json").read_text()

    inline = spec_of(text_of(tables=f"{{rules: {json.dumps(json.loads(rules))}}}"))
    named = _good("postgres-serverless")

    assert inline.tables.rules == named.tables.rules
    assert named.tables.rules
    assert named.tables.rules[0]["rule-action"] == "include"
    assert (inline.tables.include, inline.tables.exclude) == ((), ())


def test_warnings_about_rules_say_where(tmp_path: Path) -> None:
    document = json.loads((SPECS / "files" / "mappings.json").read_text())
    document["rules"][0]["object-locator"]["table-type"] = "all"
    (tmp_path / "mappings.json").write_text(json.dumps(document))
    text = text_of(tables="{rules: mappings.json}")

    spec = parse_spec(text, file="spec.yaml", environ=ENVIRON, base_dir=tmp_path)

    (warning,) = spec.warnings
    assert warning.startswith("spec.yaml:4:17: tables.rules: rules[0].object-locator.table-type, ")


@pytest.mark.parametrize("above", ["tables.include", "replication.network.subnets"])
def test_a_variable_that_is_not_set_does_not_shorten_a_list(above: str) -> None:
    text = text_of(
        tables='{include: ["${NOT_SET}"]}' if above == "tables.include" else "{include: [a.b]}",
        replication=f"{{{NETWORK}}}".replace("subnet-2", '"${NOT_SET}"')
        if "network" in above
        else f"{{{NETWORK}}}",
    )

    (said,) = messages_of(text)

    assert said.startswith(f"{above}[")
    assert "NOT_SET is not set" in said


# Replication --------------------------------------------------------------------------------------


def test_a_start_time_is_kept_in_utc() -> None:
    replication = f"{{type: cdc, {NETWORK}, start: {{time: 2026-11-23T05:30:00+01:30}}}}"
    spec = spec_of(text_of(source=_source("mysql"), replication=replication))

    assert spec.replication.start
    assert spec.replication.start.time == datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert spec.replication.start.position is None


@pytest.mark.parametrize("position", ["4AF/B00000D0", "0/1", "checkpoint:V1#27#x:1"])
def test_positions_of_postgres(position: str) -> None:
    source = _source("postgres", settings={"slot_name": "shop"})
    replication = f'{{type: cdc, {NETWORK}, start: {{position: "{position}"}}}}'

    spec = spec_of(text_of(source=source, replication=replication))

    assert spec.replication.start
    assert spec.replication.start.position == position


def test_a_shared_instance_needs_no_network() -> None:
    spec = _good("shared-resources")

    assert spec.replication.network is None
    assert spec.replication.instance.arn
    assert spec.staging.existing
    assert spec.lake.existing


def test_names_that_dms_folds_are_folded() -> None:
    spec = _good("sqs-trigger")

    assert spec.replication.network
    assert spec.replication.network.subnet_group == "shared-subnets"
    assert spec.replication.network.subnets == ()
    assert spec.replication.notifications
    assert spec.replication.notifications.categories == (
        "failure",
        "state change",
        "configuration change",
    )
    window = _good("mariadb").replication.instance.maintenance_window
    assert window == "sun:02:00-sun:03:00"


def test_notifications_are_about_what_matters() -> None:
    topic = "topic: arn:aws:sns:eu-west-1:123456789012:alerts"
    spec = spec_of(text_of(replication=f"{{{NETWORK}, notifications: {{{topic}}}}}"))

    assert spec.replication.notifications
    assert spec.replication.notifications.categories == ("failure", "state change")


def test_a_window_may_cross_the_week() -> None:
    window = "instance: {maintenance_window: sun:23:45-mon:00:15}"

    assert messages_of(text_of(replication=f"{{{NETWORK}, {window}}}")) == []


@pytest.mark.parametrize("capacity", [1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384])
def test_capacities(capacity: int) -> None:
    serverless = f"serverless: {{min_capacity: 1, max_capacity: {capacity}}}"
    spec = spec_of(text_of(replication=f"{{{NETWORK}, {serverless}}}"))

    assert spec.replication.serverless
    assert spec.replication.serverless.max_capacity == capacity


def test_the_extra_attributes_of_the_private_secret_endpoint() -> None:
    attributes = "secretsManagerEndpointOverride=vpce-1.example.com;"
    text = text_of(
        source=json.dumps(
            {"engine": "mysql", "secret": SECRET, "extra_connection_attributes": attributes}
        )
    )

    assert spec_of(text).source.extra_connection_attributes == attributes


def test_regions_and_accounts_from_the_environment_are_not_shown() -> None:
    environ = {**ENVIRON, "WHERE": "eu-horse-1"}
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
    text = text_of(aws='{region: "${WHERE}"}', lake=f'{{bucket: acme-lake, kms_key: "{key}"}}')

    (said,) = messages_of(text, environ)

    assert said.startswith("lake.kms_key: ")
    assert "horse" not in said
