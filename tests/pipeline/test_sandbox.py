"""`dmslake sandbox`: started, killed, started again, stopped and removed."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from dmslake.sandbox import launcher
from tests.aws.isolation import isolate
from tests.cli.running import Result, run
from tests.pipeline.pipelines import until

SERVERS = {"cloud", "postgres", "dms"}


class OwnSandbox:
    """A sandbox that a test may break, driven by the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = folder.parent / "dmslake.yaml"
        self.spec.write_text(run("sandbox", "spec").out)

    def __call__(self, *arguments: str) -> Result:
        return run("--state", str(self.folder), *arguments)

    def plan(self) -> Result:
        return self("plan", "--sandbox", "-f", str(self.spec))

    def servers(self) -> dict[str, tuple[str, int | None]]:
        """Return the state and the process of each server."""
        found = self("sandbox", "status", "--json").document["data"]["servers"]
        return {server["name"]: (server["state"], server["pid"]) for server in found}

    def kill(self, name: str) -> None:
        _, pid = self.servers()[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(self.servers, lambda seen: seen[name][0] == "stopped")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OwnSandbox]:
    isolate(monkeypatch, tmp_path)
    found = OwnSandbox(tmp_path / "sandbox")
    yield found
    launcher.destroy(found.folder)


def test_the_life_of_a_sandbox(own: OwnSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    started = own("sandbox", "start")
    assert (started.code, started.out) == (0, f"the sandbox is running in {own.folder}\n")
    assert "cloud: listens on 127.0.0.1:" in started.err
    again = own("sandbox", "start", "--json")
    assert again.document["data"]["was_running"] is True
    assert {state for state, _ in own.servers().values()} == {"running"}
    _leads_other_tools_to_it(own, monkeypatch)

    stopped = own("sandbox", "stop")
    assert (stopped.code, stopped.out) == (0, f"the sandbox in {own.folder} is stopped\n")
    assert own.servers() == dict.fromkeys(SERVERS, ("stopped", None))
    _refused(own)
    assert own("sandbox", "start", "--region", "us-east-1").code == 1
    assert own("sandbox", "reset", "--yes").code == 0
    assert not own.folder.exists()


def _leads_other_tools_to_it(own: OwnSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = own("sandbox", "env").out.splitlines()
    assert all(line.startswith("export ") for line in lines)
    with monkeypatch.context() as environment:
        for line in lines:
            (setting,) = shlex.split(line.removeprefix("export "))
            name, _, value = setting.partition("=")
            environment.setenv(name, value)
        tools = boto3.Session()
        assert tools.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert tools.client("dms").describe_account_attributes()["AccountQuotas"]


def _refused(own: OwnSandbox) -> None:
    found = own.plan()
    assert found.code == 1
    assert found.err.startswith(f"error: the sandbox in {own.folder} does not run\n")
    assert "  fix: dmslake sandbox start" in found.err


def test_servers_that_die_are_told_and_started_again(own: OwnSandbox) -> None:
    assert own("sandbox", "start", "-q").code == 0
    for name in ("dms", "cloud"):
        own.kill(name)
        _refused(own)
    again = own("sandbox", "start")
    assert again.code == 0
    for name in ("dms", "cloud"):
        assert f"  {name}: listens on" in again.err
    assert own.plan().code == 0
