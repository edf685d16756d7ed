"""The options that every command has: where they may stand, and which of several counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click
import pytest

from dmslake.cli.options import _ENVIRONMENT, Settings, remember, settle, shared_options
from tests.cli.running import Cli, run

Settle = Callable[..., Settings]


@pytest.fixture
def settled() -> Settle:
    """Parse a command line of a group and a command, and return the settings."""
    found: list[Settings] = []

    @click.group()
    @shared_options
    @click.pass_context
    def group(ctx: click.Context, /, **given: object) -> None:
        remember(ctx, given)

    @group.command()
    @shared_options
    @click.pass_context
    def command(ctx: click.Context, /, **given: object) -> None:
        found.append(settle(ctx, given))

    def parse(*arguments: str) -> Settings:
        group.main(list(arguments), standalone_mode=False)
        return found[-1]

    return parse


GIVEN = [
    (["-f", "x.yaml"], {"file": "x.yaml"}),
    (["--file", "-"], {"file": "-"}),
    (["--profile", "prod"], {"profile": "prod"}),
    (["--region", "eu-west-1"], {"region": "eu-west-1"}),
    (["--sandbox"], {"sandbox": True}),
    (["--state", "folder"], {"state": Path("folder")}),
    (["--json"], {"json": True}),
    (["-v"], {"verbose": 1}),
    (["-vv"], {"verbose": 2}),
    (["--debug"], {"debug": True}),
    (["-q"], {"quiet": True}),
    (["--no-color"], {"no_color": True}),
    (["--yes"], {"yes": True}),
]


@pytest.mark.parametrize(("options", "expected"), GIVEN, ids=[" ".join(g[0]) for g in GIVEN])
def test_options_may_stand_before_and_after_the_command(
    settled: Settle, options: list[str], expected: dict[str, object]
) -> None:
    wanted = Settings(**expected)  # type: ignore[arg-type] # one field each
    assert settled(*options, "command") == wanted
    assert settled("command", *options) == wanted


def test_nothing_given_means_the_defaults(settled: Settle) -> None:
    assert settled("command") == Settings()


def test_options_of_both_places_are_put_together(settled: Settle) -> None:
    found = settled("--json", "-f", "a.yaml", "command", "--yes")
    assert found == Settings(json=True, file="a.yaml", yes=True)


def test_the_one_after_the_command_wins(settled: Settle) -> None:
    assert settled("-f", "a.yaml", "command", "-f", "b.yaml").file == "b.yaml"


TWINS = {
    "file": "x.yaml", "profile": "prod", "region": "eu-west-1", "sandbox": "1", "state": "folder",
    "json": "true", "verbose": "2", "debug": "yes", "quiet": "1", "no_color": "1", "yes": "1",
}  # fmt: skip


def test_every_setting_has_a_twin_in_the_environment() -> None:
    assert set(_ENVIRONMENT) == set(TWINS) == {field.name for field in fields(Settings)}
    assert set(_ENVIRONMENT.values()) == {f"DMSLAKE_{name.upper()}" for name in TWINS}


@pytest.mark.parametrize(("name", "value"), TWINS.items(), ids=list(TWINS))
def test_the_environment_is_read(
    settled: Settle, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DMSLAKE_{name.upper()}", value)
    found = settled("command")
    kind = type(getattr(found, name))
    expected = {"bool": True, "int": 2}.get(kind.__name__, value)
    assert str(getattr(found, name)) == str(expected)
    assert found != Settings()


@pytest.mark.parametrize("value", ["0", "false", "no", ""])
def test_a_flag_of_the_environment_can_be_off(
    settled: Settle, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DMSLAKE_JSON", value)
    assert not settled("command").json


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_is_typed_wins_over_the_environment_wherever_it_stands(
    settled: Settle, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("DMSLAKE_FILE", "environment.yaml")
    monkeypatch.setenv("DMSLAKE_REGION", "us-east-1")
    typed = ["-f", "typed.yaml"]
    line = [*typed, "command"] if place == "before" else ["command", *typed]
    found = settled(*line)
    assert (found.file, found.region) == ("typed.yaml", "us-east-1")


def test_a_wrong_value_of_the_environment_is_a_usage_error() -> None:
    found = run("validate", DMSLAKE_SANDBOX="maybe")
    assert found.code == 2
    assert "maybe" in found.err


def test_the_file_of_the_environment_is_used(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("dmslake.yaml").rename("other.yaml")
    monkeypatch.setenv("DMSLAKE_FILE", "other.yaml")
    assert cli("validate").out == "other.yaml is valid: pipeline shop\n"
