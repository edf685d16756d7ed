"""`dmslake validate`: every mistake of the spec, without asking AWS anything."""

from __future__ import annotations

import click

from dmslake.cli.command import run
from dmslake.cli.options import Settings, shared_options
from dmslake.cli.plan_view import show_warnings
from dmslake.cli.report import Report
from dmslake.cli.session import enter_sandbox, read_spec
from dmslake.cli.terminal import Terminal


@click.command("validate")
@shared_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Check the spec offline.

    Reports every mistake at once, each with file, line, column and what to do about it. Asks no
    service and needs no credentials. Exit code 2 when there is a mistake; what is allowed but
    deserves a word is a warning.
    """
    run(ctx, given, _validate)


def _validate(settings: Settings, terminal: Terminal) -> Report:
    if settings.sandbox:
        enter_sandbox(settings, terminal, start=False)  # its variables, for ${SANDBOX_...}
    spec = read_spec(settings)
    terminal.data(f"{settings.file} is valid: pipeline {spec.name}")
    show_warnings(terminal, spec.warnings)
    return Report(data={"file": settings.file, "pipeline": spec.name}, warnings=spec.warnings)
