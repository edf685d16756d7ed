"""Read one part of the answer: where it may not be read, the others still count."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dmslake.aws.errors import DENIED_CODES, translating
from dmslake.errors import AccessError
from dmslake.monitor.snapshot import Unread

Value = TypeVar("Value")
Unknown = TypeVar("Unknown")


@dataclass(frozen=True)
class Part:
    """What is read, in the user's words; `vital` when nobody can call it well without it."""

    name: str
    vital: bool = False


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """What was read; with `unread` it is what stands for an unknown instead."""

    value: Value
    unread: Unread | None = None


class Reading(Generic[Value]):
    """A part that is being read in another thread."""

    def __init__(self, future: Future[Answer[Value]]) -> None:
        self._future = future

    @property
    def value(self) -> Value:
        return self._future.result().value

    @property
    def unread(self) -> Unread | None:
        return self._future.result().unread


class Look:
    """One look at a pipeline: its parts are read at the same time, by the threads of `pool`."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._readings: list[Reading[Any]] = []

    def at(
        self, part: Part, read: Callable[[], Value], unknown: Unknown
    ) -> Reading[Value | Unknown]:
        """Begin to read a part; `unknown` stands for it where the reading is not allowed."""
        future: Future[Answer[Value | Unknown]] = self._pool.submit(_read, part, read, unknown)
        reading = Reading(future)
        self._readings.append(reading)
        return reading

    def unread(self) -> tuple[Unread, ...]:
        """Return what could not be read, each once, when everything has been read."""
        found = (reading.unread for reading in self._readings)
        return tuple(dict.fromkeys(unread for unread in found if unread is not None))


def _read(part: Part, read: Callable[[], Value], unknown: Unknown) -> Answer[Value | Unknown]:
    """Only a denial is an answer. Credentials that ran out are not: nothing can be read then."""
    try:
        with translating(f"reading {part.name}"):
            return Answer(read())
    except AccessError as error:
        if error.service_code not in DENIED_CODES:
            raise
        unread = Unread(part=part.name, why=error.why, fix=error.fix, vital=part.vital)
        return Answer(unknown, unread)
