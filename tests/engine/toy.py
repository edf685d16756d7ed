"""An in-memory world with one toy kind, to drive the engine without AWS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dmslake.engine.resource import (
    Address,
    Attributes,
    Broken,
    Interrupt,
    Live,
    Pending,
    Ready,
    Resource,
    Settled,
)


@dataclass
class Thing:
    attributes: dict[str, object]
    owner: str | None
    state: str = "ready"
    looks_left: int = 0


@dataclass
class World:
    """What exists; `calls` records every verb; `refuse` names the verbs that fail."""

    things: dict[Address, Thing] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refuse: dict[str, Exception] = field(default_factory=dict)
    slow: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, verb: str, address: Address) -> None:
        with self.lock:
            self.calls.append(f"{verb} {address.name}")
        error = self.refuse.get(f"{verb} {address.name}")
        if error is not None:
            raise error

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("read ")]


@dataclass(frozen=True, kw_only=True)
class Toy(Resource[World]):
    kind: ClassVar[str] = "toy"
    create_only: ClassVar[frozenset[str]] = frozenset({"colour"})
    write_only: ClassVar[frozenset[str]] = frozenset({"secret"})
    enums: ClassVar[frozenset[str]] = frozenset({"mode"})
    interrupts: ClassVar[dict[str, Interrupt]] = {"engine": Interrupt.RESTARTS}

    attributes: dict[str, object] = field(default_factory=dict)
    stays: str | None = None
    means: str = ""
    takes_along: str = ""

    def desired(self) -> Attributes:
        return self.attributes

    def read(self, aws: World) -> Live | None:
        aws.record("read", self.address)
        thing = aws.things.get(self.address)
        if thing is None:
            return None
        with aws.lock:
            state = "growing" if thing.looks_left > 0 else thing.state
            thing.looks_left -= 1
        readable = {k: v for k, v in thing.attributes.items() if k != "secret"}
        return Live(attributes=readable, owner=thing.owner, state=state)

    def create(self, aws: World) -> None:
        aws.record("create", self.address)
        made = Thing(dict(self.attributes), self.owner, looks_left=aws.slow)
        aws.things[self.address] = made

    def update(self, aws: World, changed: Attributes) -> None:
        aws.record("update", self.address)
        aws.things[self.address].attributes.update(changed)

    def delete(self, aws: World) -> None:
        aws.record("delete", self.address)
        aws.things.pop(self.address, None)

    def settle(self, live: Live) -> Settled:
        if live.state == "growing":
            return Pending("growing")
        return Ready() if live.state == "ready" else Broken(live.state)

    def keeps(self, live: Live) -> str | None:  # noqa: ARG002 - the protocol's signature
        return self.stays

    def refuses(self, live: Live) -> str | None:
        disk, wanted = live.attributes.get("disk"), self.attributes.get("disk")
        shrinks = isinstance(disk, int) and isinstance(wanted, int) and wanted < disk
        return "its disk cannot shrink" if shrinks else None

    def outlook(self, aws: World) -> str:  # noqa: ARG002 - the protocol's signature
        return self.means

    def parting(self, aws: World) -> str:
        if self.takes_along:
            aws.record("save", self.address)
        return self.takes_along


@dataclass(frozen=True, kw_only=True)
class Run(Toy):
    """A toy that has to start anew when what it lives on is interrupted."""

    kind: ClassVar[str] = "run"
    restarts: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Given(Toy):
    """A toy that somebody else made."""

    kind: ClassVar[str] = "given"
    given: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Lingering(Toy):
    """A toy that may take too long to go."""

    kind: ClassVar[str] = "lingering"
    insists: ClassVar[bool] = False

    def delete(self, aws: World) -> None:
        aws.record("delete", self.address)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.time += seconds


@contextmanager
def no_guard(address: Address) -> Iterator[None]:  # noqa: ARG001 - nothing to guard
    yield


def toy(name: str, *needs: Toy, **attributes: Any) -> Toy:
    return Toy(name=name, owner="me", after=tuple(n.address for n in needs), attributes=attributes)
