"""`dmslake redrive`: replay what the loader gave up on."""

from __future__ import annotations

import click

from dmslake.cli.command import run
from dmslake.cli.interrupt import leave, stoppable
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.redrive_view import (
    failure,
    notes,
    preview_data,
    redrive_data,
    replaying,
    show_preview,
    show_redriven,
)
from dmslake.cli.report import Report
from dmslake.cli.session import open_session
from dmslake.cli.terminal import Terminal
from dmslake.operations.redrive import redrive
from dmslake.operations.redrive_preview import preview


@click.command("redrive")
@shared_options
@click.option("--dry-run", is_flag=True, help="Show what would be replayed, and take nothing.")
@click.option(
    "--max", "most", metavar="N", type=click.IntRange(min=1), help="Replay N messages at most."
)
@click.pass_context
def command(ctx: click.Context, /, *, dry_run: bool, most: int | None, **given: object) -> None:
    """Replay what the loader gave up on.

    Takes the messages of the dead-letter queue, whichever trigger filled it, and hands them to the
    loader once more: what reaches the lake is removed from the queue, what fails again stays in it,
    and the reason is told. Run it when the cause is removed. It may be stopped and run again at any
    time: copying an object twice is harmless.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _preview(settings, terminal, most) if dry_run else _redrive(settings, terminal, most)

    run(ctx, given, body)


def _preview(settings: Settings, terminal: Terminal, most: int | None) -> Report:
    session = open_session(settings, terminal)
    found = preview(session.spec, session.clients, most=most)
    show_preview(terminal, session.spec.name, found)
    return Report(data=preview_data(found))


def _redrive(settings: Settings, terminal: Terminal, most: int | None) -> Report:
    session = open_session(settings, terminal)
    with (
        stoppable(terminal.talk, again=leave) as stop,
        replaying(terminal, session.spec.name) as listener,
    ):
        found = redrive(session.spec, session.clients, listener, most=most, stop=stop)
    show_redriven(terminal, session.spec.name, found)
    return Report(data=redrive_data(found), warnings=notes(found), error=failure(found))
