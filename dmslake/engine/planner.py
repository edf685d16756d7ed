"""Compare resources with what is there and say what would have to be done. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from dmslake.engine.diff import Change, differences
from dmslake.engine.graph import in_order, standing_on
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Address, Broken, Interrupt, Live, Pending, Resource
from dmslake.engine.waiter import Guard

_READERS = 16

Observed = Mapping[Address, Live | None]


def plan_changes(resources: Sequence[Resource[Any]], aws: object, guard: Guard) -> Plan:
    """Return what `up` has to do so that every resource is as desired.

    Raises GraphError when the resources cannot be ordered, and whatever `guard` makes of a failed
    read: a plan is never built on a guess.
    """
    ordered = in_order(resources)
    observed = observe(ordered, aws, guard)
    steps = {r.address: assess(r, observed[r.address]) for r in ordered}
    _spread(steps)
    return Plan(tuple(steps[r.address] for r in ordered))


def plan_removal(resources: Sequence[Resource[Any]], aws: object, guard: Guard) -> Plan:
    """Return what `down` has to do so that nothing is left but what must be kept."""
    ordered = in_order(resources)
    observed = observe(ordered, aws, guard)
    return Plan(tuple(_assess_removal(r, observed[r.address]) for r in ordered))


def observe(resources: Sequence[Resource[Any]], aws: object, guard: Guard) -> Observed:
    """Read all resources at the same time."""

    def read(resource: Resource[Any]) -> Live | None:
        with guard(resource.address):
            return resource.read(aws)

    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="read")
    try:
        return dict(zip((r.address for r in resources), pool.map(read, resources), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who gives up does not wait for what hangs


def assess(resource: Resource[Any], live: Live | None) -> Step:
    """Return the step that one observation of one resource calls for."""
    if live is None:
        return Step(action=Action.CREATE, resource=resource)
    if resource.owner is not None and live.owner != resource.owner:
        return _conflict(resource, live)
    match resource.settle(live):
        case Broken(reason=reason):
            return _replacement(resource, (), f"it is broken: {reason}")
        case Pending(what=what):
            return Step(action=Action.WAIT, resource=resource, reason=f"it is {what}")
        case _:
            return _compare(resource, resource_changes(resource, live))


def _compare(resource: Resource[Any], changes: tuple[Change, ...]) -> Step:
    if not changes:
        return Step(action=Action.NOTHING, resource=resource)
    fixed = sorted({c.top for c in changes} & resource.create_only)
    if fixed:
        return _replacement(resource, changes, f"{', '.join(fixed)} cannot change in place")
    return Step(
        action=Action.UPDATE,
        resource=resource,
        changes=changes,
        interrupt=_worst(resource.interrupts.get(c.top, Interrupt.NOTHING) for c in changes),
    )


def resource_changes(resource: Resource[Any], live: Live) -> tuple[Change, ...]:
    """Return the attributes in which one observation differs from what is desired."""
    return differences(
        resource.desired(), live.attributes, ignore=resource.write_only, enums=resource.enums
    )


def _conflict(resource: Resource[Any], live: Live) -> Step:
    holder = f"belongs to pipeline {live.owner}" if live.owner else "was not made by dmslake"
    reason = f"it exists and {live.reason or holder}"
    return Step(action=Action.CONFLICT, resource=resource, reason=reason)


def _replacement(resource: Resource[Any], changes: tuple[Change, ...], reason: str) -> Step:
    return Step(action=Action.REPLACE, resource=resource, changes=changes, reason=reason)


def _worst(interrupts: object) -> Interrupt:
    order = list(Interrupt)
    return max(interrupts, key=order.index)  # type: ignore[call-overload, no-any-return]


def _spread(steps: dict[Address, Step]) -> None:
    """Carry a replacement or an interruption to everything that lives on the changed resource."""
    lives_on = {address: step.resource.lives_on for address, step in steps.items()}
    for address, step in list(steps.items()):
        if step.action is Action.REPLACE:
            for other in standing_on(address, lives_on):
                steps[other] = _replaced_along(steps[other], address)
        elif step.interrupt is Interrupt.RESTARTS:
            for other in standing_on(address, lives_on):
                steps[other] = _restarted_along(steps[other], address)


def _replaced_along(step: Step, cause: Address) -> Step:
    if step.action not in (Action.NOTHING, Action.UPDATE, Action.WAIT, Action.RESTART):
        return step
    action = Action.RESTART if step.resource.restarts else Action.REPLACE
    return replace(step, action=action, reason=f"{cause} is replaced")


def _restarted_along(step: Step, cause: Address) -> Step:
    if not step.resource.restarts or step.action not in (Action.NOTHING, Action.WAIT):
        return step
    return replace(step, action=Action.RESTART, reason=f"{cause} changes")


def _assess_removal(resource: Resource[Any], live: Live | None) -> Step:
    if live is None or not resource.removable:
        return Step(action=Action.NOTHING, resource=resource)
    if resource.owner is not None and live.owner != resource.owner:
        return replace(_conflict(resource, live), action=Action.KEEP)
    reason = resource.keeps(live)
    if reason is not None:
        return Step(action=Action.KEEP, resource=resource, reason=reason)
    return Step(action=Action.DELETE, resource=resource)
