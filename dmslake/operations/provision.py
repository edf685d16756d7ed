"""Bring a pipeline to what its spec says: plan it, carry the plan out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from dmslake.aws.clients import Clients
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.events import Listener, ignore
from dmslake.engine.plan import Plan, Step
from dmslake.engine.planner import plan_changes
from dmslake.engine.resource import Address
from dmslake.errors import ConflictError
from dmslake.kinds.look_ahead import look_ahead
from dmslake.operations.guard import guard
from dmslake.spec import Spec


def plan(spec: Spec, clients: Clients, *, adopt: frozenset[Address] = frozenset()) -> Plan:
    """Return what has to be done. Reads only; raises CloudError when something cannot be read.

    Args:
        spec: what the user wants.
        clients: of the account and region that it is for.
        adopt: resources that nobody owns and that may be taken over.
    """
    parts = pipeline(spec, clients.account)
    with clients.remembering():
        look_ahead(parts.wanted, clients)
        return plan_changes(parts.wanted, clients, guard, unwanted=parts.unwanted, adopt=adopt)


def apply(
    found: Plan,
    clients: Clients,
    *,
    on_event: Listener = ignore,
    stop: threading.Event | None = None,
    superseded: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Carry out a plan of `plan` or `plan_removal`.

    Args:
        found: what is to be done.
        clients: of the account that it was planned for.
        on_event: told what happens.
        stop: ends the work; calls in flight are finished.
        superseded: whether that is because somebody else goes on with this pipeline.

    Raises ConflictError, before anything is done, when a resource in the way is not ours.
    """
    if found.conflicts:
        raise conflict(found.conflicts)
    applier = Applier(found, clients, guard, on_event=on_event, stop=stop)
    applier.superseded = superseded
    return applier.run()


def conflict(steps: tuple[Step, ...]) -> ConflictError:
    """Return the error for what is in the way of a plan."""
    named = [f"{step.resource.describe()}: {step.reason}" for step in steps]
    only = len(named) == 1
    return ConflictError(
        "something is in the way" if only else f"{len(named)} things are in the way",
        why=named[0] if only else "".join(f"\n    {line}" for line in named),
        fix="; ".join(_ways_out(steps)),
    )


def _ways_out(steps: tuple[Step, ...]) -> Iterator[str]:
    adoptable = [str(step.address) for step in steps if step.adoptable]
    if any(step.resource.given for step in steps):
        yield "correct the names and ARNs of what the spec takes as existing"
    if any(not step.resource.given for step in steps):
        yield "change the spec (another name, or what it asks for), or remove what is in the way"
    if adoptable:
        options = " ".join(f"--adopt {address}" for address in adoptable)
        yield f"or take over what nobody owns: dmslake up {options}"
