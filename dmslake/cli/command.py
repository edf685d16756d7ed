"""What every command has around it: settings, output, and one place where errors end."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import click

from dmslake.cli.options import Settings, settle
from dmslake.cli.report import Report, as_json, as_text
from dmslake.cli.terminal import Terminal
from dmslake.errors import DmslakeError, StoppedError

Body = Callable[[Settings, Terminal], Report]


class UnexpectedError(DmslakeError):
    """A bug of ours: nothing that the user did."""

    code = "unexpected"


def run(ctx: click.Context, given: Mapping[str, object], body: Body) -> None:
    """Run the body of a command and end the process with its exit code.

    Args:
        ctx: click's context; its command path names the command in JSON.
        given: the values of the shared options as the command got them.
        body: does the work; prints text through the terminal and returns the report.
    """
    settings = settle(ctx, given)
    terminal = Terminal(settings)
    report = _attempt(body, settings, terminal)
    if settings.json:
        click.echo(as_json(" ".join(ctx.command_path.split()[1:]), report))
    elif report.error is not None:
        terminal.err.print(as_text(report.error), markup=False)
    ctx.exit(report.code)


def _attempt(body: Body, settings: Settings, terminal: Terminal) -> Report:
    try:
        return body(settings, terminal)
    except DmslakeError as error:
        if settings.debug:
            traceback.print_exc(file=sys.stderr)
        return Report(error=error)
    except KeyboardInterrupt:
        return Report(error=StoppedError("interrupted", fix="run the same command again"))
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the top: a bug must not look like the user's fault
        if settings.debug:
            traceback.print_exc(file=sys.stderr)
        return Report(error=_bug(error))


def _bug(error: Exception) -> UnexpectedError:
    return UnexpectedError(
        "something went wrong that should not be able to",
        why=f"{type(error).__name__} in {_place(error)}",
        fix="run it again with --debug and report what it prints as a bug of dmslake",
    )


def _place(error: Exception) -> str:
    """Name the place and not the text of the error: it could hold a secret."""
    frames: list[Any] = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "dmslake" in frame.filename] or frames
    return f"{ours[-1].name}, line {ours[-1].lineno}" if ours else "an unknown place"
