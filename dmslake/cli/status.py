"""`dmslake status`: one answer from the source to the lake."""

from __future__ import annotations

import click

from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.status_view import show_status, status_data
from dmslake.cli.terminal import Terminal
from dmslake.errors import UnhealthyError
from dmslake.operations.observe import observe


@click.command("status")
@shared_options
@click.option("--check", is_flag=True, help="Exit with 5 when something is wrong.")
@click.pass_context
def command(ctx: click.Context, /, *, check: bool, **given: object) -> None:
    """Show whether the pipeline works: the task, each table, the loader, the lake.

    Reads only. What is wrong is listed with what to do about it.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _status(settings, terminal, check=check)

    run(ctx, given, body)


def _status(settings: Settings, terminal: Terminal, *, check: bool) -> Report:
    session = open_session(settings, terminal)
    snapshot, verdict = observe(session.spec, session.clients)
    show_status(terminal, snapshot, verdict)
    healthy = verdict.healthy or not check
    return Report(
        data=status_data(snapshot, verdict),
        exit_code=0 if healthy else UnhealthyError.exit_code,
    )
