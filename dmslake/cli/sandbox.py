"""`dmslake sandbox`: start, stop and look at the AWS on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dmslake.cli.command import run
from dmslake.cli.options import Settings, remember, shared_options
from dmslake.cli.report import Report
from dmslake.cli.terminal import Terminal
from dmslake.errors import SandboxError, UsageError

if TYPE_CHECKING:
    from dmslake.sandbox.events import Event
    from dmslake.sandbox.model import Sandbox


@click.group("sandbox")
@shared_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Run AWS on this machine: no account, no network.

    Three servers on loopback: an AWS emulator with enforced IAM, a DMS that really replicates, and
    an embedded PostgreSQL. Every command works on them with --sandbox.
    """
    remember(ctx, given)


@command.command("start")
@shared_options
@click.pass_context
def start(ctx: click.Context, /, **given: object) -> None:
    """Start it, or what of it does not run; what is in it is kept."""
    run(ctx, given, _start)


@command.command("stop")
@shared_options
@click.pass_context
def stop(ctx: click.Context, /, **given: object) -> None:
    """Stop it; what is in it is kept for the next start."""
    run(ctx, given, _stop)


@command.command("status")
@shared_options
@click.pass_context
def status(ctx: click.Context, /, **given: object) -> None:
    """Show its servers, ports and logs."""
    run(ctx, given, _status)


@command.command("env")
@shared_options
@click.pass_context
def env(ctx: click.Context, /, **given: object) -> None:
    """Print the variables that point boto3 and the AWS CLI to it.

    Use it as: eval "$(dmslake sandbox env)"
    """
    run(ctx, given, _env)


@command.command("spec")
@shared_options
@click.pass_context
def spec(ctx: click.Context, /, **given: object) -> None:
    """Print a spec that works with it."""
    run(ctx, given, _spec)


@command.command("reset")
@shared_options
@click.pass_context
def reset(ctx: click.Context, /, **given: object) -> None:
    """Stop it and remove everything in it."""
    run(ctx, given, _reset)


def folder_of(settings: Settings) -> Path:
    """Return the folder of the sandbox that is meant."""
    from dmslake.sandbox.launcher import default_folder  # noqa: PLC0415 - only with the sandbox

    return settings.state or default_folder()


def start_sandbox(settings: Settings, terminal: Terminal, folder: Path) -> Sandbox:
    """Start the sandbox in a folder, telling what happens."""
    require_sandbox()
    from dmslake.sandbox import launcher  # noqa: PLC0415 - only with the sandbox

    def told(event: Event) -> None:
        line = _line(event)
        if line:
            terminal.talk(line)

    return launcher.start(folder, region=settings.region, on_event=told)


def sandbox_environment(settings: Settings, terminal: Terminal, *, start: bool) -> dict[str, str]:
    """Return the variables that point a process to the sandbox, starting it if it may be."""
    require_sandbox()
    from dmslake.sandbox import launcher  # noqa: PLC0415 - only with the sandbox
    from dmslake.sandbox.environment import environment  # noqa: PLC0415 - only with the sandbox

    folder = folder_of(settings)
    found = launcher.status(folder).sandbox
    if found is None:
        if not start:
            raise SandboxError(
                f"the sandbox in {folder} does not run",
                fix="dmslake sandbox start (`dmslake sandbox status` shows what is wrong)",
            )
        terminal.talk(f"starting the sandbox in {folder}")
        found = start_sandbox(settings, terminal, folder)
    if settings.region not in (None, found.region):
        raise UsageError(
            f"the sandbox in {folder} is in {found.region}, not in {settings.region}",
            fix="leave --region out, or choose another folder with --state",
        )
    return environment(found)


def require_sandbox() -> None:
    """Refuse where the optional parts are not installed. Raises SandboxError."""
    from importlib.util import find_spec  # noqa: PLC0415 - only with the sandbox

    missing = [name for name in ("ministack", "psycopg2", "cryptography") if not find_spec(name)]
    if missing:
        raise SandboxError(
            "the sandbox is not installed",
            why=f"{', '.join(missing)} cannot be imported",
            fix="pip install 'dmslake[sandbox]'",
        )


def _start(settings: Settings, terminal: Terminal) -> Report:
    folder = folder_of(settings)
    found = start_sandbox(settings, terminal, folder)
    if found.was_running:
        terminal.data(f"the sandbox is already running in {folder}")
    else:
        terminal.data(f"the sandbox is running in {folder}")
    terminal.talk("next: dmslake sandbox spec > dmslake.yaml && dmslake --sandbox up")
    return Report(data={**_sandbox_data(found), "was_running": found.was_running})


def _stop(settings: Settings, terminal: Terminal) -> Report:
    from dmslake.sandbox import launcher  # noqa: PLC0415 - only with the sandbox

    folder = folder_of(settings)

    def told(event: Event) -> None:
        line = _line(event)
        if line:
            terminal.talk(line)

    there = launcher.stop(folder, on_event=told)
    terminal.data(f"the sandbox in {folder} is stopped" if there else f"no sandbox in {folder}")
    return Report(data={"folder": str(folder), "was_there": there})


def _reset(settings: Settings, terminal: Terminal) -> Report:
    from dmslake.sandbox import launcher  # noqa: PLC0415 - only with the sandbox

    folder = folder_of(settings)
    if not terminal.confirm(f"Remove the sandbox in {folder} with everything in it?"):
        terminal.talk("nothing was removed")
        return Report(exit_code=1)
    there = launcher.destroy(folder)
    terminal.data(f"the sandbox in {folder} is removed" if there else f"no sandbox in {folder}")
    return Report(data={"folder": str(folder), "was_there": there})


def _status(settings: Settings, terminal: Terminal) -> Report:
    from dmslake.sandbox import launcher  # noqa: PLC0415 - only with the sandbox

    found = launcher.status(folder_of(settings))
    if not found.servers:
        terminal.data(f"no sandbox in {found.folder}")
    for server in found.servers:
        where = f"127.0.0.1:{server.port}"
        pid = f"pid {server.pid}" if server.pid else ""
        terminal.data(f"{server.name:10}{server.state:9}{where:17}{pid:12}{server.log}")
    servers = [
        {
            "name": server.name,
            "state": str(server.state),
            "port": server.port,
            "pid": server.pid,
            "log": str(server.log),
        }
        for server in found.servers
    ]
    running = bool(found.servers) and found.is_running
    return Report(data={"folder": str(found.folder), "running": running, "servers": servers})


def _env(settings: Settings, terminal: Terminal) -> Report:
    variables = sandbox_environment(settings, terminal, start=False)
    for name, value in variables.items():
        terminal.data(f"export {name}={shlex.quote(value)}")
    return Report(data=variables)


def _spec(settings: Settings, terminal: Terminal) -> Report:  # noqa: ARG001 - every body has both
    from dmslake.sandbox.spec import example_spec  # noqa: PLC0415 - only with the sandbox

    text = example_spec()
    terminal.data(text.rstrip("\n"))
    return Report(data={"spec": text})


def _sandbox_data(found: Sandbox) -> dict[str, object]:
    return {
        "folder": str(found.folder),
        "region": found.region,
        "account": found.account,
        "cloud": found.cloud_url,
        "dms": found.dms_url,
        "database": f"{found.source.host}:{found.source.port}/{found.source.database}",
    }


def _line(event: Event) -> str:
    from dmslake.sandbox import events  # noqa: PLC0415 - only with the sandbox

    match event:
        case events.Waiting(server=server, why=why):
            return f"  {server}: waiting: {why}"
        case events.Recovering(server=server, why=why):
            return f"  {server}: recovering: {why}"
        case events.Ready(server=server, port=port, elapsed=elapsed) if elapsed:
            return f"  {server}: listens on 127.0.0.1:{port} ({elapsed:.1f} s)"
        case events.Stopped(server=server, elapsed=elapsed):
            return f"  {server}: stopped ({elapsed:.1f} s)"
        case _:
            return ""
