"""Look whether what was just started, a task or a serverless replication, really runs.

DMS calls a task running before it has looked at the source: one whose mapping matches no table, or
whose tables may not be read, fails some seconds later, when everybody has stopped looking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.plan import Plan
from dmslake.errors import WaitError
from dmslake.kinds.replication import Replication
from dmslake.kinds.replication_config import find_replication
from dmslake.kinds.replication_task import find_task
from dmslake.kinds.task_run import TaskRun

_LOOKS = 6
_PAUSE = 1.0
_COUNTS = ("TablesLoaded", "TablesLoading", "TablesQueued", "TablesErrored")
_ENDED = ("FULL_LOAD_ONLY_FINISHED", "STOPPED_AFTER", "STOPPED_AT")
_Find = Callable[[Clients, str], Any]


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """What was started: how it is called, how it is found, where it says what it does and why."""

    noun: str
    find: _Find
    statistics: str
    failure: str


_WATCHED = {
    TaskRun.kind: _Watched(
        noun="task",
        find=find_task,
        statistics="ReplicationTaskStats",
        failure="LastFailureMessage",
    ),
    Replication.kind: _Watched(
        noun="serverless replication",
        find=find_replication,
        statistics="ReplicationStats",
        failure="FailureMessages",
    ),
}


def watch_run(
    plan: Plan,
    clients: Clients,
    stop: threading.Event,
    *,
    pause: Callable[[float], object] | None = None,
) -> WaitError | None:
    """Return why the task, or the replication, that a plan started does not run, or None.

    It looks for some seconds at most, and no longer than until the first table is worked on.

    Args:
        plan: what was carried out.
        clients: of the account that it was carried out in.
        stop: ends the watch.
        pause: lets time pass.
    """
    made = (step.resource for step in plan.pending if step.action.makes)
    started = next((one for one in made if one.kind in _WATCHED), None)
    if started is None:
        return None
    watched, let_pass = _WATCHED[started.kind], pause or stop.wait
    for look in range(_LOOKS):
        with translating(f"looking at the {watched.noun} {started.name}"):
            found = watched.find(clients, started.name)
        if found is None or stop.is_set():
            return None
        failure = _failure(watched, found)
        if failure is not None or _works(watched, found):
            return failure
        if look + 1 < _LOOKS:
            let_pass(_PAUSE)
    return None


def _works(watched: _Watched, found: Any) -> bool:
    statistics = found.get(watched.statistics) or {}
    return any(statistics.get(count) for count in _COUNTS)


def _failure(watched: _Watched, found: Any) -> WaitError | None:
    status = str(found.get("Status", "")).lower()
    reason = str(found.get("StopReason", "")).removeprefix("Stop Reason ")
    ended = status == "stopped" and not reason.startswith(_ENDED)
    if status != "failed" and not ended:
        return None
    said = found.get(watched.failure) or ""
    why = (said if isinstance(said, str) else "; ".join(said)) or reason
    return WaitError(
        f"the {watched.noun} was started and is {status} now",
        why=why or "DMS gives no reason",
        fix=_advice(why),
    )


def _advice(why: str) -> str:
    if "no table" in why.lower():
        return (
            "correct tables.include: no table of the source matches it, or the source's user may "
            "not see them; then run `dmslake up` again"
        )
    return "`dmslake status` shows the tables; `dmslake up` starts it again"
