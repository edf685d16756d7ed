"""A plan as data: what would be done to which resource, and why. Nothing here does anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dmslake.engine.diff import Change
from dmslake.engine.resource import Address, Interrupt, Resource


class Action(Enum):
    """What a step does; the value is the sign the plan shows."""

    CREATE = "+"
    UPDATE = "~"
    REPLACE = "±"
    RESTART = "↻"
    WAIT = "…"
    DELETE = "-"
    KEEP = "="
    CONFLICT = "!"
    NOTHING = " "

    @property
    def removes(self) -> bool:
        return self in (Action.DELETE, Action.REPLACE, Action.RESTART)

    @property
    def makes(self) -> bool:
        return self in (
            Action.CREATE, Action.UPDATE, Action.REPLACE, Action.RESTART, Action.WAIT,
        )  # fmt: skip

    @property
    def pending(self) -> bool:
        """Whether carrying out the step calls the service to change something."""
        return self.removes or self.makes


@dataclass(frozen=True, kw_only=True)
class Step:
    """One resource and what happens to it.

    Attributes:
        changes: the attributes that differ.
        reason: why.
        note: what it will mean, where the resource can tell beforehand.
        remark: what the user must know of it that the step does not change.
        interrupt: what it does to the running task.
        adoptable: whether what is in the way belongs to nobody and can be taken over.
    """

    action: Action
    resource: Resource[Any]
    changes: tuple[Change, ...] = ()
    reason: str = ""
    note: str = ""
    remark: str = ""
    interrupt: Interrupt = Interrupt.NOTHING
    adoptable: bool = False

    @property
    def address(self) -> Address:
        return self.resource.address


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which they can be carried out (removals run it backwards)."""

    steps: tuple[Step, ...]

    @property
    def pending(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action.pending)

    @property
    def conflicts(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action is Action.CONFLICT)

    @property
    def kept(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action is Action.KEEP)

    @property
    def empty(self) -> bool:
        """True when there is nothing to do and nothing in the way."""
        return not self.pending and not self.conflicts

    def only(self, *addresses: Address) -> Plan:
        """Return the plan with these steps alone."""
        return Plan(tuple(step for step in self.steps if step.address in addresses))

    @property
    def totals(self) -> Counter[Action]:
        return Counter(step.action for step in self.steps)
