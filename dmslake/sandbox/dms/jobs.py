"""From a stored task or replication to its run, and what a deleted one leaves behind."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import cast

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.cloud import CloudFailureError, RoleRefusedError, SecretRefusedError
from dmslake.sandbox.dms.engines import POSTGRESQL
from dmslake.sandbox.dms.idle import IdleJob, IdleRun
from dmslake.sandbox.dms.names import arn_suffix
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.plane import Run
from dmslake.sandbox.dms.positions import lsn_of
from dmslake.sandbox.dms.probes import (
    UnusableEndpointError,
    is_idle,
    role_of,
    source_of,
    target_of,
)
from dmslake.sandbox.dms.records import Endpoint, Runnable, StartKind, StoredCheckpoint
from dmslake.sandbox.dms.replication.model import Checkpoint, Job, Start
from dmslake.sandbox.dms.service import Service

_log = logging.getLogger(__name__)
_STARTS = {
    StartKind.FRESH: Start.FRESH,
    StartKind.RESUME: Start.RESUME,
    StartKind.RELOAD: Start.RELOAD,
}
_REFUSALS = (
    SandboxError,
    UnusableEndpointError,
    RoleRefusedError,
    SecretRefusedError,
    CloudFailureError,
)


class CannotRunError(Exception):
    """A task's run could not even be prepared; the message is for its LastFailureMessage."""


def launch(service: Service, task: Runnable) -> None:
    """Run a task in a thread: as it was started, or from its checkpoint if it has one."""
    source = service.store.get(Endpoint, task.source_arn)
    target = service.store.get(Endpoint, task.target_arn)
    stored = service.store.get(StoredCheckpoint, task.arn)

    def make() -> Run:
        if source is None or target is None:
            raise CannotRunError("an endpoint of the task does not exist any more")
        return _prepare(service, task, (source, target), stored)

    service.runs.launch(task.arn, make)


def drop_what_is_left(service: Service, task: Runnable) -> Callable[[], None]:
    """Return the work that removes a task's slot from its source."""
    source = service.store.get(Endpoint, task.source_arn)

    def drop() -> None:
        # A task that never ran has no slot; a full load never had one.
        if source is None or task.fresh_started is None or task.migration_type == "full-load":
            return
        if source.engine not in POSTGRESQL:
            return
        try:
            service.plane.drop_slot(source_of(service, source), task_id(task))
        except _REFUSALS as error:
            _log.warning("the slot of task %s may remain on its source: %s", task.name, error)

    return drop


def task_id(task: Runnable) -> str:
    """Return the task's name towards the source: lower-case letters and digits, unique."""
    suffix = arn_suffix(task.arn).lower()
    if suffix.isalnum():
        return suffix
    digest = hashlib.sha256(task.arn.encode()).hexdigest()[:8]
    return "".join(letter for letter in suffix if letter.isalnum()) + digest


def _prepare(
    service: Service,
    task: Runnable,
    ends: tuple[Endpoint, Endpoint],
    stored: StoredCheckpoint | None,
) -> Run:
    if is_idle(service, ends[0]):
        return _idle_run(service, task, stored)
    source, target = ends
    try:
        job = _job(service, task, source, target, stored)
        client = service.cloud.s3_for_role(target.region, role_of(target))
    except _REFUSALS as error:
        raise CannotRunError(str(error)) from error

    def keep(checkpoint: Checkpoint) -> None:
        # A run that ended before it had looked at its tables knows nothing of them; what the run
        # before it knew is what keeps them from being loaded again.
        if job.checkpoint is not None and job.checkpoint.tables and not checkpoint.tables:
            return
        _keep(service, task, checkpoint)

    return service.plane.replication(
        job, s3=lambda: client, on_checkpoint=keep, clock=service.clock
    )


def _job(
    service: Service,
    task: Runnable,
    source: Endpoint,
    target: Endpoint,
    stored: StoredCheckpoint | None,
) -> Job:
    last = task.mappings_of_last_run
    return Job(
        task_id=task_id(task),
        source=source_of(service, source),
        target=target_of(target),
        mappings=_mappings(task.table_mappings),
        migration_type=task.migration_type,
        settings=task.settings,
        start=_STARTS[task.start] if stored is None else Start.RESUME,
        checkpoint=_checkpoint(stored),
        mappings_of_last_run=None if last is None else _mappings(last),
        start_position=lsn_of(task.start_position or ""),
    )


def _idle_run(service: Service, task: Runnable, stored: StoredCheckpoint | None) -> Run:
    job = IdleJob(
        mappings=_mappings(task.table_mappings),
        migration_type=task.migration_type,
        settings=task.settings,
        reloads=task.start is StartKind.RELOAD,
        checkpoint=_checkpoint(stored),
    )
    return IdleRun(job, lambda checkpoint: _keep(service, task, checkpoint), service.clock)


def _keep(service: Service, task: Runnable, checkpoint: Checkpoint) -> None:
    # Without the service's lock: only this run writes this record, and it must not wait.
    position = cast("Json", checkpoint.to_dict())
    service.store.put(StoredCheckpoint(task_arn=task.arn, position=position))


def _checkpoint(stored: StoredCheckpoint | None) -> Checkpoint | None:
    return None if stored is None else Checkpoint.from_dict(stored.position)


def _mappings(text: str) -> Json:
    return cast("Json", json.loads(text))
