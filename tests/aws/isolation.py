"""A process in which nothing of this machine's own AWS configuration can be found."""

import os
import socket
from pathlib import Path

import boto3
import pytest

_OURS = ("AWS_", "DMSLAKE_", "SANDBOX_")
_ALSO = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "TERM", "no_proxy", "NO_PROXY")


def isolate(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Remove every variable that could reach an account, and point to files that do not exist."""
    for name in os.environ:
        if name.startswith(_OURS) or name in _ALSO:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def give_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials that nobody accepts but doubles."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


def session(region: str = "eu-west-1") -> boto3.Session:
    """Return a session with credentials that nobody accepts but doubles."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)


def closed_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
