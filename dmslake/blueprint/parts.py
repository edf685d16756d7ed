"""A part of a pipeline: what is wanted of it, and what another spec would have had instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dmslake.engine.resource import Resource


@dataclass(frozen=True)
class Parts:
    """Resources of a pipeline.

    Attributes:
        wanted: what the spec asks for.
        unwanted: what a pipeline can have and this spec does not ask for; it goes where it is ours.
    """

    wanted: tuple[Resource[Any], ...] = ()
    unwanted: tuple[Resource[Any], ...] = ()

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.wanted + other.wanted, self.unwanted + other.unwanted)

    @property
    def all(self) -> tuple[Resource[Any], ...]:
        return self.wanted + self.unwanted
