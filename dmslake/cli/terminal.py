"""Where text goes: data to stdout, talk to stderr; colour only where it is wanted and seen."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TextIO

import click
from rich.console import Console
from rich.text import Text

from dmslake.cli.options import Settings
from dmslake.errors import UsageError


class Terminal:
    """What a command prints through."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def out(self) -> Console:
        return self._console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        return self._console(sys.stderr)

    def _console(self, stream: TextIO) -> Console:
        plain = self.settings.no_color or bool(os.environ.get("NO_COLOR"))
        # Off a terminal lines are not wrapped: they are for files and for other programs.
        width = None if stream.isatty() else 10_000
        return Console(
            file=stream, no_color=plain, highlight=False, soft_wrap=True, width=width, emoji=False
        )

    @property
    def animated(self) -> bool:
        """Whether progress may redraw itself."""
        return self.err.is_terminal and not self.settings.json and not self.settings.quiet

    def data(self, line: Text | str = "") -> None:
        """Print a line of the result; nothing with --json, which prints one document instead."""
        if not self.settings.json:
            self.out.print(line, markup=False)

    def talk(self, line: Text | str = "") -> None:
        """Print a line about what is going on."""
        if not self.settings.quiet and not self.settings.json:
            self.err.print(line, markup=False)

    def confirm(self, question: str) -> bool:
        """Ask, unless --yes. Off a terminal nobody can answer: that is a usage error."""
        if self.settings.yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                "this asks before it changes anything, and nobody can answer here",
                fix="look at the plan, then add --yes",
            )
        return click.confirm(question, default=False, err=True)

    def confirm_name(self, question: str, name: str, given: str | None) -> bool:
        """Let a name be typed, for what cannot be undone: --yes is not enough for that.

        Args:
            question: what is asked.
            name: what has to be typed.
            given: what --confirm says; None where it was left out.
        """
        if given is not None:
            return given == name
        if not sys.stdin.isatty():
            raise UsageError(
                "this deletes data, and nobody can answer here",
                why="--yes alone deletes no data",
                fix=f"look at the plan, then add --confirm {name}",
            )
        return bool(click.prompt(question, err=True, default="", show_default=False) == name)
