"""The options that choose staged objects, and what they ask for: for `backfill` and `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from dmslake.backfill.selection import Selection
from dmslake.lake.objects import Kind

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]

SELECTION = (
    click.option(
        "--table",
        "tables",
        metavar="SCHEMA.TABLE",
        multiple=True,
        help="Only these tables; * and ? stand for anything. May be given again.",
    ),
    click.option(
        "--since",
        metavar="TIME",
        type=click.DateTime(_TIMES),
        help="Only what was staged since then (UTC), and what was uploaded in parts from a day "
        "before: S3 dates that by the upload's beginning.",
    ),
    click.option(
        "--until",
        metavar="TIME",
        type=click.DateTime(_TIMES),
        help="Only what was staged before (UTC).",
    ),
    click.option(
        "--kind",
        "kinds",
        type=click.Choice(["load", "cdc"]),
        multiple=True,
        help="Only files of the full load, or only those of changes.",
    ),
    click.option("--key-prefix", default="", metavar="PREFIX", help="Only keys that begin so."),
)


def selection_of(given: Mapping[str, Any]) -> Selection:
    """Return what the options choose."""
    return Selection(
        tables=tuple(given["tables"]),
        since=_seconds(given["since"]),
        until=_seconds(given["until"]),
        kinds=frozenset(Kind(one) for one in given["kinds"]),
        key_prefix=given["key_prefix"],
    )


def _seconds(value: datetime | None) -> int | None:
    return None if value is None else int(value.replace(tzinfo=UTC).timestamp())
