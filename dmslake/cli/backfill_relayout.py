"""`dmslake backfill --from-lake`: a lake moved from one layout to the spec's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource
from rich.text import Text

from dmslake.cli.backfill_view import failure, following, show_summary, summary_data, write
from dmslake.cli.interrupt import stoppable
from dmslake.cli.report import Report
from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.errors import DifferenceError, DmslakeError, StoppedError, UsageError
from dmslake.operations.backfill import Summary, Wish
from dmslake.operations.relayout import Deleted, check_layout, delete_old, relayout

_ALONE = (
    "tables",
    "since",
    "until",
    "kinds",
    "key_prefix",
    "overwrite",
    "dry_run",
    "engine",
    "manifest",
)
_SHOWN = 10


@dataclass(frozen=True)
class RelayoutAsked:
    """What is asked for: the layout that the lake has, and what else the options say."""

    layout: str
    wish: Wish
    report: Path | None
    delete_old: bool


def check_relayout(ctx: click.Context, given: Mapping[str, object]) -> None:
    """Refuse options that do not go with moving a lake; raises UsageError."""
    if given["from_lake"] is None:
        if given["delete_old"]:
            raise UsageError(
                "--delete-old goes with --from-lake only", fix="what is staged is never deleted"
            )
        return
    for name in _ALONE:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = {"tables": "table", "kinds": "kind"}.get(name, name).replace("_", "-")
            raise UsageError(
                f"--{option} does not go with --from-lake",
                why="a lake is moved as a whole, on this machine",
                fix="leave one of them out",
            )


def move_lake(session: Session, terminal: Terminal, asked: RelayoutAsked) -> Report:
    """Copy to the new layout, then delete the old objects if that is wanted and agreed to."""
    check_layout(session.spec, session.clients, asked.layout)
    if asked.delete_old and not (terminal.settings.yes or sys.stdin.isatty()):
        raise UsageError(
            "--delete-old asks before it deletes, and nobody can answer here",
            fix="run it without --delete-old first, then add --yes",
        )
    with stoppable(terminal.talk) as stop, following(terminal) as listener:
        summary = relayout(
            session.spec, session.clients, asked.wish, asked.layout,
            on_progress=listener, stop=stop,
        )  # fmt: skip
    show_summary(terminal, summary)
    write(terminal, summary.ledger, asked.report)
    data = summary_data(summary)
    error = failure(summary)
    if error is not None or not asked.delete_old:
        return Report(data=data, warnings=summary.notes, error=error)
    return _delete(session, terminal, summary, data)


def _delete(
    session: Session, terminal: Terminal, summary: Summary, data: dict[str, object]
) -> Report:
    bucket = session.spec.lake.bucket
    if not terminal.confirm(f"Delete the old objects in {bucket} whose copies are verified?"):
        terminal.talk("nothing was deleted")
        return Report(data={**data, "deleted": 0}, warnings=summary.notes)
    with stoppable(terminal.talk) as stop:
        found = delete_old(session.spec, session.clients, summary.ledger, stop)
    terminal.data(f"  {found.count:>12,} old objects deleted, their copies verified")
    for key, why in found.kept[:_SHOWN]:
        terminal.data(Text(f"! {key} was kept: {why}", style="red"))
    kept = [one._asdict() for one in found.kept]
    return Report(
        data={**data, "deleted": found.count, "kept": kept},
        warnings=summary.notes,
        error=_undone(found),
    )


def _undone(found: Deleted) -> DmslakeError | None:
    again = "run the same command again: it verifies and deletes what is left"
    if found.kept:
        return DifferenceError(
            f"{len(found.kept):,} old objects were kept", why=found.kept[0].why, fix=again
        )
    return None if found.finished else StoppedError("the deletion was interrupted", fix=again)
