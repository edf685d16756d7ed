"""From an observation to an answer: does it work, and if not, what to do. No calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from dmslake.monitor.snapshot import DeadLetter, LoaderState, Snapshot, TaskState, Unread

_ALL = 100
_CAPTURES = "changes are being captured"
_TABLE_BROKEN = ("Table error", "Table cancelled", "Table does not exist")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong: what, and what to do about it.

    With a `warning` the pipeline does its work all the same.
    """

    what: str
    fix: str
    warning: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer in one line, and everything that is wrong."""

    headline: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        return all(finding.warning for finding in self.findings)


def judge(snapshot: Snapshot) -> Verdict:
    """Return the verdict on a snapshot."""
    found = [finding for rule in _RULES for finding in rule(snapshot)]
    findings = tuple(sorted(found, key=lambda finding: finding.warning))
    wrong = any(not finding.warning for finding in findings)
    return Verdict(headline=_headline(snapshot, wrong=wrong), findings=findings)


def _headline(snapshot: Snapshot, *, wrong: bool) -> str:
    if snapshot.task is None:
        return "there is no pipeline"
    doing = _doing(snapshot.task)
    works = snapshot.task.status == "running" or _is_finished(snapshot.task)
    return f"{doing}, but not everything is well" if wrong and works else doing


def _doing(task: TaskState) -> str:
    if task.status == "running":
        return f"the full load is at {task.full_load_percent} %" if _is_loading(task) else _CAPTURES
    if _is_finished(task):
        return "the full load is finished"
    return "the task failed" if task.status == "failed" else f"the task is {task.status}"


def _is_loading(task: TaskState) -> bool:
    left = task.tables_loading or task.tables_queued or task.full_load_percent < _ALL
    return task.loads and bool(left)


def _is_finished(task: TaskState) -> bool:
    return task.status == "stopped" and task.stop_reason == "FULL_LOAD_ONLY_FINISHED"


def _task(snapshot: Snapshot) -> Iterator[Finding]:
    task = snapshot.task
    if task is None:
        yield Finding(what="there is no replication task", fix="dmslake up")
    elif task.status == "failed":
        yield Finding(
            what=f"the task failed: {task.failure or 'DMS gives no reason'}",
            fix="remove the cause, then run dmslake up",
        )
    elif task.status in ("stopped", "ready") and not _is_finished(task):
        yield Finding(what="the task does not run", fix="dmslake up starts it where it stopped")


def _tables(snapshot: Snapshot) -> Iterator[Finding]:
    broken = [f"{t.schema}.{t.table}" for t in snapshot.tables if t.state in _TABLE_BROKEN]
    if broken:
        yield Finding(
            what=f"no changes arrive for {', '.join(broken)}: DMS suspended the table",
            fix="see the task's log for the reason (often a missing SELECT right)",
        )


def _connections(snapshot: Snapshot) -> Iterator[Finding]:
    for endpoint, reason in snapshot.connections.items():
        yield Finding(
            what=f"the connection test of {endpoint} failed: {reason}",
            fix="correct the spec or the network, then run dmslake up",
        )


def _log(snapshot: Snapshot) -> Iterator[Finding]:
    """A task without its log does its work, but nobody will know why when it does not."""
    log = snapshot.log
    if log is None or not log.missing:
        return
    stream = f"log stream {log.stream} in " if log.missing == "stream" else ""
    yield Finding(
        what=f"the task's log is missing: there is no {stream}log group {log.group}",
        fix="dmslake up repairs what most often is the cause: the role dms-cloudwatch-logs-role is "
        "missing, has lost its policy, or has a condition in its trust; if no log comes then, stop "
        "the task once (aws dms stop-replication-task), and dmslake up resumes it",
        warning=True,
    )


def _function(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.task is not None and snapshot.loader.exists is False:
        yield Finding(
            what="the loader function is missing: staged objects stay where they are",
            fix="dmslake up",
        )


def _failures(snapshot: Snapshot) -> Iterator[Finding]:
    loader = snapshot.loader
    if not loader.errors and not loader.recent_failures:
        return
    reasons = "; ".join(loader.recent_failures[:3]) or "its log says why"
    # The metric comes later than the log, and may not be there yet.
    times = {0: "", 1: "once "}.get(loader.errors or 0, f"{loader.errors} times ")
    what = f"the loader failed {times}in the last hour: {reasons}"
    worked = _worked_since(loader)
    if worked is None:
        yield Finding(
            what=what,
            fix="dmslake plan shows whether its role or settings were changed; dmslake up repairs",
        )
    else:
        yield Finding(
            what=f"{what}; it has worked since, at {worked:%H:%M} UTC",
            fix="nothing, if you know the cause: an event that fails again and again ends in the "
            "dead-letter queue, and is reported here then",
            warning=True,
        )


def _worked_since(loader: LoaderState) -> datetime | None:
    """Return when the function worked after its last failure; a minute that saw both is no proof.

    What failed before and is given up lies in the dead-letter queue, and is a finding of its own.
    """
    success, failure = loader.last_success, loader.last_failure
    return success if success is not None and failure is not None and success > failure else None


def _dead_letters(snapshot: Snapshot) -> Iterator[Finding]:
    loader = snapshot.loader
    if loader.dead_letters:
        yield Finding(
            what=_given_up(loader.dead_letters, loader.examples),
            fix="remove the cause, then run dmslake redrive; the objects are still in staging, "
            "none is lost",
        )


def _unread(snapshot: Snapshot) -> Iterator[Finding]:
    """Say once for each missing permission what could not be read for it."""
    parts: dict[tuple[str, bool], list[Unread]] = {}
    for unread in snapshot.unread:
        parts.setdefault((unread.fix, unread.vital), []).append(unread)
    for (fix, vital), together in parts.items():
        names = " and ".join(dict.fromkeys(unread.part for unread in together))
        yield Finding(
            what=f"{names} could not be read: {together[0].why}", fix=fix, warning=not vital
        )


def _given_up(count: int, examples: tuple[DeadLetter, ...]) -> str:
    events = "1 event was" if count == 1 else f"{count} events were"
    text = f"{events} given up and put into the dead-letter queue"
    example = next((letter for letter in examples if letter.objects), None)
    return f"{text}, for example {example.objects[0]}: {example.error}" if example else text


_RULES: tuple[Callable[[Snapshot], Iterator[Finding]], ...] = (
    _task,
    _connections,
    _tables,
    _function,
    _failures,
    _dead_letters,
    _unread,
    _log,
)
