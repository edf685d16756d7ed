"""`dmslake up`: provision the pipeline and start its task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from dmslake.cli.apply import Work, carry_out, failure, outcome_data, warning
from dmslake.cli.command import run
from dmslake.cli.interrupt import leave, stoppable
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import show_plan, show_warnings
from dmslake.cli.report import Report
from dmslake.cli.session import Session, open_session
from dmslake.cli.terminal import Terminal
from dmslake.errors import DmslakeError, UsageError
from dmslake.operations.aftermath import watch_run
from dmslake.operations.exclusive import Claimant, exclusive, foundation
from dmslake.operations.plan_file import PlanFile, check_same, read_plan
from dmslake.operations.proposal import Proposal, propose, propose_again

_AGAIN = "look at the new plan: dmslake plan"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user asked for.

    `reviewed` is the plan of a file: that one or none; `settle` are seconds, None for the usual.
    """

    reviewed: PlanFile | None = None
    adopt: tuple[str, ...] = ()
    force: bool = False
    settle: float | None = None


@click.command("up")
@shared_options
@click.argument(
    "plan", metavar="[PLAN]", required=False, type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--adopt",
    metavar="ADDRESS",
    multiple=True,
    help="Take over what nobody owns, such as bucket.acme-lake; may be repeated.",
)
@click.option("--force-unlock", is_flag=True, help="Take over from an `up` that no longer runs.")
@click.option(
    "--settle",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    envvar="DMSLAKE_SETTLE",
    help="How long S3 may go on by the old trigger when loader.trigger changes; then staging is "
    "swept for what no event told of.  [300; 0 with --sandbox]",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    plan: Path | None,
    adopt: tuple[str, ...],
    force_unlock: bool,
    settle: float | None,
    **given: object,
) -> None:
    """Provision the pipeline and start it.

    Shows the plan, asks, and carries it out: everything at the same time that can be. Safe to run
    again at any time, also after it was interrupted: it does what is left to do. Only one `up` or
    `down` works on a pipeline at a time.

    PLAN is a file that `dmslake plan --out` has written: exactly that plan is carried out, without
    a question, or nothing if AWS or the spec has changed since.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        reviewed = None if plan is None else read_plan(plan)
        if reviewed is not None and adopt:
            raise UsageError(
                "--adopt does not go with a plan that was reviewed",
                fix=f"plan it: dmslake plan --adopt {adopt[0]} --out {plan}",
            )
        wish = Wish(
            reviewed=reviewed,
            adopt=adopt if reviewed is None else reviewed.adopt,
            force=force_unlock,
            settle=settle,
        )
        return _up(settings, terminal, wish)

    run(ctx, given, body)


def _up(settings: Settings, terminal: Terminal, wish: Wish) -> Report:
    session = open_session(settings, terminal, start_sandbox=True)
    if wish.settle is not None:
        session.clients.notification_delay_s = wish.settle
    proposal = propose(session.spec, session.clients, wish.adopt)
    data = proposal.document.model_dump(mode="json")
    if wish.reviewed is not None:
        check_same(wish.reviewed.plan, proposal.document, _AGAIN)
    warnings = (*session.spec.warnings, *proposal.warnings)
    if proposal.plan.empty:
        terminal.data(f"pipeline {session.spec.name} is as it should be: nothing to do")
        show_warnings(terminal, warnings)
        return Report(data=data, warnings=warnings)
    show_plan(terminal, proposal.plan, session)
    show_warnings(terminal, warnings)
    if proposal.obstacle is not None:
        return Report(data=data, warnings=warnings, error=proposal.obstacle)
    if wish.reviewed is None and not terminal.confirm("Carry out this plan?"):
        terminal.talk("nothing was changed")
        return Report(data=data, warnings=warnings, exit_code=1)
    work, error = _carry_out(terminal, session, proposal, wish)
    if error is None:
        terminal.data(f"pipeline {session.spec.name} is up ({work.outcome.seconds:.0f} s)")
        terminal.talk("next: dmslake status")
    return Report(
        data={**data, "outcome": outcome_data(work)}, warnings=(*warnings, *work.notes), error=error
    )


def _carry_out(
    terminal: Terminal, session: Session, agreed: Proposal, wish: Wish
) -> tuple[Work, DmslakeError | None]:
    """Carry out what was agreed to, alone with the pipeline; the error says what went wrong."""
    spec, clients = session.spec, session.clients
    with stoppable(terminal.talk, again=leave) as stop:
        work = Work(stop=stop)
        first = foundation(spec, clients, agreed.plan)
        if first.pending:
            carry_out(terminal, first, session, work)
        if not work.outcome.ok or stop.is_set():
            return work, failure(agreed.plan, work, "up")
        claimant = Claimant(
            command="up",
            force=wish.force,
            on_lost=work.lose,
            on_unlocked=warning(terminal, work),
        )
        with exclusive(spec, clients, claimant):
            found = propose_again(spec, clients, wish.adopt)
            made = {str(step.address) for step in first.pending}
            _check_still_agreed(terminal, agreed, found, made, wish)
            carry_out(terminal, found.plan, session, work)
            error = failure(agreed.plan, work, "up")
            return work, error or watch_run(found.plan, clients, stop)


def _check_still_agreed(
    terminal: Terminal, agreed: Proposal, found: Proposal, made: set[str], wish: Wish
) -> None:
    """Refuse a plan that nobody has seen, unless whoever runs this said --yes to any.

    `made` are the addresses of what was made since.
    """
    steps = tuple(step for step in agreed.document.steps if step.address not in made)
    seen = agreed.document.model_copy(update={"steps": steps})
    if wish.reviewed is None and terminal.settings.yes:
        return
    check_same(seen, found.document, _AGAIN)
