"""Carry something out on a pipeline while nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Plan
from dmslake.engine.resource import Address
from dmslake.kinds.bucket import Bucket
from dmslake.operations.holder import this_run
from dmslake.operations.lock import Lock, held, lockable
from dmslake.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """Who wants to be alone with a pipeline: `command` is ``up`` or ``down``.

    Attributes:
        force: whether somebody else's claim is taken over.
        on_lost: called, in another thread, when somebody takes this one over.
    """

    command: str
    force: bool
    on_lost: Callable[[], None]


def foundation(spec: Spec, clients: Clients, plan: Plan) -> Plan:
    """Return the part of a plan without which there is no place for a lock: mostly nothing."""
    if _has_place(spec, clients):
        return Plan(())
    bucket = plan.only(Address(Bucket.kind, spec.staging.bucket))
    return bucket if bucket.pending else Plan(())


@contextmanager
def exclusive(spec: Spec, clients: Clients, claimant: Claimant) -> Iterator[None]:
    """Hold the pipeline's lock while the block runs, if there is a bucket for it.

    Raises LockedError when somebody else holds it.
    """
    if not _has_place(spec, clients):
        yield
        return
    holder = this_run(claimant.command, _now())
    lock = Lock(clients, spec.staging.bucket, spec.name, holder, now=_now)
    with held(lock, force=claimant.force, on_lost=claimant.on_lost):
        yield


def _has_place(spec: Spec, clients: Clients) -> bool:
    return spec.staging.existing or lockable(clients, spec.staging.bucket, spec.name)


def _now() -> datetime:
    return datetime.now(UTC)
