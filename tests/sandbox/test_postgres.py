"""The embedded PostgreSQL is one that DMS can replicate from, with no more rights than needed."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from psycopg2 import errors, extras

from dmslake.errors import SandboxError
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.postgres import Postgres, binaries, reason_in

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - it is a class


@pytest.fixture
def unmade(tmp_path: Path) -> Postgres:
    """A server whose database does not exist yet."""
    return Postgres(
        folder=tmp_path / "postgres", port=0, superuser_password="s", source_password="p"
    )


@pytest.fixture
def cursor(sandbox: Sandbox) -> Iterator[Cursor]:
    """A session of the user that DMS and the demo use."""
    source = sandbox.source
    connection = psycopg2.connect(
        host=source.host, port=source.port, dbname=source.database,
        user=source.username, password=source.password,
    )  # fmt: skip
    connection.autocommit = True
    with closing(connection), connection.cursor() as opened:
        yield opened


def value(cursor: Cursor, text: str) -> object:
    cursor.execute(text)
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def test_it_is_made_for_logical_replication(cursor: Cursor) -> None:
    assert value(cursor, "SHOW wal_level") == "logical"
    assert int(str(value(cursor, "SHOW max_replication_slots"))) >= 20
    assert int(str(value(cursor, "SHOW max_wal_senders"))) >= 20


def test_it_speaks_utf_8_in_utc(cursor: Cursor) -> None:
    assert value(cursor, "SHOW server_encoding") == "UTF8"
    assert value(cursor, "SHOW timezone") == "UTC"
    assert value(cursor, "SELECT lower('ÄÖ') || upper('ñ😀')") == "äöÑ😀"


def test_the_user_of_dms_is_no_superuser_and_may_replicate_its_tables(
    sandbox: Sandbox, cursor: Cursor
) -> None:
    assert value(cursor, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    cursor.execute("CREATE TABLE rights (id int PRIMARY KEY)")
    cursor.execute("CREATE PUBLICATION rights FOR TABLE rights")
    source = sandbox.source
    replication = psycopg2.connect(
        host=source.host, port=source.port, dbname=source.database, user=source.username,
        password=source.password, connection_factory=extras.LogicalReplicationConnection,
    )  # fmt: skip
    with closing(replication), replication.cursor() as stream:
        stream.create_replication_slot("rights", output_plugin="pgoutput")
        stream.drop_replication_slot("rights")
    cursor.execute("DROP PUBLICATION rights")
    cursor.execute("DROP TABLE rights")


def test_the_user_of_dms_reads_everything_and_changes_only_its_own(cursor: Cursor) -> None:
    assert value(cursor, "SELECT pg_has_role(current_user, 'pg_read_all_data', 'USAGE')") is True
    with pytest.raises(errors.InsufficientPrivilege):
        cursor.execute("CREATE ROLE another")
    with pytest.raises(errors.InsufficientPrivilege):
        cursor.execute("COPY (SELECT 1) TO PROGRAM 'true'")


@pytest.mark.parametrize("user", ["dms", "postgres"])
def test_nobody_gets_in_with_a_wrong_password(sandbox: Sandbox, user: str) -> None:
    source = sandbox.source
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=source.host, port=source.port, dbname=source.database, user=user, password="x"
        )


def test_the_password_was_not_left_on_disk(sandbox: Sandbox) -> None:
    folder = sandbox.folder / "postgres"
    assert {path.name for path in folder.iterdir()} == {"data", "postgres.log"}
    assert sandbox.source.password not in (folder / "postgres.log").read_text()


def test_a_database_that_cannot_be_made_is_explained(unmade: Postgres) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(SandboxError, match="database could not be made") as caught:
            unmade.prepare()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.why.startswith("could not ")
    assert str(unmade.folder) in caught.value.fix
    assert {path.name for path in unmade.folder.iterdir()} == {"data.new"}
    unmade.prepare()
    assert {path.name for path in unmade.folder.iterdir()} == {"data"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_without_setpriv_is_told_what_to_do(
    unmade: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxError, match="cannot be started by root") as caught:
        unmade.program()
    assert "ordinary user" in caught.value.fix


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("initdb: error: cannot be run as root\ninitdb: hint: log in", "cannot be run as root"),
        ("x [1] FATAL:  could not write\nx [1] HINT:  Check free", "could not write"),
        ("setpriv: activate capabilities: Operation not permitted\n\n",
         "setpriv: activate capabilities: Operation not permitted"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_reason_is_found_in_what_a_program_says(output: str, reason: str) -> None:
    assert reason_in(output) == reason


def test_the_newest_version_makes_a_new_database(tmp_path: Path) -> None:
    assert (binaries(tmp_path / "data") / "initdb").exists()


def test_data_of_another_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(SandboxError, match="cannot be started") as caught:
        binaries(tmp_path)
    assert "made by PostgreSQL 9" in caught.value.why
    assert "dmslake sandbox reset" in caught.value.fix


def test_data_of_an_older_version_that_is_there_too_is_served_by_it(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")
    assert binaries(tmp_path) != binaries(tmp_path / "data")
