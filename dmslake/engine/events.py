"""What the engine tells while it works. A listener is never called twice at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dmslake.engine.plan import Action
from dmslake.engine.resource import Address


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened to a resource; `elapsed` is the seconds since its step started."""

    address: Address
    action: Action
    elapsed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """A step begins."""


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """The service works on it; `what` is its own word, `usual` the seconds it usually takes."""

    what: str
    usual: float


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """A step is done."""


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """A step failed."""

    error: Exception


@dataclass(frozen=True, kw_only=True)
class Skipped(Event):
    """A step was not tried, because of what happened to another."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Noted(Event):
    """Something that the user has to know, and that is no failure."""

    text: str


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
