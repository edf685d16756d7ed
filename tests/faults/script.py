"""Misbehaviour of AWS, written down beforehand: which call, how, how often, and from when on.

script.on("dms:CreateEndpoint", refuse("AccessDeniedFault", "..."), seconds=40)
script.on("dms:DescribeEndpoints", unseen(), times=3, after="dms:CreateEndpoint")
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

Members = dict[str, Any]
SECOND_PAGE = b', "Marker": "page-2"'
"""How a request asks for the page that `held_back` promised."""


@dataclass(frozen=True)
class Asked:
    """One request on the wire: ``dms:CreateEndpoint``, and its body and URL as text."""

    operation: str
    text: str


class RefusedError(Exception):
    """AWS answers with an error: its code, its message, and the status of HTTP."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class BrokenError(Exception):
    """The connection breaks before an answer arrives."""


Real = Callable[[], Members]
"""Lets the service answer; its members can be changed. Only DMS answers so."""
Behaviour = Callable[[Asked, Real], Members]


def refuse(code: str, message: str = "no", *, status: int = 400) -> Behaviour:
    """Answer with an error."""

    def behave(_: Asked, __: Real) -> Members:
        raise RefusedError(code, message, status)

    return behave


def unseen() -> Behaviour:
    """Know nothing of what is asked for: a filter that matches nothing is an error to DMS."""
    return refuse("ResourceNotFoundFault", "No resource found matching the filter")


def broken() -> Behaviour:
    """Break the connection; nothing was done."""

    def behave(_: Asked, __: Real) -> Members:
        raise BrokenError

    return behave


def lost() -> Behaviour:
    """Do what is asked for, and break the connection before the answer arrives."""

    def behave(_: Asked, real: Real) -> Members:
        real()
        raise BrokenError

    return behave


def answer(**members: Any) -> Behaviour:
    """Answer with these members."""
    return lambda _, __: dict(members)


def changed(change: Callable[[Members], None]) -> Behaviour:
    """Answer what the service answers, with something of it changed."""

    def behave(_: Asked, real: Real) -> Members:
        members = real()
        change(members)
        return members

    return behave


def held_back(member: str) -> Behaviour:
    """Put what was found on a second page: the first one is empty, and says that it goes on."""

    def behave(asked: Asked, real: Real) -> Members:
        again = SECOND_PAGE.decode() in asked.text
        return real() if again else {member: [], "Marker": "page-2"}

    return behave


class When(TypedDict, total=False):
    """When a line of a script holds: always, or only so long.

    Keys:
        about: a text that has to occur in the request.
        after: a call that has to have succeeded before.
        before: a call that ends it when it has succeeded.
        times: how often it happens.
        seconds: for how long it happens, from the first time on.
    """

    about: str
    after: str
    before: str
    times: int
    seconds: float


@dataclass
class _Line:
    """One line of a script."""

    operation: str
    behave: Behaviour
    when: When
    left: int | None
    first: float | None = None

    def takes(self, asked: Asked, done: Mapping[str, int], now: float) -> bool:
        if asked.operation != self.operation or self.when.get("about", "") not in asked.text:
            return False
        after, before = self.when.get("after"), self.when.get("before")
        if (after and not done[after]) or (before and done[before]) or self.left == 0:
            return False
        seconds = self.when.get("seconds")
        return self.first is None or seconds is None or now < self.first + seconds


@dataclass
class Script:
    """What goes wrong in one test, and what was asked for meanwhile."""

    now: Callable[[], float]
    calls: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    _done: Counter[str] = field(default_factory=Counter)
    _lines: list[_Line] = field(default_factory=list)
    _seen: dict[Asked, Members] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def on(self, operation: str, behave: Behaviour, **when: Unpack[When]) -> None:
        """Write a line: what happens to a call, e.g. ``dms:CreateEndpoint``, and when."""
        self._lines.append(_Line(operation, behave, when, when.get("times")))

    def old(self, operation: str, *, after: str, times: int) -> None:
        """Describe things for a while as they were before a change."""

        def behave(asked: Asked, real: Real) -> Members:
            with self._lock:
                before = self._seen.get(asked)
            return real() if before is None else before

        self.on(operation, behave, after=after, times=times)

    def perform(self, asked: Asked, real: Real) -> Members:
        """Answer a request as the script says, or as the service does."""
        with self._lock:
            self.calls.append(asked.operation)
            self.texts.append((asked.operation, asked.text))
            line = self._line(asked)

        def done() -> Members:
            members = real()
            with self._lock:
                self._done[asked.operation] += 1
            return members

        members = done() if line is None else line.behave(asked, done)
        if line is None:
            with self._lock:
                self._seen[asked] = members
        return members

    def _line(self, asked: Asked) -> _Line | None:
        now = self.now()
        for line in self._lines:
            if line.takes(asked, self._done, now):
                line.first = now if line.first is None else line.first
                line.left = None if line.left is None else line.left - 1
                return line
        return None

    def clear(self) -> None:
        """Forget the calls, not the lines."""
        with self._lock:
            self.calls.clear()
            self.texts.clear()

    def writes(self) -> list[str]:
        """Return the calls that change something, without their service."""
        names = [call.partition(":")[2] for call in self.calls]
        reads = ("Describe", "Get", "List", "Head")
        return [name for name in names if not name.startswith(reads)]

    def sent(self, operation: str) -> list[str]:
        """Return the requests of an operation as text, in their order."""
        return [text for name, text in self.texts if name == operation]
