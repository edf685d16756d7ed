"""`dmslake plan`: what `up` would do, and what that does to the running task."""

from __future__ import annotations

import click

from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import plan_data, show_plan
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.errors import DmslakeError
from dmslake.operations import provision

CHANGES_PENDING = 3


@click.command("plan")
@shared_options
@click.option("--exit-code", is_flag=True, help="Exit with 3 when there are changes.")
@click.pass_context
def command(ctx: click.Context, /, *, exit_code: bool, **given: object) -> None:
    """Show what would change on AWS, and what each change does to the running task.

    Reads only. `dmslake up` shows the same plan and carries it out.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _plan(settings, terminal, exit_code=exit_code)

    run(ctx, given, body)


def _plan(settings: Settings, terminal: Terminal, *, exit_code: bool) -> Report:
    session = open_session(settings, terminal)
    found = provision.plan(session.spec, session.clients)
    show_plan(terminal, found, session)
    error: DmslakeError | None = provision.conflict(found.conflicts) if found.conflicts else None
    code = CHANGES_PENDING if exit_code and not found.empty else 0
    return Report(data=plan_data(found, session), error=error, exit_code=code)
