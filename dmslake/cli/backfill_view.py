"""A backfill while it runs, and when it is over: a live line, or plain lines off a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.filesize import decimal
from rich.live import Live
from rich.text import Text

from dmslake.backfill.ledger import State
from dmslake.backfill.run import Progress
from dmslake.cli.terminal import Terminal
from dmslake.errors import DifferenceError, DmslakeError, StoppedError
from dmslake.operations.backfill import Summary
from dmslake.operations.backfill_runs import report_of

_HEARTBEAT = 10.0
_REDRAWN = 0.2
_BATCH = "s3-batch"
_ENGINES = {"direct": "", "boto3": ", by boto3: there is a proxy"}
_SHOWN = 10
WORDS = {
    State.COPIED: "copied",
    State.PRESENT: "were in the lake already",
    State.SKIPPED: "belong nowhere",
    State.VANISHED: "gone before they were copied",
    State.FAILED: "failed",
    State.PENDING: "left to copy",
}

Follower = Callable[[Progress], None]
Failure = tuple[str, str, int, str]


@contextmanager
def following(
    terminal: Terminal, line: Callable[[Progress], str] | None = None
) -> Iterator[Follower]:
    """Yield a listener that shows how far the run is, in a line of its own or of `line`."""
    told = line or line_of
    if not terminal.animated:
        yield _Every(_HEARTBEAT, lambda progress: terminal.talk(told(progress)))
        return
    with Live(Text("listing the lake"), console=terminal.err, transient=True) as live:
        yield _Every(_REDRAWN, lambda progress: live.update(Text(told(progress))))


class _Every:
    """Passes progress on once in a while, and at once when the window closes or opens."""

    def __init__(self, seconds: float, show: Follower) -> None:
        self._seconds = seconds
        self._show = show
        self._next = seconds
        self._closed_until: datetime | None = None

    def __call__(self, progress: Progress) -> None:
        changed = progress.closed_until != self._closed_until
        self._closed_until = progress.closed_until
        if changed or (progress.seconds >= self._next and not progress.closed_until):
            self._next = progress.seconds + self._seconds
            self._show(progress)


def line_of(progress: Progress) -> str:
    """Return how far a run is, in one line."""
    copied, failed = progress.settled[State.COPIED], progress.settled[State.FAILED]
    speed = copied / progress.seconds if progress.seconds else 0.0
    listed = f"{progress.listed:,} objects listed{' so far' if progress.listing else ''}"
    parts = [f"{copied:,} copied ({speed:,.0f}/s)"]
    if progress.listing or progress.listed:  # a run that goes on with a ledger lists nothing
        parts.insert(0, listed)
    if progress.left:
        parts.append(f"{progress.left:,} left{_time_left(progress, speed)}")
    if failed:
        parts.append(f"{failed:,} failed")
    if progress.retries:
        parts.append(f"{progress.retries:,} tried again")
    if progress.rate is not None:
        parts.append(f"held to {progress.rate:,.0f}/s")
    if progress.closed_until is not None:
        parts.append(f"outside the window: waits until {progress.closed_until:%Y-%m-%d %H:%M} UTC")
    return " · ".join(parts)


def _time_left(progress: Progress, speed: float) -> str:
    """Return how long the rest takes at the speed so far; nothing while more may be listed."""
    if progress.listing or not speed or progress.closed_until is not None:
        return ""
    minutes, seconds = divmod(int(progress.left / speed) + 1, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f", about {hours} h {minutes:02} min"
    return f", about {minutes} min {seconds:02} s" if minutes else f", about {seconds} s"


def show_summary(terminal: Terminal, summary: Summary) -> None:
    """Print what a run came to, the failures with their reasons."""
    begun = "continued" if summary.continued else "done"
    ended = "given up" if summary.gave_up else "interrupted"
    state = begun if summary.finished else ended
    by = _ENGINES.get(summary.engine, f", by {summary.engine}")
    terminal.data(f"backfill {state} in {summary.seconds:,.1f} s{by}")
    for which, word in WORDS.items():
        tally = summary.tallies.get(which)
        if tally is not None:
            terminal.data(f"  {tally.objects:>12,} {word} ({decimal(tally.size)})")
    for note in summary.notes:
        terminal.talk(f"note: {note}")
    for line in failure_lines(summary.failures):
        terminal.data(line)


def failure_lines(failures: Sequence[Failure]) -> Iterator[Text]:
    """Yield a line for each different failure, the most frequent first; ten at most."""
    for code, text, count, example in failures[:_SHOWN]:
        told = f"{code}: {text}" if text else code
        yield Text(f"! {count:,} x {told}, for example {example}", style="red")


def summary_data(summary: Summary) -> dict[str, object]:
    """Return what a run came to, for JSON."""
    return {
        "finished": summary.finished,
        "continued": summary.continued,
        "engine": summary.engine,
        "seconds": round(summary.seconds, 1),
        "retries": summary.retries,
        "ledger": str(summary.ledger),
        "objects": {state.name.lower(): tally.objects for state, tally in summary.tallies.items()},
        "bytes": {state.name.lower(): tally.size for state, tally in summary.tallies.items()},
        "failures": failures_data(summary.failures),
    }


def failures_data(failures: Sequence[Failure]) -> list[dict[str, object]]:
    """Return the different failures, for JSON."""
    return [
        {"code": code, "text": text, "objects": count, "example": example}
        for code, text, count, example in failures
    ]


def failure(summary: Summary) -> DmslakeError | None:
    """Return the error that a run amounts to."""
    reasons = "; ".join(f"{code}: {example}" for code, _, _, example in summary.failures[:3])
    again = "dmslake backfill" + (f" --engine {_BATCH}" if summary.engine == _BATCH else "")
    if summary.gave_up:
        return DifferenceError(
            f"the backfill gave up: {summary.failed:,} staged objects could not be copied",
            why=reasons,
            fix="remove the cause, or allow more with --max-errors, then run dmslake backfill "
            "again: it continues where this ended",
        )
    if not summary.finished:
        return StoppedError(
            "the backfill was interrupted",
            why=f"until then {summary.failed:,} objects failed: {reasons}" if reasons else "",
            fix=f"{again} continues where this ended",
        )
    if summary.failed:
        return DifferenceError(
            f"{summary.failed:,} staged objects are not in the lake",
            why=reasons,
            fix=f"remove the cause, then run {again} again: it copies what is missing",
        )
    return None


def write(terminal: Terminal, ledger: Path, report: Path | None) -> None:
    """Write the report of a run, where one is asked for."""
    if report is not None:
        report_of(ledger, report)
        terminal.talk(f"every object is told in {report}")
