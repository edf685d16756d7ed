"""What one observation of one resource calls for: the step, without regard to other resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dmslake.engine.diff import Change, differences
from dmslake.engine.plan import Action, Step
from dmslake.engine.resource import Broken, Interrupt, Live, Pending, Resource


def assess(resource: Resource[Any], live: Live | None, *, adopt: bool = False) -> Step:
    """Return the step that one observation of one resource calls for.

    Args:
        resource: what is wanted.
        live: the observation; None when nothing is there.
        adopt: whether a resource that nobody owns is taken over.
    """
    if resource.given:
        return _assess_given(resource, live)
    if live is None:
        return Step(action=Action.CREATE, resource=resource)
    if is_taken(resource, live, adopt=adopt):
        step = _in_the_way(resource, f"it exists and {holder(live)}")
        return replace(step, adoptable=live.owner is None and not live.reason)
    step = _assess_own(resource, live)
    if step.action is Action.REPLACE and resource.owner is not None and live.owner is None:
        return _in_the_way(resource, f"it cannot be adopted: {step.reason}")
    return step


def _assess_own(resource: Resource[Any], live: Live) -> Step:
    match resource.settle(live):
        case Broken(reason=reason):
            return _replacement(resource, (), f"it is broken: {reason}")
        case Pending(what=what):
            return Step(action=Action.WAIT, resource=resource, reason=f"it is {what}")
        case _:
            refusal = resource.refuses(live)
            if refusal is not None:
                return _in_the_way(resource, refusal)
            step = _compare(resource, resource_changes(resource, live))
            anew = step.action is Action.REPLACE
            return step if anew else replace(step, remark=resource.remark(live))


def _assess_given(resource: Resource[Any], live: Live | None) -> Step:
    if live is None:
        return _in_the_way(resource, "it does not exist")
    match resource.settle(live):
        case Broken(reason=reason):
            return _in_the_way(resource, reason)
        case Pending(what=what):
            return Step(action=Action.WAIT, resource=resource, reason=f"it is {what}")
        case _:
            return Step(action=Action.NOTHING, resource=resource)


def is_taken(resource: Resource[Any], live: Live, *, adopt: bool) -> bool:
    """Whether a resource belongs to somebody else."""
    if resource.owner is None or live.owner == resource.owner:
        return False
    return not (adopt and live.owner is None)


def holder(live: Live) -> str:
    """Return whose a resource is, in words."""
    if live.reason:
        return live.reason
    return f"belongs to pipeline {live.owner}" if live.owner else "was not made by dmslake"


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


def _in_the_way(resource: Resource[Any], reason: str) -> Step:
    return Step(action=Action.CONFLICT, resource=resource, reason=reason)


def _replacement(resource: Resource[Any], changes: tuple[Change, ...], reason: str) -> Step:
    worst = _worst(resource.interrupts.get(c.top, Interrupt.NOTHING) for c in changes)
    return Step(
        action=Action.REPLACE,
        resource=resource,
        changes=changes,
        reason=reason,
        interrupt=Interrupt.REPLACES if worst is Interrupt.REPLACES else Interrupt.NOTHING,
    )


def _worst(interrupts: Iterable[Interrupt]) -> Interrupt:
    order = list(Interrupt)
    return max(interrupts, key=order.index, default=Interrupt.NOTHING)


def assess_unwanted(resource: Resource[Any], live: Live | None) -> Step:
    """Return the step for something that a pipeline can have and this one should not."""
    step = assess_removal(resource, live)
    if step.action is Action.DELETE:
        return replace(step, reason="the spec no longer asks for it")
    if step.action is Action.KEEP and live is not None and live.owner == resource.owner:
        return step
    return Step(action=Action.NOTHING, resource=resource)


def assess_removal(resource: Resource[Any], live: Live | None) -> Step:
    """Return the step that takes one resource away, or says why it stays."""
    if live is None or resource.given or not resource.removable:
        return Step(action=Action.NOTHING, resource=resource)
    if is_taken(resource, live, adopt=False):
        reason = f"it exists and {holder(live)}"
        return Step(action=Action.KEEP, resource=resource, reason=reason)
    keeps = resource.keeps(live)
    if keeps is not None:
        return Step(action=Action.KEEP, resource=resource, reason=keeps)
    return Step(action=Action.DELETE, resource=resource)
