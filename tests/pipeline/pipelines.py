"""Pipelines in the sandbox, driven as a user drives them: by the command line, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg2

from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.record import read_record
from dmslake.sandbox.spec import example_spec
from tests.cli.running import Result
from tests.truth.plugin import LEDGER

Seen = TypeVar("Seen")

READS = ("Get", "List", "Describe", "Head", "Filter", "Receive")
_PAUSE = 0.1


def until(look: Callable[[], Seen], good: Callable[[Seen], bool], seconds: float = 30) -> Seen:
    """Look again and again until it is good; what was seen last is in the failure."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"it never became so: {seen}"
        pause.wait(_PAUSE)
    return seen


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of a sandbox; its tables are those of the schema of its name."""

    name: str
    sandbox: Sandbox
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.yaml"

    def write(self, *changes: tuple[str, str]) -> None:
        """Write the spec, some texts of it replaced."""
        text = example_spec(self.name, (f"{self.name}.%",), batch_seconds=1)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.file.write_text(text)

    def arguments(self, *command: str) -> list[str]:
        """Return the arguments with which a command works on this pipeline."""
        sandbox = ("--sandbox", "--state", str(self.sandbox.folder))
        return [*sandbox, "-f", str(self.file), *command]

    def variables(self) -> dict[str, str]:
        """Return a command's environment: nothing of this machine's own AWS configuration."""
        kept = ("PATH", "COVERAGE_PROCESS_CONFIG")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}
        own = {"HOME": str(self.folder), **self.environment}
        return {**inherited, **LEDGER.environment(), **own}

    def _process(self, *command: str) -> dict[str, Any]:
        args = [sys.executable, "-m", "dmslake", *self.arguments(*command)]
        return {"args": args, "env": self.variables(), "text": True}

    def __call__(self, *arguments: str) -> Result:
        """Run a command."""
        process = self._process(*arguments)
        done = subprocess.run(**process, capture_output=True, check=False, timeout=120)
        return Result(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command; it does not outlive the test."""
        process = self._process(*arguments)
        with subprocess.Popen(
            **process, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as running:
            try:
                yield running
            finally:
                running.kill()

    def up(self) -> None:
        done = self("up", "--yes")
        assert done.code == 0, done

    def status(self) -> dict[str, Any]:
        done = self("status", "--json")
        assert done.code == 0, done
        data: dict[str, Any] = done.document["data"]
        return data

    def healthy(self) -> dict[str, Any]:
        """Wait until all tables are loaded and in the lake."""
        return until(self.status, lambda seen: bool(seen["healthy"] and _is_loaded(seen)))

    def is_as_planned(self) -> bool:
        return self("plan", "--exit-code").code == 0


def _is_loaded(seen: Mapping[str, Any]) -> bool:
    tables = seen["tables"]
    return bool(tables) and all(table["newest_partition"] for table in tables)


def read_until(process: subprocess.Popen[str], text: str) -> None:
    """Read what a command says until it says this."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if text in line:
            return
    raise AssertionError(f"{text!r} was never said: {said}")


def execute(sandbox: Sandbox, *statements: str, superuser: bool = False) -> None:
    """Run statements in the source database."""
    known = read_record(sandbox.folder)
    assert known is not None
    source = sandbox.source
    user = (
        ("postgres", known.superuser_password) if superuser else (source.username, source.password)
    )
    connection = psycopg2.connect(
        host=source.host, port=source.port, dbname=source.database, user=user[0], password=user[1]
    )
    with closing(connection), connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
