"""`dmslake backfill --engine s3-batch`: one line for what the job does, live or now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from click.core import ParameterSource
from rich.live import Live
from rich.text import Text

from dmslake.backfill.batch.jobs import GENERATED
from dmslake.cli.interrupt import stoppable
from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.errors import UsageError
from dmslake.operations.backfill import Summary, Wish
from dmslake.operations.backfill_batch import backfill_by_batch
from dmslake.operations.backfill_batch_options import FOLLOWING, BatchOptions, BatchProgress

_HEARTBEAT = 60.0
_NAMES = {"tables": "table", "kinds": "kind"}
_BRAKES = ("concurrency", "rate", "max_errors")


def refuse_brakes(ctx: click.Context) -> None:
    """Refuse the options that hold back this machine: S3 decides how fast a job is."""
    for name in _BRAKES:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} does not go with --engine s3-batch",
                why="S3 decides how fast a job is",
                fix="leave it out; loader.concurrency in the spec limits how many copies run at "
                "once, those of live objects included",
            )


def check_manifest(given: Mapping[str, Any]) -> None:
    """Refuse what a manifest that S3 makes cannot be chosen by."""
    manifest = given["manifest"]
    if not manifest:
        return
    if given["engine"] != "s3-batch":
        raise UsageError("--manifest needs --engine s3-batch", fix="add it, or leave both out")
    unknown = ["tables", "kinds", "overwrite"]
    if manifest != GENERATED:
        unknown += ["since", "until", "key_prefix"]
    for name in unknown:
        if given[name]:
            option = _NAMES.get(name, name.replace("_", "-"))
            raise UsageError(
                f"--{option} does not go with this --manifest",
                why="what such a manifest holds is S3's to say, and the loader moves all of it "
                "that the lake lacks",
                fix="leave one of them out",
            )


def by_jobs(session: Session, terminal: Terminal, wish: Wish, manifest: str) -> Summary:
    """Run a backfill by S3 Batch Operations, and show how far it is."""
    with stoppable(terminal.talk) as stop, _following(terminal) as listener:
        summary = backfill_by_batch(
            session.spec,
            session.clients,
            wish,
            options=BatchOptions(manifest=manifest),
            on_progress=listener,
            stop=stop,
        )
    if not summary.finished:
        terminal.talk(
            "a job that was begun goes on by itself: dmslake backfill --engine s3-batch reattaches"
        )
    return summary


@contextmanager
def _following(terminal: Terminal) -> Iterator[Callable[[BatchProgress], None]]:
    if not terminal.animated:
        yield _Changes(terminal.talk)
        return
    with Live(Text("listing"), console=terminal.err, transient=True) as live:
        yield lambda progress: live.update(Text(line_of(progress)))


class _Changes:
    """Says a line when the job has come to another state, and else once a minute."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = ""
        self._next = 0.0

    def __call__(self, progress: BatchProgress) -> None:
        state = progress.sight.state if progress.sight else ""
        now = f"{progress.step}/{progress.number}/{state}"
        if now != self._said or progress.seconds >= self._next:
            self._said, self._next = now, progress.seconds + _HEARTBEAT
            self._say(line_of(progress))


def line_of(progress: BatchProgress) -> str:
    """Return how far a run is, in one line."""
    seen = progress.sight
    if seen is None or progress.step != FOLLOWING:
        about = f" {progress.number}" if progress.number else ""
        listed = f" · {progress.listed:,} objects so far" if progress.listed else ""
        return f"{progress.step}{about}{listed if progress.step == 'listing' else ''}"
    parts = [f"job {progress.number} ({seen.job}): {seen.state}"]
    if seen.total:
        speed = f", {seen.succeeded / seen.seconds:,.0f}/s" if seen.seconds else ""
        parts.append(f"{seen.succeeded:,} of {seen.total:,} moved{speed}")
    if seen.failed:
        parts.append(f"{seen.failed:,} failed")
    return " · ".join(parts)
