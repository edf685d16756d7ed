"""`dmslake up`: provision the pipeline and start its task."""

from __future__ import annotations

import click

from dmslake.cli.apply import carry_out, outcome_data
from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import plan_data, show_plan
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.operations import provision


@click.command("up")
@shared_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Provision the pipeline and start it.

    Shows the plan, asks, and carries it out: everything at the same time that can be. Safe to run
    again at any time, also after it was interrupted: it does what is left to do.
    """
    run(ctx, given, _up)


def _up(settings: Settings, terminal: Terminal) -> Report:
    session = open_session(settings, terminal, start_sandbox=True)
    found = provision.plan(session.spec, session.clients)
    data = plan_data(found, session)
    if found.empty:
        terminal.data(f"pipeline {session.spec.name} is as it should be: nothing to do")
        return Report(data=data)
    show_plan(terminal, found, session)
    if found.conflicts:
        return Report(data=data, error=provision.conflict(found.conflicts))
    if not terminal.confirm("Carry out this plan?"):
        terminal.talk("nothing was changed")
        return Report(data=data, exit_code=1)
    outcome, error = carry_out(terminal, found, session, "up")
    if error is None:
        terminal.data(f"pipeline {session.spec.name} is up ({outcome.seconds:.0f} s)")
        terminal.talk("next: dmslake status")
    return Report(data={**data, "outcome": outcome_data(outcome)}, error=error)
