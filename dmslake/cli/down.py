"""`dmslake down`: remove the pipeline in the order that AWS accepts."""

from __future__ import annotations

import click

from dmslake.cli.apply import carry_out, outcome_data
from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import plan_data, show_kept, show_plan
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.engine.plan import Plan
from dmslake.operations import remove


@click.command("down")
@shared_options
@click.option("--delete-data", is_flag=True, help="Delete both buckets with everything in them.")
@click.pass_context
def command(ctx: click.Context, /, *, delete_data: bool, **given: object) -> None:
    """Remove the pipeline.

    Stops the task and removes everything that dmslake made, in the order that AWS accepts. Buckets
    that hold data stay unless --delete-data; roles that the whole account shares always stay.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _down(settings, terminal, delete_data=delete_data)

    run(ctx, given, body)


def _down(settings: Settings, terminal: Terminal, *, delete_data: bool) -> Report:
    session = open_session(settings, terminal)
    found = remove.plan_removal(session.spec, session.clients, purge=delete_data)
    data = plan_data(found, session)
    if not found.pending:
        terminal.data(f"nothing of pipeline {session.spec.name} is left to remove")
        show_kept(terminal, found)
        return Report(data=data)
    show_plan(terminal, found, session)
    if not _agreed(terminal, session.spec.name, found, delete_data=delete_data):
        terminal.talk("nothing was removed")
        return Report(data=data, exit_code=1)
    outcome, error = carry_out(terminal, found, session, "down")
    if error is None:
        terminal.data(f"pipeline {session.spec.name} is removed ({outcome.seconds:.0f} s)")
        show_kept(terminal, found)
    return Report(data={**data, "outcome": outcome_data(outcome)}, error=error)


def _agreed(terminal: Terminal, name: str, plan: Plan, *, delete_data: bool) -> bool:
    if delete_data:
        return terminal.confirm(
            f"This deletes the data in both buckets. Type {name} to go on", expect=name
        )
    return terminal.confirm(f"Remove these {len(plan.pending)} resources?")
