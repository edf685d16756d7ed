"""Compare resources with what is there and say what would have to be done. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from dmslake.engine.assessment import assess, assess_removal, assess_unwanted
from dmslake.engine.graph import in_order, standing_on
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Address, Interrupt, Live, Resource
from dmslake.engine.waiter import Guard

_READERS = 16

Observed = Mapping[Address, Live | None]


def plan_changes(
    resources: Sequence[Resource[Any]],
    aws: object,
    guard: Guard,
    *,
    unwanted: Sequence[Resource[Any]] = (),
    adopt: frozenset[Address] = frozenset(),
) -> Plan:
    """Return what `up` has to do so that every resource is as desired.

    Args:
        resources: what is wanted.
        aws: handed to the resources.
        guard: translates the errors of a read; a plan is never built on a guess.
        unwanted: what a pipeline can have and this one should not: removed where it is ours.
        adopt: resources without an owner that may be taken over.

    Raises GraphError when the resources cannot be ordered, and whatever `guard` makes of a failed
    read.
    """
    ordered = in_order((*resources, *unwanted))
    observed = observe(ordered, aws, guard)
    optional = {r.address for r in unwanted}
    steps = {
        r.address: assess(r, observed[r.address], adopt=r.address in adopt)
        for r in ordered
        if r.address not in optional
    }
    _spread(steps)
    _foretell(steps, aws, guard)
    for resource in unwanted:
        step = assess_unwanted(resource, observed[resource.address])
        if step.action is not Action.NOTHING:
            steps[resource.address] = step
    return Plan(tuple(steps[r.address] for r in ordered if r.address in steps))


def plan_removal(resources: Sequence[Resource[Any]], aws: object, guard: Guard) -> Plan:
    """Return what `down` has to do so that nothing is left but what must be kept."""
    ordered = in_order(resources)
    observed = observe(ordered, aws, guard)
    return Plan(tuple(assess_removal(r, observed[r.address]) for r in ordered))


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


def _spread(steps: dict[Address, Step]) -> None:
    """Carry a replacement or an interruption to everything that lives on the changed resource."""
    lives_on = {address: step.resource.lives_on for address, step in steps.items()}
    for address, step in list(steps.items()):
        if step.action is Action.REPLACE:
            for other in standing_on(address, lives_on):
                steps[other] = _replaced_along(steps[other], address)
        elif step.interrupt in (Interrupt.RESTARTS, Interrupt.RELOADS):
            for other in standing_on(address, lives_on):
                steps[other] = _restarted_along(steps[other], address)


def _replaced_along(step: Step, cause: Address) -> Step:
    if step.action not in (Action.NOTHING, Action.UPDATE, Action.WAIT, Action.RESTART):
        return step
    if step.resource.given:
        return step
    action = Action.RESTART if step.resource.restarts else Action.REPLACE
    # Whatever of its own attributes replaces the task: made anew it is another one as well.
    lost = Interrupt.REPLACES in step.resource.interrupts.values()
    interrupt = Interrupt.REPLACES if lost else Interrupt.NOTHING
    reason = f"{cause} is replaced"
    return replace(step, action=action, reason=reason, interrupt=interrupt, remark="")


def _restarted_along(step: Step, cause: Address) -> Step:
    if not step.resource.restarts or step.action not in (Action.NOTHING, Action.WAIT):
        return step
    return replace(step, action=Action.RESTART, reason=f"{cause} changes")


def _foretell(steps: dict[Address, Step], aws: object, guard: Guard) -> None:
    """Let what will be made say what that means, unless what it lives on is made anew as well."""
    anew = {a for a, s in steps.items() if s.action in (Action.CREATE, Action.REPLACE)}
    for address, step in list(steps.items()):
        if step.action.makes and not anew & set(step.resource.lives_on):
            with guard(address):
                steps[address] = replace(step, note=step.resource.outlook(aws))
