"""Run commands, and terminals that tests can read."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner
from rich.console import Console

from dmslake.cli.main import dmslake
from dmslake.cli.options import Settings
from dmslake.cli.terminal import Terminal
from tests.truth.plugin import LEDGER


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Cli:
    """The command line in this process: quick, but without `main` around it."""

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        done = CliRunner().invoke(dmslake, arguments, input=stdin, prog_name="dmslake")
        return Result(done.exit_code, done.stdout, done.stderr)


def run(*arguments: str, stdin: str = "", **environment: str) -> Result:
    """Run the command line in a process of its own, in the current environment."""
    done = subprocess.run(
        [sys.executable, "-m", "dmslake", *arguments],
        input=stdin, env={**os.environ, **LEDGER.environment(), **environment},
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


class Recorded(Terminal):
    """A terminal of a fixed width whose output can be read; `animated` as on a real one."""

    def __init__(self, settings: Settings | None = None, *, tty: bool = False) -> None:
        super().__init__(settings or Settings())
        self.out = self._recording(tty=tty)
        self.err = self._recording(tty=tty)

    def _recording(self, *, tty: bool) -> Console:
        return Console(
            file=io.StringIO(), width=120, force_terminal=tty, no_color=True, highlight=False,
            soft_wrap=True, emoji=False, legacy_windows=False,
        )  # fmt: skip

    @property
    def printed(self) -> str:
        return _text(self.out)

    @property
    def said(self) -> str:
        return _text(self.err)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
