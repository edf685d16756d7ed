"""`dmslake down`: remove the pipeline in the order that AWS accepts."""

from __future__ import annotations

from dataclasses import dataclass

import click

from dmslake.cli.apply import Work, carry_out, failure, outcome_data, warning
from dmslake.cli.command import run
from dmslake.cli.interrupt import leave, stoppable
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import show_kept, show_plan
from dmslake.cli.report import Report
from dmslake.cli.session import Session, open_session
from dmslake.cli.terminal import Terminal
from dmslake.engine.plan import Plan
from dmslake.errors import UsageError
from dmslake.operations.exclusive import Claimant, exclusive
from dmslake.operations.plan_file import check_same
from dmslake.operations.proposal import Proposal, propose_removal


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user asked for; `confirm` is the name that was given for --delete-data."""

    delete_data: bool = False
    confirm: str | None = None
    force: bool = False


@click.command("down")
@shared_options
@click.option("--delete-data", is_flag=True, help="Delete both buckets with everything in them.")
@click.option(
    "--confirm", metavar="NAME", help="The pipeline's name: agrees to --delete-data without asking."
)
@click.option("--force-unlock", is_flag=True, help="Take over from a run that no longer runs.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    delete_data: bool,
    confirm: str | None,
    force_unlock: bool,
    **given: object,
) -> None:
    """Remove the pipeline.

    Stops the task, waits until the loader has moved what is staged, and removes everything that
    dmslake made, in the order that AWS accepts. Buckets that hold data stay unless --delete-data,
    for which the pipeline's name has to be typed, or given with --confirm; roles that the whole
    account shares always stay. What stays is listed, with its size and how to remove it.
    """
    wish = Wish(delete_data=delete_data, confirm=confirm, force=force_unlock)

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _down(settings, terminal, wish)

    run(ctx, given, body)


def _down(settings: Settings, terminal: Terminal, wish: Wish) -> Report:
    session = open_session(settings, terminal)
    name = session.spec.name
    if wish.confirm not in (None, name):
        raise UsageError(
            f"--confirm {wish.confirm} is another pipeline", why=f"the spec is for {name}"
        )
    proposal = propose_removal(session.spec, session.clients, purge=wish.delete_data)
    data = proposal.document.model_dump(mode="json")
    if not proposal.plan.pending:
        terminal.data(f"nothing of pipeline {name} is left to remove")
        show_kept(terminal, proposal.plan)
        return Report(data=data)
    show_plan(terminal, proposal.plan, session, removal=True)
    if not _agreed(terminal, name, proposal.plan, wish):
        terminal.talk("nothing was removed")
        return Report(data=data, exit_code=1)
    work = _carry_out(terminal, session, proposal, wish)
    error = failure(proposal.plan, work, "down")
    if error is None:
        terminal.data(f"pipeline {name} is removed ({work.outcome.seconds:.0f} s)")
        show_kept(terminal, proposal.plan)
    return Report(
        data={**data, "outcome": outcome_data(work)}, warnings=tuple(work.notes), error=error
    )


def _agreed(terminal: Terminal, name: str, plan: Plan, wish: Wish) -> bool:
    if wish.delete_data:
        question = f"This deletes the data in both buckets. Type {name} to go on"
        return terminal.confirm_name(question, name, wish.confirm)
    if wish.confirm is not None:
        return True
    count = len(plan.pending)
    return terminal.confirm(
        f"Remove {'this resource' if count == 1 else f'these {count} resources'}?"
    )


def _carry_out(terminal: Terminal, session: Session, agreed: Proposal, wish: Wish) -> Work:
    """Remove what was agreed to, alone with the pipeline."""
    with stoppable(terminal.talk, again=leave) as stop:
        work = Work(stop=stop)
        claimant = Claimant(
            command="down",
            force=wish.force,
            on_lost=work.lose,
            on_unlocked=warning(terminal, work),
        )
        with exclusive(session.spec, session.clients, claimant):
            found = propose_removal(session.spec, session.clients, purge=wish.delete_data)
            if not (terminal.settings.yes or wish.confirm):
                check_same(agreed.document, found.document, "look again: dmslake down")
            carry_out(terminal, found.plan, session, work)
    return work
