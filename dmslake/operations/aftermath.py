"""Look whether a task that was just started really runs.

DMS calls a task running before it has looked at the source: one whose mapping matches no table, or
whose tables may not be read, fails some seconds later, when everybody has stopped looking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.plan import Plan
from dmslake.errors import WaitError
from dmslake.kinds.replication_task import find_task
from dmslake.kinds.task_run import TaskRun

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef

_LOOKS = 6
_PAUSE = 1.0
_COUNTS = ("TablesLoaded", "TablesLoading", "TablesQueued", "TablesErrored")
_ENDED = ("FULL_LOAD_ONLY_FINISHED", "STOPPED_AFTER", "STOPPED_AT")


def watch_run(
    plan: Plan,
    clients: Clients,
    stop: threading.Event,
    *,
    pause: Callable[[float], object] | None = None,
) -> WaitError | None:
    """Return why the task that a plan started does not run, or None.

    It looks for some seconds at most, and no longer than until the task works on its first table.

    Args:
        plan: what was carried out.
        clients: of the account that it was carried out in.
        stop: ends the watch.
        pause: lets time pass.
    """
    started = [s for s in plan.pending if s.action.makes and s.resource.kind == TaskRun.kind]
    if not started:
        return None
    let_pass = pause or stop.wait
    name = started[0].resource.name
    for look in range(_LOOKS):
        with translating(f"looking at replication task {name}"):
            task = find_task(clients, name)
        if task is None or stop.is_set():
            return None
        failure = _failure(task)
        if failure is not None or _works(task):
            return failure
        if look + 1 < _LOOKS:
            let_pass(_PAUSE)
    return None


def _works(task: ReplicationTaskTypeDef) -> bool:
    statistics: Any = task.get("ReplicationTaskStats", {})
    return any(statistics.get(count) for count in _COUNTS)


def _failure(task: ReplicationTaskTypeDef) -> WaitError | None:
    status = str(task.get("Status", ""))
    reason = str(task.get("StopReason", "")).removeprefix("Stop Reason ")
    ended = status == "stopped" and not reason.startswith(_ENDED)
    if status != "failed" and not ended:
        return None
    why = str(task.get("LastFailureMessage", "")) or reason or "DMS gives no reason"
    return WaitError(
        f"the task was started and is {status} now",
        why=why,
        fix=_advice(why),
    )


def _advice(why: str) -> str:
    if "no table" in why.lower():
        return (
            "correct tables.include: no table of the source matches it, or the source's user may "
            "not see them; then run `dmslake up` again"
        )
    return "`dmslake status` shows the tables; `dmslake up` starts it again"
