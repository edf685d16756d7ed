"""Passwords stay unseen: in representations, dumps, messages and exceptions."""

import json
import re
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.errors import SpecError
from dmslake.spec import ENGINES, source_secrets, source_settings
from dmslake.spec.display import describe
from dmslake.spec.loader import SECRETS
from dmslake.spec.service_model import members
from dmslake.spec.source_rules import refused_in_source
from tests.spec.texts import ENVIRON, PASSWORD, messages_of, spec_of, text_of


def test_the_secrets_are_the_password_and_what_dms_calls_sensitive() -> None:
    sensitive = {
        ("source", "settings", name)
        for rules in ENGINES.values()
        for name, member in members(rules.settings).items()
        if member.sensitive and name not in refused_in_source(rules.settings, {name: member})
    }

    assert {("source", "password"), *sensitive} == SECRETS


def test_no_representation_shows_the_password() -> None:
    spec = spec_of(text_of())

    shown = [str(spec), repr(spec), repr(spec.source), str(spec.model_dump())]
    shown += [spec.model_dump_json(), f"{spec.source.password}"]
    assert PASSWORD not in "".join(shown)
    assert json.loads(spec.model_dump_json())["source"]["password"] == "**********"
    assert spec.source.password
    assert spec.source.password.get_secret_value() == PASSWORD


def test_secrets_among_the_settings_stay_apart_and_unseen() -> None:
    settings = 'settings: {security_db_encryption: "${TDE}", security_db_encryption_name: tde}'
    source = (
        "{engine: oracle, host: db.internal, database: SHOP, username: dms, "
        f'password: "${{SHOP_DB_PASSWORD}}", {settings}}}'
    )
    spec = spec_of(text_of(source=source), {**ENVIRON, "TDE": "tde-horse"})

    assert "horse" not in repr(spec) + str(spec.model_dump()) + spec.model_dump_json()
    assert source_settings(spec.source) == ("OracleSettings", {"SecurityDbEncryptionName": "tde"})
    secrets = source_secrets(spec.source)
    assert secrets["SecurityDbEncryption"].get_secret_value() == "tde-horse"
    assert "horse" not in repr(secrets)


# What may follow a password's first letters: anything, and what YAML gives a meaning to.
LITERALS = st.text(max_size=12) | st.text(alphabet="ab*&!%@`{[}]#|>:,'\" -", max_size=12)


@given(LITERALS)
def test_a_literal_password_is_refused_and_never_shown(literal: str) -> None:
    text = text_of().replace('"${SHOP_DB_PASSWORD}"', f"correcthorse{literal}")
    quoted = text_of().replace('"${SHOP_DB_PASSWORD}"', json.dumps(f"correcthorse{literal}"))

    for said in (messages_of(text), messages_of(quoted)):
        assert said
        assert "horse" not in " ".join(said)


def test_the_exception_carries_no_trace_of_the_password() -> None:
    text = text_of(name="Shop").replace("db.internal", "db/internal").replace("include", "inclde")

    with pytest.raises(SpecError) as caught:
        spec_of(text)

    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert PASSWORD not in "".join(traceback.format_exception(error))
    assert PASSWORD not in repr(error) + str(error) + repr(error.problems)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("name", "%X"),
        ("version", "%"),
        ("aws", "{region: %, account: %}"),
        ("aws", "{role_path: %, permissions_boundary: %}"),
        ("aws", "{tags: {a: %@}}"),
        ("aws", "%"),
        ("source", "%"),
        ("tables", "{include: [%], exclude: %}"),
        ("replication", "{type: %, network: {subnets: [%]}}"),
        ("replication", "{instance: {class: %, multi_az: %}}"),
        ("staging", "{bucket: %_, prefix: %*}"),
        ("lake", "{bucket: acme, layout: %{, timezone: %}"),
        ("loader", "{memory_mb: %}"),
        ("tables", "{rules: %}"),
        ("tables", "{rules: {rules: [{rule-type: %}]}}"),
        ("tables", "{rules: {rules: [{rule-type: selection, rule-id: 1, rule-action: %}]}}"),
        ("replication", "{instance: {engine_version: %, maintenance_window: %, arn: %}}"),
        ("replication", "{instance: {availability_zone: %, kms_key: %}}"),
        ("replication", "{type: cdc, start: {time: %}}"),
        ("replication", "{notifications: {topic: %, categories: [%]}}"),
        ("replication", "{network: {subnet_group: %@}}"),
        ("replication", "{settings: {FullLoadSettings: {TargetTablePrepMode: %}}}"),
        ("replication", "{settings: {Logging: {LogComponents: [{Id: %}]}}}"),
        ("replication", "{settings: {ErrorBehavior: %}}"),
        ("staging", "{bucket: acme, settings: {compression_type: %, cdc_min_file_size: %}}"),
        ("staging", "{bucket: acme, kms_key: %, role: %, existing: %}"),
        ("staging", "{bucket: acme, settings: {date_partition_timezone: %}}"),
    ],
)
def test_a_variable_in_the_wrong_place_is_not_shown(section: str, text: str) -> None:
    """Every % stands for a quoted text with the password's variable in it."""
    quoted = re.sub(r"%([X@_*{]?)", r'"${SHOP_DB_PASSWORD}\1"', text)

    said = messages_of(text_of(**{section: quoted}))

    assert said
    assert PASSWORD not in " ".join(said)
    assert "SHOP_DB_PASSWORD" in " ".join(said)


@pytest.mark.parametrize(
    "field",
    [
        "engine", "host", "username", "database", "ssl", "port", "secret", "secret_role",
        "certificate", "extra_connection_attributes", "role", "settings",
    ],
)  # fmt: skip
def test_a_variable_in_the_wrong_field_of_the_source_is_not_shown(field: str) -> None:
    source = {"engine": "oracle", "host": "a", "username": "b", "database": "c"}
    source |= {"password": "${SHOP_DB_PASSWORD}", field: "${STRANGE}"}
    text = text_of(source=json.dumps(source))

    said = messages_of(text, {**ENVIRON, "STRANGE": "correct/horse\nverify-ca"})

    assert said
    assert "horse" not in " ".join(said)


@pytest.mark.parametrize(
    "text",
    [
        "postgres://dms:correct-horse@db.internal/shop",
        "Server=db;Password = correct-horse",
        "pwd=correct-horse",
        "token: correct-horse",
    ],
)
def test_what_looks_like_a_connection_string_is_not_shown(text: str) -> None:
    assert describe(text) == "this text"


def test_repeated_patterns_from_the_environment_are_not_shown() -> None:
    said = messages_of(
        text_of(tables='{include: ["${T}", "${T}"], exclude: ["${T}"]}'),
        {**ENVIRON, "T": "a.horse"},
    )

    assert said == [
        "tables.include[1]: the value of ${T} is in this list twice; remove one of them",
        "tables.exclude[0]: the value of ${T} is in tables.include as well; remove one of them",
    ]
