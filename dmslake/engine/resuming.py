"""Whether what ran, and was stopped for changes that are not all made, can run again meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dmslake.engine.jobs import all_needs
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Address


def obstacle_to_resuming(step: Step, plan: Plan, done: Collection[Address]) -> str:
    """Return why a stopped thing must not run before the plan is carried out; "" where it may.

    What it lives on must be there. And where some of that was changed already, what surrounds it
    must be ready for the change: a task that writes to another place needs who takes it from there.

    Args:
        step: of what was stopped.
        plan: what was to be carried out.
        done: the steps that are.
    """
    steps = {found.address: found for found in plan.steps}
    bases = frozenset(_bases(step, steps))
    replaced = sorted(base for base in bases if steps[base].action is Action.REPLACE)
    if replaced:
        return f"{replaced[0]} is to be replaced"
    pending = {found.address for found in plan.pending}
    missing = sorted((all_needs(plan)[step.address] & pending) - bases - set(done))
    changed = sorted(bases & pending & set(done))
    if missing and changed:
        return f"{changed[0]} was changed, and {missing[0]} was not yet"
    return ""


def _bases(step: Step, steps: dict[Address, Step]) -> Iterator[Address]:
    for base in step.resource.lives_on:
        if base in steps:
            yield base
            yield from _bases(steps[base], steps)
