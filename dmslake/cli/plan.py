"""`dmslake plan`: what `up` would do, and what that does to the running task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.permissions_view import show_permissions
from dmslake.cli.plan_view import show_plan, show_warnings
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.operations.plan_file import write_plan
from dmslake.operations.proposal import propose

CHANGES_PENDING = 3


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user asked for."""

    exit_code: bool
    permissions: bool
    out: Path | None
    adopt: tuple[str, ...]


@click.command("plan")
@shared_options
@click.option("--exit-code", is_flag=True, help="Exit with 3 when there are changes.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to a file, for `dmslake up FILE`.",
)
@click.option(
    "--adopt",
    metavar="ADDRESS",
    multiple=True,
    help="Plan to take over what nobody owns, such as bucket.acme-lake.",
)
@click.option("--permissions", is_flag=True, help="Print the IAM policy that you need instead.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    exit_code: bool,
    out: Path | None,
    adopt: tuple[str, ...],
    permissions: bool,
    **given: object,
) -> None:
    """Show what would change on AWS, and what each change does to the running task.

    Reads only. `dmslake up` shows the same plan and carries it out; `dmslake up FILE` carries out
    the plan that --out has written, or nothing if AWS has changed meanwhile.
    """
    wish = Wish(exit_code=exit_code, permissions=permissions, out=out, adopt=adopt)

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _plan(settings, terminal, wish)

    run(ctx, given, body)


def _plan(settings: Settings, terminal: Terminal, wish: Wish) -> Report:
    session = open_session(settings, terminal)
    if wish.permissions:
        return show_permissions(terminal, session)
    proposal = propose(session.spec, session.clients, wish.adopt)
    warnings = (*session.spec.warnings, *proposal.warnings)
    show_plan(terminal, proposal.plan, session)
    show_warnings(terminal, warnings)
    if wish.out is not None and proposal.obstacle is None:
        write_plan(wish.out, proposal.document, wish.adopt)
        terminal.talk(f"next: dmslake up {wish.out}")
    return Report(
        data=proposal.document.model_dump(mode="json"),
        warnings=warnings,
        error=proposal.obstacle,
        exit_code=CHANGES_PENDING if wish.exit_code and not proposal.plan.empty else 0,
    )
