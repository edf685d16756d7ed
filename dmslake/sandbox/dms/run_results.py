"""What becomes of a task or a serverless replication when its run ends."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TypeVar

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.jobs import CannotRunError, launch
from dmslake.sandbox.dms.records import Runnable, StoredCheckpoint, StoredStatistics
from dmslake.sandbox.dms.run_view import tables_of
from dmslake.sandbox.dms.runs import Ended
from dmslake.sandbox.dms.service import Service

_log = logging.getLogger(__name__)
R = TypeVar("R", bound=Runnable)
NORMAL = "NORMAL"


def launch_run(service: Service, runnable: Runnable) -> None:
    """Run it in a thread, from its checkpoint if it has one."""
    launch(service, runnable)
    service.logs.started(runnable, service.clock())


def look_after(service: Service, runnable: R) -> R | None:
    """See to a run that is in progress; return how it stands after its end, None before.

    After a restart of the service the run goes on from its last checkpoint.
    """
    if runnable.arn not in service.runs:
        launch_run(service, runnable)
        return None
    service.logs.tables(runnable, tables_of(service, runnable), service.clock())
    ended = service.runs.take_ended(runnable.arn)
    return None if ended is None else _finished(service, runnable, ended)


def look_after_stop(service: Service, runnable: R) -> R | None:
    """See to a run that was asked to stop; return how it stands after its end, None before."""
    ended = service.runs.take_ended(runnable.arn)
    if ended is not None:
        return _finished(service, runnable, ended)
    if runnable.arn not in service.runs:
        return put_stopped(service, runnable, NORMAL, None)
    return None


def put_stopped(service: Service, runnable: R, reason: str, failure: str | None) -> R:
    """Store that it does not run any more, and why; return it."""
    stopped = replace(
        runnable,
        status="stopped" if failure is None else "failed",
        due=None,
        stopped=service.clock(),
        stop_reason=f"Stop Reason {reason}",
        failure=failure,
        mappings_of_last_run=runnable.table_mappings,
    )
    service.store.put(stopped)
    service.logs.ended(stopped, service.clock())
    return stopped


def forget(service: Service, runnable: Runnable) -> None:
    """Remove it with all that is known of its runs."""
    service.store.remove(StoredCheckpoint, runnable.arn)
    service.store.remove(StoredStatistics, runnable.arn)
    service.store.remove(type(runnable), runnable.key)


def _finished(service: Service, runnable: R, ended: Ended) -> R:
    if ended.statistics:
        tables = tuple(ended.statistics)
        seen = StoredStatistics(task_arn=runnable.arn, tables=tables, progress=ended.progress)
        service.store.put(seen)
    service.logs.tables(runnable, ended.statistics, service.clock())
    error = ended.future.exception()
    if error is not None:
        return put_stopped(service, runnable, "FATAL_ERROR", _failure(runnable, error))
    outcome = ended.future.result()
    return put_stopped(service, runnable, outcome.stop_reason.value, outcome.failure)


def _failure(runnable: Runnable, error: BaseException) -> str:
    if isinstance(error, CannotRunError | SandboxError):
        return str(error)
    _log.error("the run of %s broke", runnable.name, exc_info=error)
    return f"{type(error).__name__}: {error}"
