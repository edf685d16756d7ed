"""The `dmslake` command: its sub-commands by name, loaded when they are called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

import click

from dmslake import __version__
from dmslake.cli.interrupt import interruptible, leave
from dmslake.cli.options import remember, shared_options
from dmslake.errors import StoppedError, UsageError

# Name -> (module, help in one line). The help stands here so that `--help` imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "validate": ("dmslake.cli.validate", "Check the spec offline."),
    "plan": ("dmslake.cli.plan", "Show what would change on AWS, and what that does to the task."),
    "up": ("dmslake.cli.up", "Provision the pipeline and start it; safe to run at any time."),
    "status": ("dmslake.cli.status", "Show whether the pipeline works, table by table."),
    "backfill": ("dmslake.cli.backfill", "Copy staged objects that the lake lacks."),
    "verify": ("dmslake.cli.verify", "Compare every staged object with its copy in the lake."),
    "redrive": ("dmslake.cli.redrive", "Replay what the loader gave up on."),
    "down": ("dmslake.cli.down", "Remove the pipeline; data stays unless asked otherwise."),
    "sandbox": ("dmslake.cli.sandbox", "Run AWS on this machine: no account, no network."),
    "demo": ("dmslake.cli.demo", "See the whole pipeline work on a sample database, locally."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            self._refuse(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _refuse(self, ctx: click.Context, name: str) -> NoReturn:
        from difflib import get_close_matches  # noqa: PLC0415 - only for those who mistype

        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        ctx.fail(f"there is no command {name}{hint}")

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=False,
)
@click.version_option(__version__, "-V", "--version", message="dmslake %(version)s")
@shared_options
@click.pass_context
def dmslake(ctx: click.Context, /, **given: object) -> None:
    """Take the tables of a database into a partitioned S3 data lake, continuously.

    One YAML file describes the pipeline: AWS DMS captures the database into a staging bucket, a
    Lambda function moves every object into the lake. Start with `dmslake demo`: it needs no AWS
    account.
    """
    remember(ctx, given)


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    interruptible()
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal may lack the signs that a plan has
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = dmslake.main(prog_name="dmslake", standalone_mode=False)
    except click.ClickException as error:
        _usage(error)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        leave()
    except BrokenPipeError:
        # The reader of our output is gone (`dmslake plan | head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(1)
    if code == StoppedError.exit_code:
        leave()
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: click.ClickException) -> NoReturn:
    if "--json" in sys.argv or os.environ.get("DMSLAKE_JSON"):
        from dmslake.cli.report import Report, as_json  # noqa: PLC0415 - only when it is needed

        failure = UsageError(error.format_message(), fix="dmslake --help")
        click.echo(as_json("dmslake", Report(error=failure)))
    else:
        error.show()
    sys.exit(error.exit_code)
