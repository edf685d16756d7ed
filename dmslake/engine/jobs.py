"""The jobs of a plan and the order between them.

A step that only makes or only takes away is one job; a replacement or a restart is two. What is
needed is made first; what needs it is taken away first, also before it is changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dmslake.engine.plan import Plan, Step
from dmslake.engine.resource import Address, Resource


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
        late = _late(steps[job.address].resource, needs, jobs) if job.phase is Phase.REMOVE else ()
        for need in needs[job.address]:
            _order(job, need, jobs, late=bool(late))
        before.update(late)
        taken_away = Job(job.address, Phase.REMOVE)
        if job.phase is Phase.MAKE and taken_away in jobs:
            before.add(taken_away)
    return {job: frozenset(before) for job, before in jobs.items()}


def _order(job: Job, need: Address, jobs: dict[Job, set[Job]], *, late: bool) -> None:
    """Order one job and those of something it needs; `late` goes after what is changed in place."""
    made, removed = Job(need, Phase.MAKE), Job(need, Phase.REMOVE)
    if job.phase is Phase.MAKE:
        # What is needed and goes is unwanted: it stands in the way of what takes its place.
        jobs[job].update({made, removed} & jobs.keys())
        return
    for later in ({removed} if late else {made, removed}) & jobs.keys():
        jobs[later].add(job)


def _late(
    resource: Resource[Any], needs: Mapping[Address, frozenset[Address]], jobs: Iterable[Job]
) -> frozenset[Job]:
    """Return what must be made before an unwanted resource may go.

    Nothing, where something that both stand on is replaced: then it has to go first.
    """
    known = set(jobs)
    replaced = {
        job.address for job in known if {Job(job.address, phase) for phase in Phase} <= known
    }
    if replaced & needs[resource.address]:
        return frozenset()
    return frozenset(Job(a, Phase.MAKE) for a in resource.gone_after) & known


def all_needs(plan: Plan) -> Mapping[Address, frozenset[Address]]:
    """Return what each resource needs, directly or through others.

    Through others matters: a resource that does not change itself still stands between two that do.
    """
    found: dict[Address, frozenset[Address]] = {}
    for step in plan.steps:  # a plan is in order: what is needed comes first
        direct = step.resource.needs()
        # An unwanted resource that is not there has no step and no needs.
        found[step.address] = frozenset(direct).union(*(found.get(need, ()) for need in direct))
    return found


def _halves(step: Step) -> tuple[Job, ...]:
    halves = []
    if step.action.removes and step.resource.removable:
        halves.append(Job(step.address, Phase.REMOVE))
    if step.action.makes:
        halves.append(Job(step.address, Phase.MAKE))
    return tuple(halves)
