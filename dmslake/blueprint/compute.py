"""What runs the replication: a task on an instance, or Serverless; and what then must not stay."""

from __future__ import annotations

from dmslake.blueprint.machine import Machine
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.placement import Placement
from dmslake.blueprint.serverless import OnServerless
from dmslake.blueprint.surroundings import Surroundings
from dmslake.blueprint.task import OnInstance
from dmslake.spec import Spec


def compute(spec: Spec, names: Names, around: Surroundings) -> Parts:
    """Return what the spec asks for, and what it would have asked for otherwise."""
    placement = Placement(spec, names, around.vpc_role)
    serverless = OnServerless(spec, names, around, placement)
    task = OnInstance(spec, names, around, Machine(spec, names, placement))
    if spec.replication.serverless is not None:
        return placement.parts() + serverless.wanted() + task.unwanted()
    return placement.parts() + task.wanted() + serverless.unwanted()
