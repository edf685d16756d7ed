"""`dmslake verify`: every staged object compared with its copy in the lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from dmslake.backfill.findings_report import check_findings_file
from dmslake.cli.backfill_view import following
from dmslake.cli.command import run
from dmslake.cli.interrupt import stoppable
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.report import Report
from dmslake.cli.selection_options import SELECTION, selection_of
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.cli.verify_view import failure, line_of, show_verdict, verdict_data
from dmslake.operations.verify import Wish, verify

Function = TypeVar("Function", bound=Callable[..., Any])


def _selection(function: Function) -> Function:
    for option in reversed(SELECTION):
        function = option(function)
    return function


@click.command("verify")
@shared_options
@_selection
@click.option(
    "--content",
    is_flag=True,
    help="Compare contents, not sizes alone: by ETags and checksums where S3 has them, else by "
    "reading both objects.",
)
@click.option("--repair", is_flag=True, help="Copy what is missing or differs, and look again.")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a line for each finding to a .csv file.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Compare every staged object with its copy in the lake.

    Tells what is missing, what has another size (with --content: another content), and what lies in
    the lake that nothing staged belongs to. Changes nothing without --repair, and deletes nothing.
    Exits with 4 when anything differs.
    """
    report = given["report"] if isinstance(given["report"], Path) else None
    wish = Wish(
        selection=selection_of(given),
        content=bool(given["content"]),
        repair=bool(given["repair"]),
        report=report,
    )

    def body(settings: Settings, terminal: Terminal) -> Report:
        if report is not None:
            check_findings_file(report)
        return _verify(settings, terminal, wish)

    run(ctx, given, body)


def _verify(settings: Settings, terminal: Terminal, wish: Wish) -> Report:
    session = open_session(settings, terminal)
    with stoppable(terminal.talk) as stop, following(terminal, line_of) as listener:
        verdict = verify(session.spec, session.clients, wish, on_progress=listener, stop=stop)
    show_verdict(terminal, verdict)
    if wish.report is not None:
        terminal.talk(f"every finding is told in {wish.report}")
    return Report(data=verdict_data(verdict), error=failure(verdict, repair=wish.repair))
