"""`dmslake demo`: the whole pipeline on a sample database, on this machine, with proof."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from dmslake.cli.command import run
from dmslake.cli.demo_tour import SANDBOX, SPEC, Tour
from dmslake.cli.interrupt import stoppable
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.report import Report
from dmslake.cli.sandbox import require_sandbox
from dmslake.cli.terminal import Terminal
from dmslake.errors import SandboxError
from dmslake.sandbox.launcher import default_folder, destroy
from dmslake.sandbox.launcher import stop as stop_servers


@click.command("demo")
@shared_options
@click.option("--keep", is_flag=True, help="Leave everything running, to look around.")
@click.pass_context
def command(ctx: click.Context, /, *, keep: bool, **given: object) -> None:
    """See the whole pipeline work on a sample database, locally.

    Starts AWS on this machine, fills a PostgreSQL with a shop of more than 200,000 rows, runs
    `dmslake up`, changes rows while the pipeline runs, and compares the lake with the source, row
    by row. Exit code 4 when one row differs. Takes less than a minute and leaves nothing behind.
    """

    def body(settings: Settings, terminal: Terminal) -> Report:
        return _demo(settings, terminal, keep=keep)

    run(ctx, given, body)


def demo_folder(settings: Settings) -> Path:
    """Return the demo's own folder: it never touches the user's sandbox."""
    return settings.state or default_folder().parent / "demo"


def _demo(settings: Settings, terminal: Terminal, *, keep: bool) -> Report:
    require_sandbox()
    folder = demo_folder(settings)
    if remove_demo(folder):
        terminal.data(f"removed what an earlier demo left in {folder}")
    if (folder / SPEC).exists():
        raise SandboxError(
            f"the demo cannot run in {folder}",
            why=f"it holds a {SPEC} that is not the demo's",
            fix="choose another folder with --state, or leave --state out",
        )
    finished = False
    try:
        with stoppable(terminal.talk) as stop:
            report = Tour(terminal, folder, stop).run(keep=keep)
        finished = report.error is None
    finally:
        if not finished:
            stop_servers(folder / SANDBOX)  # what went wrong is in the logs: they stay
        elif not keep:
            remove_demo(folder)
    return report


def remove_demo(folder: Path) -> bool:
    """Remove what a demo made in its folder, and the folder if nothing else is in it."""
    there = destroy(folder / SANDBOX)
    if there:
        (folder / SPEC).unlink(missing_ok=True)
    with suppress(OSError):  # it holds something else, or is the user's and not ours to remove
        folder.rmdir()
    return there
