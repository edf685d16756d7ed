"""What a sandbox remembers survives, is private, and is never half written."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox.record import FILE, Source, Spawned, new_record, read_record, write_record


@contextmanager
def full_disk() -> Iterator[None]:
    """Let writes fail as they do on a full disk: no file may grow.

    Only around the write itself: the test runner's own output may be a file, too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    source = Source(host="db.example.com", port=5432, database="d", username="u", password="p")
    record = new_record("eu-north-1").model_copy(
        update={
            "external_source": source,
            "delays": {"task_start": 0.5},
            "ports": {"cloud": 20_000},
            "servers": {"cloud": Spawned(pid=1, started="then", settings="a\0b")},
        }
    )
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


def test_there_is_no_record_where_there_is_no_sandbox(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    assert read_record(tmp_path / "nowhere") is None


def test_a_record_is_private_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_record(tmp_path, new_record("eu-west-1"))
    write_record(tmp_path, new_record("eu-west-1"))
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_two_sandboxes_have_no_secret_in_common() -> None:
    one, other = new_record("eu-west-1"), new_record("eu-west-1")
    secrets = [
        {
            record.administrator.secret_access_key,
            record.administrator.access_key_id,
            record.service.secret_access_key,
            record.superuser_password,
            record.source_password,
        }
        for record in (one, other)
    ]
    assert len(secrets[0] | secrets[1]) == 10


def test_secrets_do_not_show_when_a_record_is_printed() -> None:
    record = new_record("eu-west-1")
    for secret in (record.administrator.secret_access_key, record.superuser_password):
        assert secret not in repr(record)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', json.dumps({"format": 2, "region": "x"})]
)
def test_a_damaged_record_is_told_with_a_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SandboxError, match="is damaged") as caught:
        read_record(tmp_path)
    assert "dmslake sandbox reset" in caught.value.fix


def test_a_full_disk_leaves_the_old_record_as_it_was(tmp_path: Path) -> None:
    old = new_record("eu-west-1")
    write_record(tmp_path, old)
    with pytest.raises(SandboxError, match="cannot write to") as caught, full_disk():
        write_record(tmp_path, new_record("eu-west-1"))
    assert "free space" in caught.value.fix
    assert read_record(tmp_path) == old
