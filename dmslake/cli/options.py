"""The options that every command has. They may stand before or after the command's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user asked for, whatever the command."""

    file: str = "dmslake.yaml"
    profile: str | None = None
    region: str | None = None
    sandbox: bool = False
    state: Path | None = None
    json: bool = False
    verbose: int = 0
    debug: bool = False
    quiet: bool = False
    no_color: bool = False
    yes: bool = False


_OPTIONS = (
    click.option("-f", "--file", metavar="FILE", help="The spec; - for stdin.  [dmslake.yaml]"),
    click.option("--profile", metavar="NAME", help="A profile of your AWS configuration."),
    click.option("--region", metavar="NAME", help="The AWS region, if the spec names none."),
    click.option("--sandbox", is_flag=True, default=None, help="Use the AWS on this machine."),
    click.option(
        "--state",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where the sandbox keeps its state.",
    ),
    click.option("--json", is_flag=True, default=None, help="Print one JSON document."),
    click.option("-v", "--verbose", count=True, help="Name every AWS call."),
    click.option("--debug", is_flag=True, default=None, help="Show tracebacks, too."),
    click.option("-q", "--quiet", is_flag=True, default=None, help="Print results only."),
    click.option("--no-color", is_flag=True, default=None, help="Print without colour."),
    click.option("--yes", is_flag=True, default=None, help="Do not ask."),
)

_NAMES = tuple(field.name for field in fields(Settings))
_ENVIRONMENT = {
    "file": "DMSLAKE_FILE",
    "profile": "DMSLAKE_PROFILE",
    "region": "DMSLAKE_REGION",
    "sandbox": "DMSLAKE_SANDBOX",
    "state": "DMSLAKE_STATE",
    "json": "DMSLAKE_JSON",
    "verbose": "DMSLAKE_VERBOSE",
    "debug": "DMSLAKE_DEBUG",
    "quiet": "DMSLAKE_QUIET",
    "no_color": "DMSLAKE_NO_COLOR",
    "yes": "DMSLAKE_YES",
}


def shared_options(function: Function) -> Function:
    """Add the shared options to a command or group."""
    for option in reversed(_OPTIONS):
        function = option(function)
    if isinstance(parameters := getattr(function, "__click_params__", None), list):
        for parameter in parameters:
            if parameter.name in _ENVIRONMENT:
                parameter.envvar = _ENVIRONMENT[parameter.name]
    return function


def remember(ctx: click.Context, given: Mapping[str, object]) -> None:
    """Keep what was given to a group, for the command below it."""
    ctx.obj = _merged(ctx, given)


def settle(ctx: click.Context, given: Mapping[str, object]) -> Settings:
    """Return the settings: a command's own options win over those before its name."""
    return Settings(**_merged(ctx, given))


def _merged(ctx: click.Context, given: Mapping[str, object]) -> dict[str, Any]:
    """Put the levels together; what was typed anywhere wins over the environment."""
    above: Mapping[str, Any] = ctx.obj or {}
    own = _set(given)
    typed = {
        name: value
        for name, value in own.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return {**own, **above, **typed}


def _set(given: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in _NAMES and value}
