"""What a user finds without reading anything else."""

from __future__ import annotations

import json
import sys

import click
import pytest

from dmslake import __version__
from dmslake.cli.main import COMMANDS, dmslake
from tests.cli.running import Cli, run

SANDBOX = ("start", "stop", "status", "env", "spec", "reset")


def test_help_lists_every_command_with_a_line(cli: Cli) -> None:
    found = cli("--help")
    assert found.code == 0
    listed = {line.split()[0] for line in found.out.partition("Commands:")[2].splitlines() if line}
    assert listed >= set(COMMANDS)
    for _, line in COMMANDS.values():
        assert line in found.out


@pytest.mark.parametrize(
    "command", [(name,) for name in COMMANDS] + [("sandbox", s) for s in SANDBOX]
)
def test_every_command_says_what_it_does(cli: Cli, command: tuple[str, ...]) -> None:
    for option in ("--help", "-h"):
        found = cli(*command, option)
        assert found.code == 0, found
        assert f"Usage: dmslake {' '.join(command)} [OPTIONS]" in found.out
        assert "--json" in found.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_agrees_with_its_own_help(name: str) -> None:
    command = dmslake.get_command(click.Context(dmslake), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert command.help[0].isupper()
    assert all(
        parameter.help for parameter in command.params if isinstance(parameter, click.Option)
    )


def test_the_sandbox_lists_its_commands(cli: Cli) -> None:
    found = cli("sandbox", "--help")
    for name in SANDBOX:
        assert f"\n  {name} " in found.out


def test_no_command_at_all_shows_the_help() -> None:
    found = run()
    assert found.code == 2
    assert "Commands:" in found.err
    assert found.out == ""


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(cli: Cli, option: str) -> None:
    assert cli(option).out == f"dmslake {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "meant"), [("plen", "plan"), ("statsu", "status"), ("sandbx", "sandbox")]
)
def test_an_unknown_command_names_the_one_that_was_meant(cli: Cli, typed: str, meant: str) -> None:
    found = cli(typed)
    assert found.code == 2
    assert f"there is no command {typed}; did you mean {meant}?" in found.err
    assert found.out == ""


def test_an_unknown_command_that_is_like_none(cli: Cli) -> None:
    found = cli("terraform")
    assert found.code == 2
    assert "there is no command terraform\n" in found.err
    assert "did you mean" not in found.err


def test_an_unknown_option(cli: Cli) -> None:
    found = cli("plan", "--filee", "x")
    assert found.code == 2
    assert "--filee" in found.err


@pytest.mark.parametrize("way", [{"DMSLAKE_JSON": "1"}, {}], ids=["variable", "option"])
def test_usage_errors_are_json_too(way: dict[str, str]) -> None:
    arguments = ["plan", "--nope", *([] if way else ["--json"])]
    found = run(*arguments, **way)
    assert found.code == 2
    assert found.err == ""
    error = found.document["error"]
    assert error["code"] == "usage"
    assert "--nope" in error["what"]
    assert error["fix"]


LOADED = """
import json, sys
from dmslake.cli.main import main
try:
    main()
finally:
    heavy = {"boto3", "botocore", "pydantic", "rich", "yaml", "psycopg2", "ministack"}
    print(json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plen"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    import subprocess  # noqa: PLC0415 - only here

    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_the_module_is_the_command() -> None:
    found = run("--help")
    assert found.code == 0
    assert found.out.startswith("Usage: dmslake [OPTIONS] COMMAND")
