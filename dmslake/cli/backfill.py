"""`dmslake backfill`: what is already staged, repartitioned into the lake."""

from __future__ import annotations

from pathlib import Path

import click

from dmslake.backfill.report import check_report
from dmslake.cli.backfill_batch import by_jobs, check_manifest, refuse_brakes
from dmslake.cli.backfill_estimate import estimate_data, show_estimate
from dmslake.cli.backfill_options import backfill_options, wish_of
from dmslake.cli.backfill_relayout import RelayoutAsked, check_relayout, move_lake
from dmslake.cli.backfill_runs import cancel, list_known, show
from dmslake.cli.backfill_view import failure, following, show_summary, summary_data, write
from dmslake.cli.command import run
from dmslake.cli.interrupt import stoppable
from dmslake.cli.options import Settings, remember, shared_options
from dmslake.cli.report import Report
from dmslake.cli.session import Session, open_session
from dmslake.cli.terminal import Terminal
from dmslake.errors import StoppedError, UsageError
from dmslake.operations.backfill import Summary, Wish, backfill
from dmslake.operations.backfill_estimate import estimate

_BATCH = "s3-batch"


@click.group("backfill", invoke_without_command=True)
@shared_options
@backfill_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Copy staged objects that the lake lacks to where they belong.

    For what was staged before the pipeline's loader worked, or while it did not. Objects that are
    in the lake already are left alone. A run that was ended continues where it was. Exits with 4
    when some objects could not be copied.
    """
    if ctx.invoked_subcommand is not None:
        remember(ctx, given)
        return
    wish = wish_of(given)
    report = given["report"] if isinstance(given["report"], Path) else None

    def body(settings: Settings, terminal: Terminal) -> Report:
        _check(ctx, given, report)
        session = open_session(settings, terminal)
        if isinstance(given["from_lake"], str):
            asked = RelayoutAsked(
                given["from_lake"], wish, report, delete_old=bool(given["delete_old"])
            )
            return move_lake(session, terminal, asked)
        if given["dry_run"]:
            return _estimate(session, terminal, wish, report)
        if given["engine"] == _BATCH:
            return _told(terminal, by_jobs(session, terminal, wish, str(given["manifest"])), report)
        return _backfill(session, terminal, wish, report)

    run(ctx, given, body)


command.add_command(list_known)
command.add_command(show)
command.add_command(cancel)


def _check(ctx: click.Context, given: dict[str, object], report: Path | None) -> None:
    """Refuse what does not go together, before anything is asked of AWS."""
    if given["engine"] == _BATCH:
        refuse_brakes(ctx)
        if given["dry_run"]:
            raise UsageError(
                "--dry-run does not go with --engine s3-batch",
                why="a job's own price and time are not known before it has run",
                fix="leave one of them out",
            )
    check_manifest(given)
    if report is not None:
        check_report(report)
    check_relayout(ctx, given)


def _backfill(session: Session, terminal: Terminal, wish: Wish, report: Path | None) -> Report:
    with stoppable(terminal.talk) as stop, following(terminal) as listener:
        summary = backfill(session.spec, session.clients, wish, on_progress=listener, stop=stop)
    return _told(terminal, summary, report)


def _told(terminal: Terminal, summary: Summary, report: Path | None) -> Report:
    show_summary(terminal, summary)
    write(terminal, summary.ledger, report)
    return Report(data=summary_data(summary), warnings=summary.notes, error=failure(summary))


def _estimate(session: Session, terminal: Terminal, wish: Wish, report: Path | None) -> Report:
    with stoppable(terminal.talk) as stop, following(terminal) as listener:
        found = estimate(session.spec, session.clients, wish, on_progress=listener, stop=stop)
    show_estimate(terminal, found)
    write(terminal, found.ledger, report)
    error = None
    if not found.finished:
        error = StoppedError(
            "the listing was interrupted", fix="dmslake backfill --dry-run continues it"
        )
    return Report(data=estimate_data(found), error=error)
