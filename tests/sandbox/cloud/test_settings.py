"""What the cloud is told arrives, and what is secret does not travel on."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmslake.sandbox.cloud.settings import (
    KEYS_VARIABLE,
    CloudKeys,
    CloudSettings,
    hidden_from_functions,
    ministack_environment,
    parse_arguments,
    take_keys,
)
from dmslake.sandbox.record import Keys

SETTINGS = CloudSettings(
    folder=Path("/state/with a space"),
    port=20_001,
    region="eu-west-1",
    account="123456789012",
    authority=Path("/tls/authority.pem"),
    certificate=Path("/tls/server.pem"),
    key=Path("/tls/key.pem"),
    concurrency=3,
    retry_seconds=(0.25, 2.0),
    role_seconds=1.5,
)


def test_the_command_line_carries_every_setting() -> None:
    arguments = ["--state", str(SETTINGS.folder), *SETTINGS.arguments()]
    assert parse_arguments(arguments) == SETTINGS


def test_a_missing_setting_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--port", "1"])
    assert caught.value.code == 2
    assert "--state" in capsys.readouterr().err


def test_keys_are_taken_out_of_the_environment() -> None:
    keys = CloudKeys(
        administrator=Keys(access_key_id="A", secret_access_key="a"),
        service=Keys(access_key_id="B", secret_access_key="b"),
    )
    environment = {KEYS_VARIABLE: keys.as_text(), "PATH": "/bin"}
    assert take_keys(environment) == keys
    assert environment == {"PATH": "/bin"}


def test_secrets_do_not_show_when_keys_are_printed() -> None:
    assert "hidden" not in repr(Keys(access_key_id="A", secret_access_key="hidden"))


def test_ministack_listens_nowhere_else() -> None:
    environment = ministack_environment(SETTINGS)
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == environment["SFTP_ENABLED"] == "0"
    services = set(environment["SERVICES"].split(","))
    assert not services & {"rds", "transfer", "iot", "eks", "elasticache", "dsql", "opensearch"}


def test_functions_keep_what_they_need_and_nothing_of_ministack() -> None:
    hidden = hidden_from_functions(SETTINGS)
    assert {"LOG_LEVEL", "STATE_DIR", "AUTH", "SERVICES"} <= hidden
    assert not hidden & {"AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "TMPDIR", "PATH", "HOME"}
