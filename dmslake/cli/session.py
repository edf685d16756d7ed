"""What a command works with: the spec, and clients for the account it is meant for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from dmslake.aws.clients import NOTIFICATION_DELAY_S, Clients, OnCall, connect
from dmslake.cli.options import Settings
from dmslake.cli.terminal import Terminal
from dmslake.spec import Spec, load_spec


@dataclass(frozen=True)
class Session:
    """The spec, and clients for the account and region that it is for."""

    spec: Spec
    clients: Clients


def read_spec(settings: Settings) -> Spec:
    """Read the spec that the user means. Raises SpecError with every mistake."""
    path: Path | str = "-" if settings.file == "-" else Path(settings.file)
    stdin = sys.stdin if settings.file == "-" else None
    return load_spec(path, environ=os.environ, stdin=stdin)


def open_session(settings: Settings, terminal: Terminal, *, start_sandbox: bool = False) -> Session:
    """Read the spec and connect; with --sandbox to the AWS on this machine.

    Args:
        settings: the user's options.
        terminal: told every AWS call with -v.
        start_sandbox: whether a sandbox that does not run is started.
    """
    if settings.sandbox:
        enter_sandbox(settings, terminal, start=start_sandbox)
    spec = read_spec(settings)
    return Session(spec, connect_for(spec, settings, terminal))


def enter_sandbox(settings: Settings, terminal: Terminal, *, start: bool) -> None:
    """Point this process, and nothing else, to the sandbox."""
    from dmslake.cli.sandbox import sandbox_environment  # noqa: PLC0415 - only with --sandbox

    os.environ.update(sandbox_environment(settings, terminal, start=start))


def connect_for(spec: Spec, settings: Settings, terminal: Terminal) -> Clients:
    """Connect to the account and region that a spec is for, or refuse."""
    return connect(
        profile=None if settings.sandbox else settings.profile,  # it brings its own
        region=settings.region,
        spec_region=spec.aws.region,
        account=spec.aws.account,
        on_call=_calls(terminal) if settings.verbose else None,
        # The sandbox's S3 acts by a change at once.
        notification_delay_s=0.0 if settings.sandbox else NOTIFICATION_DELAY_S,
    )


def _calls(terminal: Terminal) -> OnCall:
    def told(service: str, operation: str) -> None:
        terminal.err.print(f"aws: {service} {operation}", markup=False)

    return told
