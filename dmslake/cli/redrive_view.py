"""Dead letters, how their replay goes, and what became of them, for people and for programs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from dmslake.cli.terminal import Terminal
from dmslake.errors import DmslakeError, ObjectsFailedError, StoppedError
from dmslake.operations.redrive import Listener, Progress, Redriven, StillFailing
from dmslake.operations.redrive_letters import UNREADABLE
from dmslake.operations.redrive_preview import Example, Preview
from dmslake.operations.redrive_queue import Counts

_HEARTBEAT_S = 10.0
_NAMED = 10
_DAYS_KEPT = 14  # by SQS, at most


def show_preview(terminal: Terminal, pipeline: str, found: Preview) -> None:
    """Print how many dead letters there are, and some of them."""
    if not found.counts.waiting:
        terminal.data(_nothing(pipeline, found.counts))
        return
    would = f"; would replay {found.would_try:,}" if found.would_try < found.counts.waiting else ""
    terminal.data(f"{_letters(found.counts.waiting)} in queue {found.queue}{would}")
    if found.counts.hidden:
        terminal.data(_hidden(found.counts.hidden))
    for example in found.examples:
        terminal.data()
        for line in _example(example):
            terminal.data(line)
    if len(found.examples) < found.counts.waiting:
        terminal.data()
        terminal.data(f"and {found.counts.waiting - len(found.examples):,} more")
    terminal.talk("nothing was taken or replayed; to do so: dmslake redrive")


def _example(example: Example) -> Iterator[str]:
    sent = "" if example.since is None else f", since {example.since:%Y-%m-%d %H:%M:%S} UTC"
    if example.foreign:
        yield f"message {example.message}{sent}: no event, would be left"
    else:
        yield f"{_objects(example.objects) or 'an event without objects'}{sent}"
    yield f"  why: {example.why}"


@contextmanager
def replaying(terminal: Terminal, pipeline: str) -> Iterator[Listener]:
    """Yield a listener that shows how far it is."""
    if not terminal.animated:
        yield PlainCount(terminal, pipeline)
        return
    spinner = Spinner("dots", style="cyan")
    with Live(spinner, console=terminal.err, refresh_per_second=10, transient=True):

        def listener(progress: Progress) -> None:
            spinner.update(
                text=Text(f"replaying the dead letters of {pipeline}: {_count(progress)}")
            )

        yield listener


class PlainCount:
    """A line at the beginning, and one from time to time."""

    def __init__(
        self, terminal: Terminal, pipeline: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._terminal = terminal
        self._pipeline = pipeline
        self._now = now
        self._told: float | None = None

    def __call__(self, progress: Progress) -> None:
        now = self._now()
        if self._told is None:
            self._told = now
            if progress.waiting:
                self._terminal.talk(_beginning(self._pipeline, progress))
        elif now - self._told >= _HEARTBEAT_S:
            self._told = now
            self._terminal.talk(_count(progress))


def _beginning(pipeline: str, progress: Progress) -> str:
    calls = f"up to {_plural(progress.at_once, 'invocation')} at once"
    return f"replaying {_letters(progress.waiting)} of pipeline {pipeline}, {calls}"


def _count(progress: Progress) -> str:
    failing = f", {progress.failing:,} still failing" if progress.failing else ""
    return f"{progress.moved:,} of about {progress.waiting:,} moved{failing}"


def show_redriven(terminal: Terminal, pipeline: str, found: Redriven) -> None:
    """Print the counts, and what was left; what fails is told by `failure`."""
    if not (found.tried or found.foreign):
        terminal.data(_nothing(pipeline, found.before))
        return
    parts = [f"{found.moved:,} moved"]
    if found.failing:
        parts.append(f"{_plural(len(found.failing), 'still fails', 'still fail')}")
    if found.foreign:
        parts.append(f"{len(found.foreign):,} left, no event of the pipeline")
    terminal.data(
        f"dead letters of pipeline {pipeline}: {found.before.all:,} before, "
        f"{found.after.all:,} after{_lag(found)}: {', '.join(parts)}"
    )
    for note in notes(found):
        terminal.data(f"! {note}")


def _lag(found: Redriven) -> str:
    more = found.after.all > found.before.all - found.moved
    return " (by SQS's count, which may lag behind by a minute)" if more else ""


def notes(found: Redriven) -> tuple[str, ...]:
    """Return what is no failure, and has to be known."""
    return tuple(_notes(found))


def _notes(found: Redriven) -> Iterator[str]:
    for one in found.foreign[:_NAMED]:
        yield f"message {one.message} was left in queue {found.queue}: {one.why}"
    if len(found.foreign) > _NAMED:
        yield f"{len(found.foreign) - _NAMED:,} more messages were left: they hold no event either"
    if found.before.hidden:
        yield _hidden(found.before.hidden)


def failure(found: Redriven) -> DmslakeError | None:
    """Return the error that a redrive amounts to; reasons are grouped."""
    if found.interrupted:
        return StoppedError(
            f"redrive was interrupted: {found.moved:,} of about "
            f"{_letters(found.before.waiting)} are moved",
            why=_reasons(found.failing),
            fix="the others are in the queue as before; dmslake redrive continues",
        )
    if not found.failing:
        return None
    fix = (
        "remove the cause, then run it again: dmslake redrive; they stay in queue "
        f"{found.queue} for {_DAYS_KEPT} days after they were sent"
    )
    if any(one.reason.code == UNREADABLE for one in found.failing):
        fix = f"bring the loader to the version of this command: dmslake up; {fix}"
    failing = len(found.failing)
    verb = "fails" if failing == 1 else "fail"
    what = f"{failing:,} of {_letters(found.tried)} still {verb}"
    return ObjectsFailedError(what, why=_reasons(found.failing), fix=fix)


def _reasons(failing: tuple[StillFailing, ...]) -> str:
    """Say each different reason once, with how many there are and one of them."""
    groups: dict[str, list[StillFailing]] = defaultdict(list)
    for one in failing:
        groups[one.reason.code].append(one)
    ordered = sorted(groups.values(), key=len, reverse=True)
    lines = [_reason(group) for group in ordered]
    return lines[0] if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)


def _reason(group: list[StillFailing]) -> str:
    first = group[0]
    where = _objects(first.objects) or f"message {first.message}"
    many = f"{_letters(len(group))}, for example " if len(group) > 1 else ""
    return f"{many}{where}: {first.reason}"


def preview_data(found: Preview) -> dict[str, object]:
    """Return a preview for JSON; times are ISO 8601 in UTC."""
    return {
        "dry_run": True,
        "queue": found.queue,
        "before": asdict(found.counts),
        "would_try": found.would_try,
        "examples": [asdict(example) for example in found.examples],
    }


def redrive_data(found: Redriven) -> dict[str, object]:
    """Return what became of the dead letters for JSON; numbers are messages."""
    groups: dict[str, int] = defaultdict(int)
    for one in found.failing:
        groups[one.reason.code] += 1
    return {
        "dry_run": False,
        "queue": found.queue,
        "before": asdict(found.before),
        "after": asdict(found.after),
        "tried": found.tried,
        "moved": found.moved,
        "failed": len(found.failing),
        "reasons": dict(groups),
        "failing": [asdict(one) for one in found.failing],
        "left": [asdict(one) for one in found.foreign],
        "interrupted": found.interrupted,
    }


def _nothing(pipeline: str, counts: Counts) -> str:
    text = f"pipeline {pipeline} has no dead letters: nothing to replay"
    return f"{text}; {_hidden(counts.hidden)}" if counts.hidden else text


def _hidden(count: int) -> str:
    return (
        f"{_plural(count, 'message is', 'messages are')} in the hands of somebody else, another "
        "redrive for instance, and out of sight until that ends"
    )


def _objects(objects: tuple[str, ...]) -> str:
    more = len(objects) - 1
    return f"{objects[0]} and {more:,} more" if more > 0 else "".join(objects)


def _letters(count: int) -> str:
    return _plural(count, "dead letter")


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
