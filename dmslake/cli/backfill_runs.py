"""`dmslake backfill list`, `show` and `cancel`: the runs of this machine."""

from __future__ import annotations

from pathlib import Path

import click
from rich.filesize import decimal

from dmslake.backfill.ledger import State
from dmslake.backfill.report import check_report
from dmslake.backfill.runs import KnownRun
from dmslake.cli.backfill_options import report_option
from dmslake.cli.backfill_view import WORDS, failure_lines, failures_data
from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.operations.backfill_runs import (
    Cancelled,
    Cancelling,
    cancel_run,
    list_runs,
    show_run,
)

_NAME = {
    Cancelling.STOPPING: "backfill {0} is told to stop; it can be continued: dmslake backfill",
    Cancelling.GIVEN_UP: "backfill {0} is given up; what it copied stays, the next begins anew",
    Cancelling.OVER: "backfill {0} is over already: nothing to cancel",
}


@click.command("list")
@shared_options
@click.pass_context
def list_known(ctx: click.Context, /, **given: object) -> None:
    """List the backfills of this pipeline on this machine, the newest first."""

    def body(settings: Settings, terminal: Terminal) -> Report:
        session = open_session(settings, terminal)
        runs = list_runs(session.spec, session.clients)
        for one in runs:
            terminal.data(_line(one))
        if not runs:
            terminal.data(f"no backfill of pipeline {session.spec.name} ran on this machine")
        return Report(data={"runs": [_data(one) for one in runs]})

    run(ctx, given, body)


@click.command("show")
@shared_options
@report_option
@click.argument("name", metavar="RUN")
@click.pass_context
def show(ctx: click.Context, /, name: str, report: Path | None, **given: object) -> None:
    """Show what a backfill came to, and why objects failed.

    RUN is its name in the list, the beginning of that, or `last`.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        if report is not None:
            check_report(report)
        session = open_session(settings, terminal)
        found, failures = show_run(session.spec, session.clients, name, report)
        terminal.data(_line(found))
        for state, word in WORDS.items():
            tally = found.objects.get(state)
            if tally is not None:
                terminal.data(f"  {tally.objects:>12,} {word} ({decimal(tally.size)})")
        for line in failure_lines(failures):
            terminal.data(line)
        data = {**_data(found), "about": dict(found.about), "failures": failures_data(failures)}
        return Report(data=data)

    run(ctx, given, body)


@click.command("cancel")
@shared_options
@click.argument("name", metavar="RUN")
@click.pass_context
def cancel(ctx: click.Context, /, name: str, **given: object) -> None:
    """Stop a running backfill, or give an unfinished one up.

    A running one finishes the copies in flight and can be continued. After an unfinished one that
    is given up the next backfill begins anew. RUN is its name in the list, the beginning of that,
    or `last`.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        session = open_session(settings, terminal)
        found = cancel_run(session.spec, session.clients, name)
        terminal.data(_told(found))
        return Report(
            data={"name": found.run.name, "outcome": found.outcome.value, "job": found.job or None}
        )

    run(ctx, given, body)


def _told(found: Cancelled) -> str:
    job = f"; job {found.job} of S3 Batch Operations is cancelled" if found.job else ""
    return _NAME[found.outcome].format(found.run.name) + job


def _line(one: KnownRun) -> str:
    counts = ", ".join(
        f"{one.objects[state].objects:,} {word}"
        for state, word in WORDS.items()
        if state in one.objects
    )
    begun = f"{one.begun:%Y-%m-%d %H:%M:%S}" if one.begun else "unknown"
    process = f" (process {one.process.pid})" if one.process else ""
    engine = f", by {one.engine}" if one.engine == "s3-batch" else ""
    told = one.why or counts or "nothing listed yet"
    return f"{one.name}  {begun} UTC  {one.state.value}{process}{engine}: {told}"


def _data(one: KnownRun) -> dict[str, object]:
    return {
        "name": one.name,
        "begun": one.begun,
        "ended": one.ended or None,
        "state": one.state.value,
        "engine": one.engine or None,
        "ledger": str(one.path),
        "pid": one.process.pid if one.process else None,
        "objects": {State(state).name.lower(): t.objects for state, t in one.objects.items()},
        "bytes": {State(state).name.lower(): t.size for state, t in one.objects.items()},
    }
