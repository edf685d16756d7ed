"""`dmslake sandbox` where there is none; with one it is tested in tests/pipeline."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from dmslake.cli.options import Settings
from dmslake.cli.sandbox import _line, folder_of
from dmslake.sandbox import events
from dmslake.sandbox.launcher import default_folder
from tests.cli.running import Cli

NONE = ("--state", "nowhere")


def test_the_status_of_none(cli: Cli) -> None:
    found = cli("sandbox", "status", *NONE)
    assert (found.code, found.out) == (0, f"no sandbox in {Path('nowhere').resolve()}\n")
    document = cli("sandbox", "status", *NONE, "--json").document
    assert document["command"] == "sandbox status"
    assert document["data"] == {
        "folder": str(Path("nowhere").resolve()), "running": False, "servers": [],
    }  # fmt: skip


def test_stopping_none_is_no_error(cli: Cli) -> None:
    found = cli("sandbox", "stop", *NONE)
    assert (found.code, found.out) == (0, "no sandbox in nowhere\n")


def test_resetting_none_is_no_error(cli: Cli) -> None:
    found = cli("sandbox", "reset", *NONE, "--yes")
    assert (found.code, found.out) == (0, "no sandbox in nowhere\n")


def test_resetting_asks(cli: Cli) -> None:
    found = cli("sandbox", "reset", *NONE)
    assert found.code == 2
    assert "--yes" in found.err


def test_there_is_no_environment_of_none(cli: Cli) -> None:
    found = cli("sandbox", "env", *NONE)
    assert (found.code, found.out) == (1, "")
    assert "dmslake sandbox start" in found.err


def test_the_spec_is_yaml_and_says_so_as_json(cli: Cli) -> None:
    text = cli("sandbox", "spec").out
    assert yaml.safe_load(text)["name"] == "shop"
    assert cli("sandbox", "spec", "--json").document["data"]["spec"] == text


def test_the_folder() -> None:
    assert folder_of(Settings()) == default_folder()
    assert folder_of(Settings(state=Path("x"))) == Path("x")


def test_a_folder_with_other_things_is_left_alone(cli: Cli) -> None:
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("years of work")
    found = cli("sandbox", "start", "--state", "full")
    assert found.code == 1
    assert "cannot hold a sandbox" in found.err
    assert Path("full/thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Waiting(server="dms", why="another start"), "  dms: waiting: another start"),
        (events.Recovering(server="dms", why="a crash"), "  dms: recovering: a crash"),
        (
            events.Ready(server="dms", port=23161, elapsed=0.4),
            "  dms: listens on 127.0.0.1:23161 (0.4 s)",
        ),
        (events.Ready(server="dms", port=23161, elapsed=0), ""),
        (events.Stopped(server="dms", elapsed=1.23), "  dms: stopped (1.2 s)"),
        (events.Starting(server="dms", port=23161, pid=7), ""),
        (events.Stopping(server="dms"), ""),
    ],
)
def test_what_is_said_of_a_server(event: events.Event, line: str) -> None:
    assert _line(event) == line


@pytest.mark.parametrize("command", [("plan", "--sandbox"), ("sandbox", "start"), ("demo",)])
def test_without_its_packages_it_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "ministack", None)
    found = cli(*command, "--state", "nowhere")
    assert found.code == 1
    assert "error: the sandbox is not installed\n  why: ministack" in found.err
    assert "pip install 'dmslake[sandbox]'" in found.err
    assert not Path("nowhere").exists()
