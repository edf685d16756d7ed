"""The beginnings of a task's transitions; `task_runs` carries them on."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from dmslake.sandbox.dms.records import (
    Runnable,
    StartKind,
    StoredCheckpoint,
    StoredStatistics,
    Task,
)
from dmslake.sandbox.dms.service import Service

R = TypeVar("R", bound=Runnable)


def begun(service: Service, runnable: R, kind: StartKind) -> R:
    """Return what starts, before its first state; a start from scratch forgets the last run."""
    now = service.clock()
    if kind is not StartKind.RESUME:
        service.store.remove(StoredCheckpoint, runnable.arn)
        service.store.remove(StoredStatistics, runnable.arn)
    return replace(
        runnable,
        start=kind,
        started=now,
        fresh_started=runnable.fresh_started if kind is StartKind.RESUME else now,
        mappings_of_last_run=runnable.mappings_of_last_run if kind is StartKind.RESUME else None,
        stopped=None,
        stop_reason=None,
        failure=None,
    )


def begin(service: Service, task: Task, kind: StartKind) -> Task:
    """Have a task start."""
    task = replace(
        begun(service, task, kind),
        status="starting",
        due=service.after(service.delays.task_start),
        restart_after_upgrade=False,
    )
    service.store.put(task)
    return task


def begin_stop(service: Service, task: Task) -> Task:
    """Have a task stop; it stays `stopping` until its run has flushed."""
    service.runs.stop(task.arn)
    task = replace(task, status="stopping", due=service.after(service.delays.task_stop))
    service.store.put(task)
    return task


def interrupt_all(service: Service, instance_arn: str) -> None:
    """Stop the tasks of an instance for its engine upgrade; they resume by themselves after it."""
    for task in service.store.all(Task):
        if task.instance_arn == instance_arn and task.status in {"starting", "running"}:
            begin_stop(service, replace(task, restart_after_upgrade=True))
