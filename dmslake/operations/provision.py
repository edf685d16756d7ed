"""Bring a pipeline to what its spec says: plan it, carry the plan out."""

from __future__ import annotations

import threading

from dmslake.aws.clients import Clients
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.events import Listener, ignore
from dmslake.engine.plan import Plan, Step
from dmslake.engine.planner import plan_changes
from dmslake.errors import ConflictError
from dmslake.kinds.tags import OWNER_TAG
from dmslake.operations.guard import guard
from dmslake.spec import Spec


def plan(spec: Spec, clients: Clients) -> Plan:
    """Return what has to be done. Reads only; raises CloudError when something cannot be read."""
    return plan_changes(pipeline(spec, clients.account), clients, guard)


def apply(
    found: Plan,
    clients: Clients,
    *,
    on_event: Listener = ignore,
    stop: threading.Event | None = None,
) -> Outcome:
    """Carry out a plan of `plan` or `plan_removal`.

    Raises ConflictError, before anything is done, when a resource in the way is not ours.
    """
    if found.conflicts:
        raise conflict(found.conflicts)
    return Applier(found, clients, guard, on_event=on_event, stop=stop).run()


def conflict(steps: tuple[Step, ...]) -> ConflictError:
    """Return the error for resources that are in the way."""
    named = "; ".join(f"{step.resource.describe()}: {step.reason}" for step in steps)
    return ConflictError(
        "some names are taken" if len(steps) > 1 else "a name is taken",
        why=named,
        fix="choose another name in the spec, remove what is in the way, or hand it over: tag it "
        f"{OWNER_TAG} = <the pipeline's name>",
    )
