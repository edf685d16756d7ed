"""Where text goes, in which colours, and who is asked."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest
from rich.text import Text

from dmslake.cli.options import Settings
from dmslake.cli.terminal import Terminal
from dmslake.errors import UsageError
from tests.cli.running import run


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_screen(monkeypatch: pytest.MonkeyPatch, typed: str = "") -> Screen:
    """Sit at a terminal that has all three streams, and type something."""
    found = Screen()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", found)
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(sys, "stdin", Screen(typed))
    return found


RED = "\x1b[31m"


def printed_red(monkeypatch: pytest.MonkeyPatch, settings: Settings | None = None) -> str:
    screen = on_screen(monkeypatch)
    Terminal(settings or Settings()).data(Text("red", style="red"))
    return screen.getvalue()


def test_a_terminal_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RED in printed_red(monkeypatch)


@pytest.mark.parametrize("value", ["1", "0", "anything"])
def test_no_color_of_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    assert printed_red(monkeypatch) == "red\n"


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert RED in printed_red(monkeypatch)


def test_the_option_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed_red(monkeypatch, Settings(no_color=True)) == "red\n"


def test_off_a_terminal_there_is_no_colour() -> None:
    found = run("validate")
    assert found.code == 0
    assert "\x1b" not in found.out + found.err


@pytest.mark.parametrize(
    ("settings", "animated"),
    [(Settings(), True), (Settings(json=True), False), (Settings(quiet=True), False)],
)
def test_what_is_animated(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, animated: bool
) -> None:
    on_screen(monkeypatch)
    assert Terminal(settings).animated is animated


def test_off_a_terminal_nothing_is_animated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not Terminal(Settings()).animated


def test_quiet_keeps_data_and_drops_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_screen(monkeypatch)
    terminal = Terminal(Settings(quiet=True))
    terminal.data("data")
    terminal.talk("talk")
    assert screen.getvalue() == "data\n"


def test_with_yes_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert Terminal(Settings(yes=True)).confirm("Really?")


def test_where_nobody_can_answer_it_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match="nobody can answer here") as raised:
        Terminal(Settings()).confirm("Really?")
    assert "--yes" in raised.value.fix


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y", True), ("n", False), ("", False), ("maybe\ny", True)]
)
def test_yes_or_no(monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool) -> None:
    screen = on_screen(monkeypatch, f"{typed}\n")
    assert Terminal(Settings()).confirm("Really?") is agreed
    assert "Really? [y/N]" in screen.getvalue()


@pytest.mark.parametrize(
    ("typed", "agreed"), [("shop", True), ("y", False), ("", False), ("shops", False)]
)
def test_a_word_that_has_to_be_typed(
    monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool
) -> None:
    screen = on_screen(monkeypatch, f"{typed}\n")
    # Whoever says --yes to everything is asked all the same.
    terminal = Terminal(Settings(yes=True))
    assert terminal.confirm_name("Type shop to go on", "shop", None) is agreed
    assert "Type shop to go on: " in screen.getvalue()


@pytest.mark.parametrize(("given", "agreed"), [("shop", True), ("shops", False)])
def test_a_word_that_was_given_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: str, agreed: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert Terminal(Settings()).confirm_name("Type shop", "shop", given) is agreed


def test_where_nobody_can_type_the_word_has_to_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("shop\n"))
    with pytest.raises(UsageError, match="this deletes data") as raised:
        Terminal(Settings(yes=True)).confirm_name("Type shop", "shop", None)
    assert raised.value.fix.endswith("--confirm shop")


def test_the_end_of_the_input_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    on_screen(monkeypatch)
    with pytest.raises(click.Abort):
        Terminal(Settings()).confirm("Really?")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_signs_that_a_terminal_cannot_show_do_no_harm(encoding: str) -> None:
    Path("dmslake.yaml").rename("\N{BLACK STAR}.yaml")
    found = run("validate", "-f", "\N{BLACK STAR}.yaml", PYTHONIOENCODING=encoding)
    assert (found.code, found.err) == (0, "")
    assert found.out.endswith(".yaml is valid: pipeline shop\n")
