"""Take a pipeline away, in the order that AWS accepts, and leave what must stay."""

from __future__ import annotations

from dmslake.aws.clients import Clients
from dmslake.blueprint.pipeline import removal
from dmslake.engine.plan import Plan
from dmslake.engine.planner import plan_removal as plan_resources_removal
from dmslake.kinds.look_ahead import look_ahead
from dmslake.operations.guard import guard
from dmslake.spec import Spec


def plan_removal(spec: Spec, clients: Clients, *, purge: bool) -> Plan:
    """Return what has to be done so that nothing is left but what must stay.

    Buckets with data stay unless `purge`. Carry it out with `provision.apply`.
    """
    resources = removal(spec, clients.account, purge=purge)
    with clients.remembering():
        look_ahead(resources, clients)
        return plan_resources_removal(resources, clients, guard)
