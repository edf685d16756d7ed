"""Carry something out on a pipeline while nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from dmslake.aws.clients import Clients
from dmslake.aws.errors import DENIED_CODES
from dmslake.engine.plan import Plan
from dmslake.engine.resource import Address
from dmslake.errors import AccessError, CloudError, NotFoundError
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
        on_unlocked: told, once, when nothing keeps others away, and why.
    """

    command: str
    force: bool
    on_lost: Callable[[], None]
    on_unlocked: Callable[[str], None]


def foundation(spec: Spec, clients: Clients, plan: Plan) -> Plan:
    """Return the part of a plan without which there is no place for a lock: mostly nothing."""
    if _has_place(spec, clients):
        return Plan(())
    bucket = plan.only(Address(Bucket.kind, spec.staging.bucket))
    return bucket if bucket.pending else Plan(())


@contextmanager
def exclusive(spec: Spec, clients: Clients, claimant: Claimant) -> Iterator[None]:
    """Hold the pipeline's lock while the block runs, if there is a bucket for it.

    A bucket that is somebody else's may not let us write into it: then the block runs without a
    lock, and whoever runs it is told so.

    Raises LockedError when somebody else holds it.
    """
    with ExitStack() as stack:
        if _has_place(spec, clients):
            holder = this_run(claimant.command, _now())
            lock = Lock(clients, spec.staging.bucket, spec.name, holder, now=_now)
            try:
                stack.enter_context(held(lock, force=claimant.force, on_lost=claimant.on_lost))
            except (AccessError, NotFoundError) as error:
                if not _is_up_to_its_owner(spec, error):
                    raise
                claimant.on_unlocked(_unlocked(spec, error))
        yield


def _is_up_to_its_owner(spec: Spec, error: CloudError) -> bool:
    """Whether a claim cannot be made in a bucket that is not ours.

    A claim that is there and cannot be read is somebody's: no reason to go on without one.
    """
    denied = error.service_code in DENIED_CODES and error.operation == "PutObject"
    return spec.staging.existing and (denied or error.service_code == "NoSuchBucket")


def _unlocked(spec: Spec, error: CloudError) -> str:
    bucket = f"the existing bucket {spec.staging.bucket}"
    fix = f"; {error.fix}" if error.fix else ""
    return (
        f"pipeline {spec.name} is not locked, so make sure that nobody else works on it: its claim "
        f"could not be written into {bucket} ({error.why}){fix}"
    )


def _has_place(spec: Spec, clients: Clients) -> bool:
    return spec.staging.existing or lockable(clients, spec.staging.bucket, spec.name)


def _now() -> datetime:
    return datetime.now(UTC)
