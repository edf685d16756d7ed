"""Where errors end: what, why and how to fix it, in text and in JSON, and never a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dmslake.cli.command import run
from dmslake.cli.options import Settings, remember, shared_options
from dmslake.cli.report import Report
from dmslake.cli.terminal import Terminal
from dmslake.errors import (
    AccessError,
    ApplyError,
    CloudError,
    ConflictError,
    DifferenceError,
    DmslakeError,
    LockedError,
    NotFoundError,
    RefusedError,
    SandboxError,
    StaleError,
    StoppedError,
    UnhealthyError,
    UsageError,
    WaitError,
)
from tests.aws.isolation import closed_port, give_credentials
from tests.cli.running import Cli, Result

Body = Callable[[Settings, Terminal], Report]


def command(body: Body, *options: str) -> Result:
    """Run a body as `dmslake probe` would."""

    @click.group()
    @shared_options
    @click.pass_context
    def group(ctx: click.Context, /, **given: object) -> None:
        remember(ctx, given)

    @group.command("probe")
    @shared_options
    @click.pass_context
    def probe(ctx: click.Context, /, **given: object) -> None:
        run(ctx, given, body)

    done = CliRunner().invoke(group, ["probe", *options], prog_name="dmslake")
    return Result(done.exit_code, done.stdout, done.stderr)


def raising(error: BaseException) -> Body:
    def body(_: Settings, terminal: Terminal) -> Report:
        terminal.data("begun")
        raise error

    return body


ERRORS: list[tuple[type[DmslakeError], str, int]] = [
    (DmslakeError, "error", 1),
    (UsageError, "usage", 2),
    (CloudError, "cloud", 1),
    (AccessError, "access", 1),
    (NotFoundError, "not_found", 1),
    (ConflictError, "conflict", 1),
    (LockedError, "locked", 1),
    (StaleError, "stale", 1),
    (RefusedError, "refused", 1),
    (WaitError, "wait", 1),
    (ApplyError, "apply", 1),
    (SandboxError, "sandbox", 1),
    (DifferenceError, "difference", 4),
    (UnhealthyError, "unhealthy", 5),
    (StoppedError, "interrupted", 130),
]


@pytest.mark.parametrize(("kind", "code", "exit_code"), ERRORS, ids=[e[1] for e in ERRORS])
def test_an_error_as_text_and_as_json(kind: type[DmslakeError], code: str, exit_code: int) -> None:
    error = kind("a [bold]thing[/bold] failed", why="it :boom: broke", fix="mend it")
    as_text = command(raising(error))
    assert as_text == Result(
        exit_code,
        "begun\n",
        "error: a [bold]thing[/bold] failed\n  why: it :boom: broke\n  fix: mend it\n",
    )
    as_json = command(raising(error), "--json")
    assert (as_json.code, as_json.err) == (exit_code, "")
    assert as_json.document == {
        "format_version": 1,
        "command": "probe",
        "ok": False,
        "data": {},
        "warnings": [],
        "error": {
            "code": code,
            "what": "a [bold]thing[/bold] failed",
            "why": "it :boom: broke",
            "fix": "mend it",
        },
    }


def test_what_is_empty_is_left_out() -> None:
    assert command(raising(DmslakeError("only this"))).err == "error: only this\n"


def test_a_long_line_is_not_broken_off_a_terminal() -> None:
    why = "word " * 100
    assert f"  why: {why.strip()}\n" in command(raising(DmslakeError("x", why=why.strip()))).err


SECRET = "hunter2-hunter2"


def test_a_bug_is_ours_and_shows_neither_traceback_nor_its_text() -> None:
    found = command(raising(ZeroDivisionError(SECRET)))
    assert found.code == 1
    assert "error: something went wrong that should not be able to" in found.err
    assert "ZeroDivisionError in " in found.err
    assert "report what it prints as a bug" in found.err
    assert "Traceback" not in found.err
    assert SECRET not in found.out + found.err


def test_a_bug_shows_its_traceback_when_asked() -> None:
    found = command(raising(ZeroDivisionError("told")), "--debug")
    assert "Traceback (most recent call last)" in found.err
    assert "ZeroDivisionError: told" in found.err
    assert "error: something went wrong" in found.err


def test_a_bug_is_json_too() -> None:
    error = command(raising(KeyError(SECRET)), "--json").document["error"]
    assert error["code"] == "unexpected"
    assert SECRET not in json.dumps(error)


def test_an_error_of_ours_shows_a_traceback_only_when_asked() -> None:
    error = DmslakeError("x")
    assert "Traceback" not in command(raising(error)).err
    assert "Traceback" in command(raising(error), "--debug").err


def test_ctrl_c_is_told_and_has_its_code() -> None:
    found = command(raising(KeyboardInterrupt()))
    assert (found.code, found.err) == (
        130, "error: interrupted\n  fix: run the same command again\n",
    )  # fmt: skip
    assert (
        command(raising(KeyboardInterrupt()), "--json").document["error"]["code"] == "interrupted"
    )


def test_clicks_own_errors_stay_clicks() -> None:
    found = command(raising(click.UsageError("not like this")))
    assert found.code == 2
    assert "Error: not like this" in found.err


def test_the_exit_code_of_a_report_counts_where_there_is_no_error() -> None:
    assert command(lambda *_: Report(exit_code=3)).code == 3
    failed = Report(exit_code=3, error=UsageError("x"))
    assert command(lambda *_: failed).code == 2


def test_data_goes_to_stdout_and_talk_to_stderr() -> None:
    def body(_: Settings, terminal: Terminal) -> Report:
        terminal.data("[data] :smile:")
        terminal.talk("[talk]")
        return Report(data={"x": 1})

    assert command(body) == Result(0, "[data] :smile:\n", "[talk]\n")
    assert command(body, "-q") == Result(0, "[data] :smile:\n", "")
    as_json = command(body, "--json")
    assert (as_json.document["data"], as_json.err) == ({"x": 1}, "")


ALL = ("plan", "up", "status", "down")


@pytest.mark.parametrize("name", ALL)
def test_no_region(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    give_credentials(monkeypatch)
    found = cli(name)
    assert found.code == 2
    assert found.err.startswith("error: no AWS region\n")
    assert "--region eu-west-1" in found.err


@pytest.mark.parametrize("name", ALL)
def test_no_credentials(cli: Cli, name: str) -> None:
    found = cli(name, "--region", "eu-west-1")
    assert found.code == 1
    assert found.err.startswith("error: no AWS credentials\n")
    assert "--sandbox" in found.err


def test_a_profile_that_does_not_exist(cli: Cli) -> None:
    found = cli("plan", "--region", "eu-west-1", "--profile", "prod", "--json")
    assert found.code == 1
    assert found.document["error"]["code"] == "access"
    assert "prod" in found.document["error"]["what"]


def test_aws_cannot_be_reached(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    found = cli("plan", "--region", "eu-west-1")
    assert found.code == 1
    assert "error: connecting to AWS: AWS cannot be reached\n  why: " in found.err
    assert "fix: check the network" in found.err


@pytest.mark.parametrize("name", ["plan", "status", "down"])
def test_without_a_sandbox_a_command_says_how_to_start_one(cli: Cli, name: str) -> None:
    found = cli(name, "--sandbox", "--state", "nowhere")
    assert found.code == 1
    assert "dmslake sandbox start" in found.err
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("arguments", [("sandbox", "spec"), ("validate", "--json"), ("--help",)])
def test_a_reader_that_goes_away_is_no_error_of_ours(arguments: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "dmslake", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""
