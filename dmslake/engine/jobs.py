"""The jobs of a plan and the order between them.

A step that only makes or only takes away is one job; a replacement or a restart is two. What is
needed is made first; what needs it is taken away first, also before it is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmslake.engine.plan import Plan, Step
from dmslake.engine.resource import Address


class Phase(Enum):
    """Half of a step."""

    REMOVE = "remove"
    MAKE = "make"


@dataclass(frozen=True)
class Job:
    """One half of one step."""

    address: Address
    phase: Phase


def jobs_of(plan: Plan) -> dict[Job, frozenset[Job]]:
    """Return every job of the plan with the jobs that must be over before it starts."""
    needs = all_needs(plan)
    steps = {step.address: step for step in plan.pending}
    jobs: dict[Job, set[Job]] = {job: set() for step in steps.values() for job in _halves(step)}
    for job, before in jobs.items():
        for need in needs[job.address]:
            made, removed = Job(need, Phase.MAKE), Job(need, Phase.REMOVE)
            if job.phase is Phase.MAKE and made in jobs:
                before.add(made)
            if job.phase is Phase.REMOVE:
                for later in {made, removed} & jobs.keys():
                    jobs[later].add(job)
        taken_away = Job(job.address, Phase.REMOVE)
        if job.phase is Phase.MAKE and taken_away in jobs:
            before.add(taken_away)
    return {job: frozenset(before) for job, before in jobs.items()}


def all_needs(plan: Plan) -> Mapping[Address, frozenset[Address]]:
    """Return what each resource needs, directly or through others.

    Through others matters: a resource that does not change itself still stands between two that do.
    """
    found: dict[Address, frozenset[Address]] = {}
    for step in plan.steps:  # a plan is in order: what is needed comes first
        direct = step.resource.needs()
        found[step.address] = frozenset(direct).union(*(found[need] for need in direct))
    return found


def _halves(step: Step) -> tuple[Job, ...]:
    halves = []
    if step.action.removes and step.resource.removable:
        halves.append(Job(step.address, Phase.REMOVE))
    if step.action.makes:
        halves.append(Job(step.address, Phase.MAKE))
    return tuple(halves)
