"""The options of `dmslake backfill`, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from dmslake.backfill.run import Options
from dmslake.backfill.window import Window
from dmslake.cli.selection_options import SELECTION, selection_of
from dmslake.operations.backfill import Wish

_INVENTORY = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}/.*manifest\.json")

Function = TypeVar("Function", bound=Callable[..., Any])


class _ManifestType(click.ParamType[str]):
    """An empty text for the ledger's own, "generated", or the ARN of an inventory's."""

    name = "manifest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        arn = text.removeprefix("inventory:")
        if text not in {"ledger", "generated"} and not _INVENTORY.fullmatch(arn):
            wanted = "ledger, generated or inventory:ARN, with the ARN of a manifest.json"
            self.fail(f"{text!r} is not {wanted}", param, ctx)
        return "" if text == "ledger" else arn


class _WindowType(click.ParamType[Window]):
    name = "window"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Window:
        if isinstance(value, Window):
            return value
        try:
            return Window.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


report_option = click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every object and what became of it to a .csv or .parquet file.",
)

_OPTIONS = (
    click.option(
        "--dry-run",
        is_flag=True,
        help="Tell how much, how long and at what cost, and copy nothing; the next run begins "
        "with what was found.",
    ),
    *SELECTION,
    click.option("--overwrite", is_flag=True, help="Copy what is in the lake already, too."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 2000),
        default=128,
        show_default=True,
        help="Copies at once, at most.",
    ),
    click.option("--rate", type=click.FloatRange(min=0.1), help="Copies per second, at most."),
    click.option(
        "--window",
        metavar="HH:MM-HH:MM",
        type=_WindowType(),
        help="Copy only between these times of the day (UTC), and wait otherwise.",
    ),
    click.option(
        "--max-errors",
        type=click.IntRange(min=0),
        help="Give up when more objects than these fail.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "s3-batch"]),
        default="local",
        show_default=True,
        help="What copies: this machine, or jobs of S3 Batch Operations.",
    ),
    click.option(
        "--manifest",
        metavar="WHAT",
        type=_ManifestType(),
        default="ledger",
        show_default=True,
        help="With --engine s3-batch, what the jobs read: ledger (what was listed from here), "
        "generated (what S3 lists for them), or inventory:ARN of a manifest.json of S3 Inventory.",
    ),
    click.option(
        "--from-lake",
        metavar="OLD_LAYOUT",
        help="Move the lake from this layout to that of the spec, instead of copying what is "
        "staged.",
    ),
    click.option(
        "--delete-old",
        is_flag=True,
        help="With --from-lake: delete the old objects whose copies were verified; asks before.",
    ),
    click.option(
        "--restart", is_flag=True, help="Forget an unfinished run instead of continuing it."
    ),
    report_option,
)


def backfill_options(function: Function) -> Function:
    """Add the options of a backfill to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def wish_of(given: Mapping[str, Any]) -> Wish:
    """Return what the options ask for."""
    options = Options(
        connections=given["concurrency"],
        rate=given["rate"],
        max_errors=given["max_errors"],
        overwrite=given["overwrite"],
        window=given["window"],
    )
    return Wish(selection=selection_of(given), options=options, restart=given["restart"])
