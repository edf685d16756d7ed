"""A sandbox starts once, keeps what is in it, recovers from any crash, and leaves nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox import launcher, processes
from dmslake.sandbox.events import Event, Ready, Recovering, Starting, Stopped, Stopping, ignore
from dmslake.sandbox.model import Sandbox, ServerState
from dmslake.sandbox.processes import wait_until
from dmslake.sandbox.record import FILE, Keys, Source, read_record, write_record
from tests.sandbox.calls import Calls
from tests.sandbox.leftovers import listening_addresses, processes_of

Heard = tuple[list[Event], Callable[[Event], None]]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a sandbox of the test's own; nothing of it is left afterwards."""
    path = tmp_path / "a sandbox"
    yield path
    launcher.destroy(path)
    assert processes_of(path) == []


class Hurried:
    """A clock on which ten seconds pass in one."""

    def now(self) -> float:
        return time.monotonic() * 10

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds / 10)


def pids(folder: Path) -> dict[str, int]:
    return {one.name: one.pid or 0 for one in launcher.status(folder).servers}


def query(source: Source, text: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(
        host=source.host, port=source.port, dbname=source.database,
        user=source.username, password=source.password,
    )  # fmt: skip
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else []


def test_a_life(folder: Path, heard: Heard) -> None:
    events, listen = heard
    assert launcher.status(folder).servers == ()
    assert not launcher.stop(folder)

    started = launcher.start(folder, on_event=listen)
    assert not started.was_running
    assert all(isinstance(event, Starting | Ready) for event in events)
    assert [event.server for event in events if isinstance(event, Starting)] == [
        "cloud", "postgres", "dms",
    ]  # fmt: skip

    status = launcher.status(folder)
    assert status.is_running
    assert status.sandbox == replace(started, was_running=True)

    events.clear()
    again = launcher.start(folder, on_event=listen)
    assert again == replace(started, was_running=True)
    assert all(isinstance(event, Ready) for event in events)

    events.clear()
    assert launcher.stop(folder, on_event=listen)
    assert [event.server for event in events if isinstance(event, Stopped)] == [
        "dms", "postgres", "cloud",
    ]  # fmt: skip
    assert processes_of(folder) == []
    assert {one.state for one in launcher.status(folder).servers} == {ServerState.STOPPED}
    assert launcher.stop(folder)

    assert launcher.destroy(folder)
    assert not folder.exists()
    assert not launcher.destroy(folder)


def test_what_is_in_it_survives_a_stop(folder: Path) -> None:
    first = launcher.start(folder)
    calls = Calls(first)
    bucket, role = calls.bucket(), calls.role()
    function = calls.function(role)
    calls.s3.put_object(Bucket=bucket, Key="a/b c", Body=b"kept", Metadata={"m": "1"})
    query(first.source, "CREATE TABLE kept AS SELECT 42 AS answer")
    launcher.stop(folder)

    second = launcher.start(folder)
    assert replace(second, was_running=False) == first
    calls = Calls(second)
    answer = calls.s3.get_object(Bucket=bucket, Key="a/b c")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"kept", {"m": "1"})
    assert calls.iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["Arn"] == role
    assert calls.functions.invoke(FunctionName=function, Payload=b"{}")["StatusCode"] == 200
    assert query(second.source, "SELECT answer FROM kept") == [(42,)]


@pytest.mark.parametrize(
    "killed", [("cloud",), ("postgres",), ("dms",), ("cloud", "postgres", "dms")]
)
def test_killed_servers_come_back_with_what_they_had(
    folder: Path, heard: Heard, killed: tuple[str, ...]
) -> None:
    events, listen = heard
    first = launcher.start(folder)
    calls = Calls(first)
    bucket, role = calls.bucket(), calls.role()
    calls.s3.put_object(Bucket=bucket, Key="a", Body=b"kept")
    query(first.source, "CREATE TABLE kept AS SELECT 42 AS answer")
    # The cloud saves a role within a quarter of a second; it is on disk then.
    saved = folder / "cloud/state/iam.json"
    assert wait_until(lambda: role in saved.read_text(), 10)
    before = pids(folder)
    for name in killed:
        os.kill(before[name], signal.SIGKILL)
    assert wait_until(
        lambda: {one.name for one in launcher.status(folder).servers
                 if one.state is ServerState.STOPPED} == set(killed), 10
    )  # fmt: skip

    second = launcher.start(folder, on_event=listen)
    assert second == first
    recovered = {event.server for event in events if isinstance(event, Recovering)}
    assert recovered == set(killed)
    after = pids(folder)
    assert {name for name in after if after[name] != before[name]} == set(killed)
    calls = Calls(second)
    assert calls.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"kept"
    assert calls.iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["Arn"] == role
    assert query(second.source, "SELECT answer FROM kept") == [(42,)]


def test_who_acts_as_a_role_goes_on_after_a_crash(folder: Path) -> None:
    calls = Calls(launcher.start(folder))
    role = calls.role("dms.amazonaws.com")
    calls.allow(role, "*", "s3:ListAllMyBuckets")
    record = read_record(folder)
    assert record is not None
    answer = calls.client("sts", record.service).assume_role(RoleArn=role, RoleSessionName="dms")
    given = answer["Credentials"]
    keys = Keys(access_key_id=given["AccessKeyId"], secret_access_key=given["SecretAccessKey"])
    saved = folder / "cloud/state/sts.json"
    assert wait_until(lambda: saved.exists() and keys.access_key_id in saved.read_text(), 10)
    os.kill(pids(folder)["cloud"], signal.SIGKILL)
    calls = Calls(launcher.start(folder))
    assert calls.client("s3", keys, given["SessionToken"]).list_buckets()["Buckets"] == []


def test_an_event_that_was_accepted_is_delivered_after_a_crash(folder: Path) -> None:
    calls = Calls(launcher.start(folder))
    bucket = calls.bucket()
    role = calls.role()
    calls.allow(role, f"arn:aws:s3:::{bucket}/*", "s3:PutObject")
    code = f"""
import boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket="{bucket}", Key="done", Body=b"")
"""
    function = calls.function(role, code)
    assert wait_until(lambda: function in (folder / "cloud/state/lambda.json").read_text(), 10)
    assert wait_until(lambda: bucket in (folder / "cloud/state/iam.json").read_text(), 10)
    # Its process has to start first, so it cannot be done when the cloud is killed.
    calls.functions.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    os.kill(pids(folder)["cloud"], signal.SIGKILL)
    assert list((folder / "cloud/invocations").iterdir())

    calls = Calls(launcher.start(folder))
    assert wait_until(lambda: "Contents" in calls.s3.list_objects_v2(Bucket=bucket), 30)


def test_a_stop_lets_running_functions_come_to_their_end(folder: Path) -> None:
    calls = Calls(launcher.start(folder))
    bucket, role = calls.bucket(), calls.role()
    calls.allow(role, f"arn:aws:s3:::{bucket}/*", "s3:PutObject")
    code = f"""
import boto3, time

def handler(event, context):
    time.sleep(1)
    boto3.client("s3").put_object(Bucket="{bucket}", Key=context.aws_request_id, Body=b"")
"""
    function = calls.function(role, code)
    calls.functions.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    assert wait_until(lambda: bool(processes_of(folder / "cloud/tmp")), 10)
    launcher.stop(folder)
    assert list((folder / "cloud/invocations").iterdir()) == []
    calls = Calls(launcher.start(folder))
    assert len(calls.s3.list_objects_v2(Bucket=bucket)["Contents"]) == 1


def test_a_function_does_not_outlive_its_cloud(folder: Path) -> None:
    calls = Calls(launcher.start(folder))
    code = "import time\n\ndef handler(event, context):\n    time.sleep(60)\n"
    function = calls.function(calls.role(), code)
    calls.functions.update_function_configuration(FunctionName=function, Timeout=100)
    calls.functions.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    assert wait_until(lambda: bool(processes_of(folder / "cloud/tmp")), 10)
    os.kill(pids(folder)["cloud"], signal.SIGKILL)
    running = processes_of(folder / "cloud/tmp")
    launcher.start(folder)
    assert not set(running) & set(processes_of(folder / "cloud/tmp"))


def test_a_server_that_does_not_answer_is_replaced(folder: Path, heard: Heard) -> None:
    events, listen = heard
    launcher.start(folder)
    before = pids(folder)
    os.kill(before["dms"], signal.SIGSTOP)
    found = {one.name: one.state for one in launcher.status(folder).servers}
    assert found["dms"] is ServerState.SILENT
    launcher.start(folder, on_event=listen, clock=Hurried())
    assert [event.server for event in events if isinstance(event, Recovering)] == ["dms"]
    assert pids(folder)["dms"] != before["dms"]
    assert launcher.status(folder).is_running


def test_new_delays_restart_only_the_service_they_are_for(folder: Path) -> None:
    launcher.start(folder)
    before = pids(folder)
    launcher.start(folder, delays={"task_start": 0.1})
    after = pids(folder)
    assert {name for name in after if after[name] != before[name]} == {"dms"}
    launcher.start(folder)
    assert pids(folder) == after
    launcher.start(folder, delays={"task_start": 0.1, "iam": 0.1})
    last = pids(folder)
    assert {name for name in last if last[name] != after[name]} == {"cloud"}


def test_servers_that_nobody_remembers_are_found(folder: Path, heard: Heard) -> None:
    events, listen = heard
    launcher.start(folder)
    before = pids(folder)
    record = read_record(folder)
    assert record is not None
    # As if the start had been killed before it could write down what it had spawned.
    write_record(folder, record.model_copy(update={"servers": {}}))
    launcher.start(folder, on_event=listen)
    recovered = [event.server for event in events if isinstance(event, Recovering)]
    assert recovered == ["cloud", "postgres", "dms"]
    assert not {pid for pid in before.values() if processes.started_at(pid)}


def test_a_process_id_that_was_handed_out_again_is_left_alone(folder: Path) -> None:
    launcher.start(folder)
    launcher.stop(folder)
    record = read_record(folder)
    assert record is not None
    own = {"pid": os.getpid(), "started": "at another time", "settings": ""}
    stale = type(record).model_validate(
        {**record.model_dump(), "servers": dict.fromkeys(("cloud", "postgres", "dms"), own)}
    )
    write_record(folder, stale)
    (folder / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n")
    launcher.start(folder)
    assert launcher.status(folder).is_running
    assert launcher.stop(folder)


def test_a_taken_port_is_told_and_nothing_is_left_running(folder: Path) -> None:
    launcher.start(folder)
    launcher.stop(folder)
    port = launcher.status(folder).servers[2].port
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(SandboxError, match="the sandbox's dms cannot be started") as caught:
            launcher.start(folder)
        assert str(port) in caught.value.why
        assert f"lsof -i :{port}" in caught.value.fix
        assert processes_of(folder) == []
    launcher.start(folder)


def test_a_server_that_ends_at_its_start_is_quoted(folder: Path) -> None:
    launcher.start(folder)
    launcher.stop(folder)
    (folder / "postgres/data/global/pg_control").write_bytes(b"nonsense")
    with pytest.raises(SandboxError, match="the sandbox's postgres could not be started") as caught:
        launcher.start(folder)
    assert "it ended while it started; its log ends with" in caught.value.why
    assert "pg_control" in caught.value.why
    assert str(folder / "postgres/postgres.log") in caught.value.fix
    assert processes_of(folder) == []


def test_an_unfinished_database_is_made_anew(folder: Path) -> None:
    (folder / "postgres/data.new/base").mkdir(parents=True)
    (folder / "postgres/data.new/PG_VERSION").write_text("18\n")
    (folder / FILE).unlink(missing_ok=True)
    with pytest.raises(SandboxError):
        launcher.start(folder / "postgres")
    assert query(launcher.start(folder).source, "SELECT 1") == [(1,)]


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(SandboxError, match="cannot hold a sandbox") as caught:
        launcher.start(tmp_path)
    assert "thesis.txt" in caught.value.why
    assert not launcher.destroy(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "irreplaceable"


def test_what_is_not_the_sandbox_s_is_not_removed(folder: Path) -> None:
    launcher.start(folder)
    (folder / "notes.txt").write_text("mine")
    assert launcher.destroy(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_damaged_sandbox_can_be_removed_with_its_servers(folder: Path) -> None:
    launcher.start(folder)
    (folder / FILE).write_text('{"format": 1')
    for command in (launcher.start, launcher.status, launcher.stop):
        with pytest.raises(SandboxError, match="is damaged"):
            command(folder)
    assert launcher.destroy(folder)
    assert processes_of(folder) == []
    assert not folder.exists()


def test_another_region_is_another_sandbox(folder: Path) -> None:
    assert launcher.start(folder, region="eu-north-1").region == "eu-north-1"
    with pytest.raises(SandboxError, match="cannot be started in us-east-1") as caught:
        launcher.start(folder, region="us-east-1")
    assert "eu-north-1" in caught.value.why
    assert launcher.start(folder).region == "eu-north-1"


def test_with_a_database_of_the_user_s_own_there_is_no_postgres(
    folder: Path, sandbox: Sandbox, heard: Heard
) -> None:
    events, listen = heard
    launcher.start(folder)
    started = launcher.start(folder, external_source=sandbox.source, on_event=listen)
    assert [event.server for event in events if isinstance(event, Stopping)] == ["postgres"]
    assert started.source == sandbox.source
    assert set(pids(folder)) == {"cloud", "dms"}
    assert launcher.start(folder, on_event=ignore).source == sandbox.source


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells who listens")
def test_everything_listens_on_loopback_only(sandbox: Sandbox) -> None:
    # The cloud has run functions and queries by now, if other tests came first; here it must.
    calls = Calls(sandbox)
    calls.functions.invoke(FunctionName=calls.function(calls.role()), Payload=b"{}")
    addresses = listening_addresses(sandbox.folder)
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    ports = {one.port for one in launcher.status(sandbox.folder).servers}
    assert {port for _, port in addresses} == ports


def test_secrets_are_readable_by_their_owner_only(sandbox: Sandbox) -> None:
    assert sandbox.folder.stat().st_mode & 0o077 == 0
    record = read_record(sandbox.folder)
    assert record is not None
    for secret in (record.administrator.secret_access_key, record.superuser_password):
        for path in sandbox.folder.rglob("*.json"):
            if path.is_file() and secret in path.read_text(errors="replace"):
                assert path in {
                    sandbox.folder / FILE, sandbox.folder / "cloud/state/iam.json",
                }  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", ".cache/dmslake/sandbox"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", ".cache/dmslake/sandbox"),
        ({"XDG_CACHE_HOME": "/elsewhere"}, "darwin", "Library/Caches/dmslake/sandbox"),
    ],
)
def test_the_default_folder_is_below_the_user_s_cache(
    environment: dict[str, str], platform: str, expected: str
) -> None:
    assert launcher.default_folder(environment, platform) == Path.home() / expected


def test_the_cache_folder_can_be_named() -> None:
    found = launcher.default_folder({"XDG_CACHE_HOME": "/elsewhere"}, "linux")
    assert found == Path("/elsewhere/dmslake/sandbox")
