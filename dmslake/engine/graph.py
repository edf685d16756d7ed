"""The order in which resources can be made, and what stands on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dmslake.engine.resource import Address, Resource


class GraphError(ValueError):
    """The resources cannot be ordered: a cycle, a duplicate or a need that nobody fulfils."""


def by_address(resources: Iterable[Resource[Any]]) -> dict[Address, Resource[Any]]:
    """Index resources by address. Raises GraphError on a duplicate."""
    found: dict[Address, Resource[Any]] = {}
    for resource in resources:
        if resource.address in found:
            raise GraphError(f"{resource.address} is defined twice")
        found[resource.address] = resource
    return found


def in_order(resources: Sequence[Resource[Any]]) -> tuple[Resource[Any], ...]:
    """Return the resources so that each stands after everything it needs.

    The order is the same for the same input. Raises GraphError, naming a cycle or a missing need.
    """
    known = by_address(resources)
    for resource in resources:
        for need in resource.needs():
            if need not in known:
                raise GraphError(f"{resource.address} needs {need}, which is not part of the plan")
    sorter = TopologicalSorter({r.address: r.needs() for r in resources})
    try:
        return tuple(known[address] for address in sorter.static_order())
    except CycleError as error:
        cycle = " -> ".join(str(address) for address in error.args[1])
        raise GraphError(f"these resources need each other in a circle: {cycle}") from error


def standing_on(
    start: Address, lives_on: Mapping[Address, tuple[Address, ...]]
) -> frozenset[Address]:
    """Return everything that lives on `start`, directly or through others."""
    found: set[Address] = set()
    frontier = {start}
    while frontier:
        frontier = {a for a, bases in lives_on.items() if frontier & set(bases)} - found
        found |= frontier
    return frozenset(found)
