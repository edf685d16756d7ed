"""Sources that are reached over TLS, and certificates that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dmslake.sandbox.certificates import Certificates, ensure_certificates
from dmslake.sandbox.dms import replication
from dmslake.sandbox.dms.replication import ConnectionFailure, SourceDatabase
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import Task
from tests.sandbox.replication.tls_front import certificates_for, tls_front


@pytest.fixture
def files(tmp_path: Path) -> Certificates:
    """Certificates for localhost and 127.0.0.1."""
    return ensure_certificates(tmp_path / "tls")


@pytest.fixture
def encrypted(database: Database, files: Certificates) -> Iterator[SourceDatabase]:
    """The database behind TLS, its authority trusted."""
    with tls_front(database.port, files) as port:
        certificate = files.authority.read_text()
        yield replace(database.source(), port=port, ssl_mode="verify-full", certificate=certificate)


def test_changes_arrive_over_tls(database: Database, task: Task, encrypted: SourceDatabase) -> None:
    database.execute("CREATE TABLE item (id int PRIMARY KEY)", "INSERT INTO item VALUES (1)")
    task.source = encrypted

    task.load()
    database.execute("INSERT INTO item VALUES (2)")
    task.catch_up()
    task.stop()

    assert [row[2] for row in task.bucket.loaded("public.item")] == ["1"]
    assert [row[2] for row in task.bucket.changed("public.item")] == ["2"]


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_every_mode_that_the_certificate_allows(encrypted: SourceDatabase, mode: str) -> None:
    replication.test_source(replace(encrypted, ssl_mode=mode))


def test_a_certificate_that_does_not_fit_is_refused(
    encrypted: SourceDatabase, tmp_path: Path
) -> None:
    strange = ensure_certificates(tmp_path / "strange").authority.read_text()

    for mode in ("verify-ca", "verify-full"):
        with pytest.raises(ConnectionFailure, match="certificate verify failed"):
            replication.test_source(replace(encrypted, ssl_mode=mode, certificate=strange))


def test_only_the_full_mode_looks_at_the_name(
    database: Database, encrypted: SourceDatabase, tmp_path: Path
) -> None:
    files = certificates_for("db.example.com", tmp_path / "named")
    with tls_front(database.port, files) as port:
        named = replace(encrypted, port=port, certificate=files.authority.read_text())

        replication.test_source(replace(named, ssl_mode="verify-ca"))
        with pytest.raises(ConnectionFailure, match="does not match host name"):
            replication.test_source(named)
