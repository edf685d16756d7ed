from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.records import Endpoint, StoredCheckpoint, StoredStatistics, Task
from dmslake.sandbox.dms.replication.model import TableState, TableStatistics
from dmslake.sandbox.dms.store import FOLDERS, Store

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def endpoint(name: str = "e") -> Endpoint:
    return Endpoint(
        arn=f"arn:{name}",
        region="eu-west-1",
        name=name,
        status="active",
        created=NOW,
        type="source",
        engine="postgres",
        attributes={"Port": 5432},
        settings={"HeartbeatEnable": True},
        secrets={"Password": "hunter2-secret"},
    )


def test_what_is_put_is_there_after_a_crash(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(endpoint())
    store.close()

    again = Store(tmp_path)

    assert again.get(Endpoint, "arn:e") == endpoint()
    assert again.all(Endpoint) == [endpoint()]
    again.close()


def test_what_is_removed_stays_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(endpoint())
    store.remove(Endpoint, "arn:e")
    store.remove(Endpoint, "arn:e")
    store.close()

    again = Store(tmp_path)
    assert again.all(Endpoint) == []
    again.close()


def test_a_write_that_was_cut_off_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(endpoint())
    store.close()
    written = next((tmp_path / "endpoints").glob("*.json"))
    cut = written.with_suffix(".new")
    cut.write_bytes(written.read_bytes()[:20])

    again = Store(tmp_path)

    assert again.all(Endpoint) == [endpoint()]
    assert not cut.exists()
    again.close()


def test_a_file_of_another_version_is_named(tmp_path: Path) -> None:
    Store(tmp_path).close()
    (tmp_path / "tasks" / "x.json").write_text("{}")

    with pytest.raises(SandboxError, match=r"x\.json") as caught:
        Store(tmp_path)
    assert caught.value.fix


def test_two_processes_cannot_share_a_directory(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(SandboxError, match="another process"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_nobody_else_can_read_the_passwords(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    store.put(endpoint())
    store.close()

    for path in (tmp_path / "state").rglob("*"):
        forbidden = stat.S_IRWXG | stat.S_IRWXO
        assert path.name == "lock" or not path.stat().st_mode & forbidden, path


def test_a_record_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(endpoint())


def test_every_kind_of_record_has_a_folder() -> None:
    assert {Task, StoredCheckpoint, StoredStatistics} < set(FOLDERS)
    assert len(set(FOLDERS.values())) == len(FOLDERS)


@settings(deadline=None)
@given(
    st.builds(
        StoredStatistics,
        task_arn=st.text(),
        tables=st.lists(
            st.builds(
                TableStatistics,
                schema=st.text(),
                table=st.text(),
                state=st.sampled_from(TableState),
                inserts=st.integers(),
                full_load_started=st.none() | st.datetimes(timezones=st.just(UTC)),
            )
        ).map(tuple),
        progress=st.none(),
    )
)
def test_statistics_survive_their_file(statistics: StoredStatistics) -> None:
    adapter = TypeAdapter(StoredStatistics)

    assert adapter.validate_json(adapter.dump_json(statistics)) == statistics
