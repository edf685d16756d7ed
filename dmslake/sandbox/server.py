"""A server of the sandbox, as the launcher sees it: the same few questions to each of them."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

# What a server may know of the shell it was started from: nothing that could send a call of the
# sandbox, or of a Lambda function in it, to somebody's real account.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, kw_only=True)
class Server(ABC):
    """One server: `folder` is its own, `port` its port on 127.0.0.1."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    stop_signal: ClassVar[int] = signal.SIGTERM
    start_seconds: ClassVar[float] = 60.0
    stop_seconds: ClassVar[float] = 20.0

    folder: Path
    port: int

    @property
    def log(self) -> Path:
        """Return the file that its output goes to."""
        return self.folder / f"{self.name}.log"

    @abstractmethod
    def program(self) -> tuple[str, ...]:
        """Return what is run; the same program may run under another path."""

    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """Return the program's arguments: a server that runs with others is restarted."""

    @abstractmethod
    def signature(self) -> tuple[str, ...]:
        """Return those neighbouring arguments that no other process on this machine has."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """Return what it needs in its environment besides `inherited`."""

    def prepare(self) -> None:
        """Make what it needs before it can start, and put right what a crash left behind."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether it serves requests: one observation, without waiting."""

    def complete(self) -> None:  # noqa: B027 - most servers are complete once they answer
        """Make what can only be made once it answers."""

    def clean(self) -> None:  # noqa: B027 - most servers take everything with them
        """Clear away what it leaves behind when it ends."""


def inherited() -> dict[str, str]:
    """Return the part of this process's environment that every server gets."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}
