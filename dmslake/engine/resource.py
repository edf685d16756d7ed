"""What a resource is to the engine: the protocol that every kind implements.

A resource says what it wants to be (`desired`), what is there now (`read`) and how to get from one
to the other (`create`, `update`, `delete`). It never compares, orders, waits or retries: that is
the engine's work, done once for all kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Generic, TypeVar

Aws = TypeVar("Aws")
Attributes = Mapping[str, object]


@dataclass(frozen=True, order=True)
class Address:
    """Kind and name: stable, unique within a pipeline, printable."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"


class Interrupt(Enum):
    """What a change does to the running task; the value is the sentence the plan prints."""

    NOTHING = "does not touch the running task"
    RESTARTS = "stops the task and resumes it where it was"
    RELOADS = "stops the task and loads its tables again"
    REPLACES = "replaces the task: its position in the source is lost"


@dataclass(frozen=True)
class Ready:
    """The resource can be used."""


@dataclass(frozen=True)
class Pending:
    """The resource is on its way; `what` is the service's own word for it."""

    what: str


@dataclass(frozen=True)
class Broken:
    """The resource will not become ready by waiting; `reason` is the service's own."""

    reason: str
    fix: str = ""


Settled = Ready | Pending | Broken


@dataclass(frozen=True, kw_only=True)
class Live:
    """One observation of a resource.

    `attributes` use the words of `desired()`; `owner` is the value of the ownership tag, None where
    there is none; `state` and `reason` are the service's own words, for `settle` and for messages.
    """

    attributes: Attributes = field(default_factory=dict)
    owner: str | None = None
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a kind takes, in seconds: what is usual, and when waiting makes no more sense."""

    usual: float = 5
    limit: float = 300


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """The IAM actions that each verb of a kind uses, e.g. ``("s3:CreateBucket",)``."""

    read: tuple[str, ...] = ()
    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resource(ABC, Generic[Aws]):
    """One thing that a pipeline needs.

    Attributes:
        kind: the word for the kind in addresses, e.g. ``replication_instance``.
        create_only: attributes that cannot change in place; a difference replaces the resource.
        write_only: attributes that `read` can never return; they are sent but not compared.
        enums: attributes whose values the service returns in another case or with other
            separators than it accepts.
        interrupts: what changing an attribute does to the running task, by attribute.
        restarts: whether it must be made anew when something it lives on is changed in a way that
            interrupts (a running task is stopped and resumed, a connection test is repeated).
        removable: False for what goes by itself with the thing it lives on.
        given: True for what stands for something that exists and is not ours: it is looked at,
            never made, changed or removed.
        insists: False where removal goes on, and says so, when the thing takes too long to go.
        owner: the ownership tag it must carry; None for kinds that carry none of their own.
        after: what must be ready before it is created, and goes only after it is gone.
        lives_on: the part of `after` that cannot be replaced without replacing this, too.
        gone_after: for what the spec no longer asks for: what must be made before it may go.
    """

    kind: ClassVar[str]
    create_only: ClassVar[frozenset[str]] = frozenset()
    write_only: ClassVar[frozenset[str]] = frozenset()
    enums: ClassVar[frozenset[str]] = frozenset()
    interrupts: ClassVar[Mapping[str, Interrupt]] = {}
    restarts: ClassVar[bool] = False
    removable: ClassVar[bool] = True
    given: ClassVar[bool] = False
    insists: ClassVar[bool] = True
    patience: ClassVar[Patience] = Patience()
    permissions: ClassVar[Permissions] = Permissions()

    name: str
    owner: str | None = None
    after: tuple[Address, ...] = ()
    lives_on: tuple[Address, ...] = ()
    gone_after: tuple[Address, ...] = ()

    @property
    def address(self) -> Address:
        return Address(self.kind, self.name)

    def needs(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys((*self.after, *self.lives_on)))

    @abstractmethod
    def desired(self) -> Attributes:
        """Return what the resource must look like, in the words that `read` uses."""

    @abstractmethod
    def read(self, aws: Aws) -> Live | None:
        """Observe the resource once; None when it does not exist."""

    @abstractmethod
    def create(self, aws: Aws) -> None:
        """Ask the service to create it; a create that already happened is not an error."""

    @abstractmethod
    def update(self, aws: Aws, changed: Attributes) -> None:
        """Change only what is named in `changed` (attribute to wanted value)."""

    @abstractmethod
    def delete(self, aws: Aws) -> None:
        """Ask the service to delete it; deleting an absent resource is success."""

    def settle(self, live: Live) -> Settled:  # noqa: ARG002 - kinds that settle at once ignore it
        """Judge one observation. No call, no sleep."""
        return Ready()

    def keeps(self, live: Live) -> str | None:  # noqa: ARG002 - most kinds keep nothing
        """Return why removal must leave it where it is, or None."""
        return None

    def refuses(self, live: Live) -> str | None:  # noqa: ARG002 - most changes are possible
        """Return why AWS cannot bring it to what is desired, not even by replacing it, or None."""
        return None

    def remark(self, live: Live) -> str:  # noqa: ARG002 - most kinds are compared in full
        """Return what the user must know of a resource that is there, and no plan would change."""
        return ""

    def outlook(self, aws: Aws) -> str:  # noqa: ARG002 - most kinds have nothing to foretell
        """Return what making it will mean, for the plan. Reads only."""
        return ""

    def parting(self, aws: Aws) -> str:  # noqa: ARG002 - most kinds take nothing along
        """Save what deleting it would lose, right before that; return what the user must know."""
        return ""

    def describe(self) -> str:
        """Return the resource in a user's words, e.g. ``replication instance shop``."""
        return f"{self.kind.replace('_', ' ')} {self.name}"
