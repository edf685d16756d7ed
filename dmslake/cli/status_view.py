"""A snapshot and the verdict on it, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dmslake.cli.terminal import Terminal
from dmslake.monitor.snapshot import Latency, LoaderState, Snapshot, TableState, TaskState
from dmslake.monitor.verdict import Verdict

_ENDLESS = 10_000


def show_status(terminal: Terminal, snapshot: Snapshot, verdict: Verdict) -> None:
    """Print the answer first, then what it rests on, then what to do."""
    mark, style = ("✓", "bold green") if verdict.healthy else ("✗", "bold red")
    line = Text(f"{mark} ", style=style)
    line.append(f"pipeline {snapshot.pipeline}: {verdict.headline}", style="bold")
    terminal.data(line)
    if snapshot.task is not None:
        terminal.data()
        terminal.data(_task(snapshot.task))
        if snapshot.latency is not None:
            terminal.data(_latency(snapshot.latency))
        terminal.data(_loader(snapshot.loader))
    if snapshot.tables and not terminal.settings.json:
        terminal.data()
        terminal.out.print(_uncut(_tables(snapshot.tables), terminal.out))
    for finding in verdict.findings:
        terminal.data()
        sign, style = ("warning:", "yellow") if finding.warning else ("!", "red")
        terminal.data(Text(f"{sign} {finding.what}", style=style))
        terminal.data(f"  fix: {finding.fix}")


def _task(task: TaskState) -> str:
    parts = [f"task      {task.name} is {task.status}"]
    if task.stop_reason and task.status == "stopped":
        parts.append(f"({task.stop_reason})")
    if task.loads:
        parts.append(f"· full load {task.full_load_percent} %")
        parts.append(f"· {_count(task.tables_loaded, 'table')} loaded")
    for count, word in (
        (task.tables_loading, "loading"),
        (task.tables_queued, "waiting"),
        (task.tables_errored, "with errors"),
    ):
        if count:
            parts.append(f"· {count} {word}")
    if task.started:
        parts.append(f"· since {task.started:%Y-%m-%d %H:%M:%S} UTC")
    return " ".join(parts)


def _latency(latency: Latency) -> str:
    """Return the line of DMS's own metrics; that of the target includes its batches' interval."""
    values = {"source": latency.source_s, "target": latency.target_s}
    known = (f"{name} {value:,.0f} s" for name, value in values.items() if value is not None)
    return f"latency   {' · '.join(known)}"


def _loader(loader: LoaderState) -> str:
    if loader.exists is False:
        return "loader    missing"
    failed = "unknown" if loader.errors is None else f"{loader.errors:,}"
    return (
        f"loader    {_count(loader.invocations, 'invocation')} in the last hour, "
        f"{failed} failed · {_count(loader.dead_letters, 'dead letter')}"
    )


def _count(number: int | None, noun: str) -> str:
    shown = "an unknown number of" if number is None else f"{number:,}"
    return f"{shown} {noun}{'' if number == 1 else 's'}"


def _tables(tables: tuple[TableState, ...]) -> Table:
    view = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("table", "state"):
        view.add_column(title, no_wrap=True)
    for title in ("loaded", "inserts", "updates", "deletes"):
        view.add_column(title, justify="right")
    view.add_column("newest partition", no_wrap=True)
    for table in tables:
        view.add_row(
            Text(f"{table.schema}.{table.table}"),
            table.state,
            *(
                f"{n:,}"
                for n in (table.full_load_rows, table.inserts, table.updates, table.deletes)
            ),
            Text(_partition(table.newest_partition)),
        )
    return view


def _uncut(view: Table, console: Console) -> Table:
    """Keep rich from hiding columns: a terminal that is too narrow wraps the lines."""
    endless = console.options.update(width=_ENDLESS)
    view.width = console.measure(view, options=endless).maximum
    return view


def _partition(newest: str | None) -> str:
    return "nothing yet" if newest is None else newest or "the layout does not tell"


def status_data(snapshot: Snapshot, verdict: Verdict) -> dict[str, object]:
    """Return the snapshot and the verdict for JSON; times are ISO 8601 in UTC."""
    return {
        **asdict(snapshot),
        "healthy": verdict.healthy,
        "headline": verdict.headline,
        "findings": [asdict(finding) for finding in verdict.findings],
    }
