"""`dmslake validate`, and how any command tells what is wrong with the spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Cli
from tests.spec.texts import PASSWORD, SPECS, text_of


def test_a_right_spec(cli: Cli) -> None:
    found = cli("validate")
    assert (found.code, found.out, found.err) == (0, "dmslake.yaml is valid: pipeline shop\n", "")


def test_a_right_spec_as_json(cli: Cli) -> None:
    assert cli("validate", "--json").document == {
        "format_version": 1,
        "command": "validate",
        "ok": True,
        "data": {"file": "dmslake.yaml", "pipeline": "shop"},
        "warnings": [],
        "error": None,
    }


def test_the_spec_may_come_from_stdin(cli: Cli) -> None:
    found = cli("validate", "-f", "-", stdin=text_of(name="piped"))
    assert (found.code, found.out) == (0, "- is valid: pipeline piped\n")


def test_mistakes_of_stdin_say_so(cli: Cli) -> None:
    found = cli("validate", "-f", "-", stdin=text_of(version="7"))
    assert found.code == 2
    assert found.err.startswith("stdin:1:10: version: ")


def test_a_file_that_is_missing(cli: Cli) -> None:
    found = cli("validate", "-f", "nope.yaml")
    assert found.code == 2
    assert found.err.startswith("error: nope.yaml does not exist\n  fix: ")
    assert found.out == ""


def test_a_folder_is_no_spec(cli: Cli) -> None:
    Path("folder").mkdir()
    found = cli("validate", "-f", "folder")
    assert found.code == 2
    assert "error: folder cannot be read" in found.err


WRONG = text_of(
    version="7", source="{engine: postgre, host: h, database: d, username: u, password: x}"
)


@pytest.mark.parametrize("command", ["validate", "plan", "up", "status", "down"])
def test_every_mistake_is_told_at_once_whatever_the_command(cli: Cli, command: str) -> None:
    Path("dmslake.yaml").write_text(WRONG)
    found = cli(command)
    assert found.code == 2
    lines = found.err.splitlines()
    assert [line.split(": ")[1] for line in lines[:3]] == [
        "version", "source.engine", "source.password",
    ]  # fmt: skip
    assert all(line.startswith("dmslake.yaml:") for line in lines[:3])
    assert "error: dmslake.yaml has 3 mistakes" in lines
    assert 'did you mean "postgres"' in found.err


def test_every_mistake_is_in_the_json_document(cli: Cli) -> None:
    Path("dmslake.yaml").write_text(WRONG)
    found = cli("validate", "--json")
    assert (found.code, found.err) == (2, "")
    error = found.document["error"]
    assert error["code"] == "invalid_spec"
    assert [problem["field"] for problem in error["problems"]] == [
        "version", "source.engine", "source.password",
    ]  # fmt: skip
    assert set(error["problems"][0]) == {"file", "line", "column", "field", "message", "fix"}


@pytest.mark.parametrize("options", [[], ["--json"], ["--debug"], ["-v", "--debug"]])
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_literal_password_is_refused_and_never_repeated(
    cli: Cli, command: str, options: list[str]
) -> None:
    source = "{engine: postgres, host: h, database: d, username: u, password: hunter2-hunter2}"
    Path("dmslake.yaml").write_text(text_of(source=source))
    found = cli(command, *options)
    assert found.code == 2
    assert "source.password" in found.out + found.err
    assert "hunter2" not in found.out + found.err


def test_the_password_of_the_environment_is_never_shown(cli: Cli) -> None:
    for options in ([], ["--json"], ["--debug", "-vv"]):
        found = cli("validate", *options)
        assert found.code == 0
        assert PASSWORD not in found.out + found.err


@pytest.mark.parametrize("file", sorted((SPECS / "good").glob("*.yaml")), ids=lambda p: p.stem)
def test_good_specs(cli: Cli, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    from tests.spec.texts import ENVIRON  # noqa: PLC0415 - only here

    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert cli("validate", "-f", str(file)).code == 0


def test_quiet_still_prints_the_result(cli: Cli) -> None:
    assert cli("-q", "validate").out == "dmslake.yaml is valid: pipeline shop\n"


def test_with_the_sandbox_it_needs_the_sandbox(cli: Cli) -> None:
    found = cli("--sandbox", "--state", "nowhere", "validate")
    assert found.code == 1
    assert "error: the sandbox in nowhere does not run" in found.err
    assert "dmslake sandbox start" in found.err


def test_what_is_allowed_but_deserves_a_word_is_a_warning(cli: Cli) -> None:
    staging = "{bucket: acme, existing: true, settings: {canned_acl_for_objects: public-read}}"
    Path("dmslake.yaml").write_text(text_of(staging=staging))
    found = cli("validate")
    assert (found.code, found.out) == (0, "dmslake.yaml is valid: pipeline shop\n")
    assert found.err.startswith("warning: dmslake.yaml:")
    assert "staging.settings.canned_acl_for_objects" in found.err
    as_json = cli("validate", "--json")
    assert as_json.document["ok"]
    assert [f"warning: {one}\n" for one in as_json.document["warnings"]] == [found.err]
