"""What starting and stopping the sandbox tells while it works. `cli` renders it, nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened to a server (`cloud`, `postgres`, `dms`)."""

    server: str


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """Nothing goes on before something else has ended; `why` says what."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Recovering(Event):
    """A server is put right before it starts; `why` says what was found."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Starting(Event):
    """A server was spawned and is not answering yet."""

    port: int
    pid: int


@dataclass(frozen=True, kw_only=True)
class Ready(Event):
    """A server answers; `elapsed` is the seconds since it was spawned, 0 if it already ran."""

    port: int
    elapsed: float


@dataclass(frozen=True, kw_only=True)
class Stopping(Event):
    """A server was asked to stop."""


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """A server has ended; `elapsed` is the seconds that took."""

    elapsed: float


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
