"""The table of the backfill's benchmark, its bars, and the page that it is written to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

CPU_BAR_US, MEMORY_BAR_MB, LEDGER_BAR = 200, 150, 300
_NAMES = {
    "dmslake": "dmslake",
    "awscrt": "dmslake, its copies by awscrt's S3Client",
    "boto3-store": "dmslake, its copies by boto3 (where there is a proxy)",
    "s5cmd": "s5cmd",
    "boto3": "boto3, 32 threads",
}


WHY = (
    "The server takes most of both processors here, so that every client waits for it: against an "
    "S3 that answers sooner, a cheap client copies more objects per second than this table shows. "
    "The second row is why dmslake writes its requests itself: nothing else differs in it from the "
    "first one, but its copies are made by awscrt, in threads that take turns with Python's. What "
    "is left in the first row is for the greater part listing, routing, comparing and recording."
)


class Figures(NamedTuple):
    """What one client took, per object; `per_second` includes its start."""

    per_second: float
    cpu_us: float
    memory_mb: float
    ledger_bytes: float


class Memory(NamedTuple):
    """Peak memory in MB, for a hundredth of the objects and for all; bytes of ledger per object."""

    objects: int
    small_mb: float
    large_mb: float
    ledger_bytes: float
    per_second: float


class Bar(NamedTuple):
    """A bar: what it is about, the figure, what it has to be, and whether it is."""

    what: str
    found: str
    bar: str
    met: bool


def table_of(figures: Mapping[str, Figures], memory: Memory | None) -> str:
    """Return the figures and the bars, as Markdown."""
    lines = [
        "| client | objects/s | client CPU per object | peak memory |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {_NAMES[name]} | {one.per_second:,.0f} | {one.cpu_us:,.0f} µs "
        f"| {one.memory_mb:,.0f} MB |"
        for name, one in figures.items()
    ]
    lines += ["", "| bar | measured | wanted | met |", "|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.found} | {one.bar} | {'yes' if one.met else 'no'} |"
        for one in _bars(figures, memory)
    ]
    return "\n".join(lines)


def _bars(figures: Mapping[str, Figures], memory: Memory | None) -> list[Bar]:
    ours, s5cmd, boto3 = (figures[name] for name in ("dmslake", "s5cmd", "boto3"))
    found = [
        Bar("client CPU per object", f"{ours.cpu_us:.0f} µs", f"<= {CPU_BAR_US} µs",
            ours.cpu_us <= CPU_BAR_US),
        _share("client CPU beside s5cmd", ours.cpu_us / s5cmd.cpu_us, 1 / 3),
        _share("client CPU beside boto3", ours.cpu_us / boto3.cpu_us, 1 / 5),
        _times("objects/s beside s5cmd", ours.per_second / s5cmd.per_second, 1.5),
        _times("objects/s beside boto3", ours.per_second / boto3.per_second, 2.5),
    ]  # fmt: skip
    if memory is not None:
        found += [
            Bar(f"peak memory, {memory.objects:,} objects",
                f"{memory.large_mb:.0f} MB", f"<= {MEMORY_BAR_MB} MB",
                memory.large_mb <= MEMORY_BAR_MB),
            _share(f"beside {memory.objects // 100:,} objects ({memory.small_mb:.0f} MB)",
                   memory.large_mb / memory.small_mb, 1.2),
            Bar("ledger per object", f"{memory.ledger_bytes:.0f} bytes", f"< {LEDGER_BAR} bytes",
                memory.ledger_bytes < LEDGER_BAR),
        ]  # fmt: skip
    return found


def _share(what: str, found: float, bar: float) -> Bar:
    return Bar(what, f"{found:.2f} x", f"<= {bar:.2f} x", found <= bar)


def _times(what: str, found: float, bar: float) -> Bar:
    return Bar(what, f"{found:.1f} x", f">= {bar} x", found >= bar)


def text_of(table: str, objects: int, how: str) -> str:
    """Return the page."""
    told = how.split("\n\n")[2]
    return (
        "# Benchmarks of the backfill\n\n"
        f"Written by `make bench-backfill`: {objects:,} small objects of 20 tables, on a machine "
        f"with {os.cpu_count()} virtual CPUs.\n\n{told}\n\n{table}\n\n{WHY}\n"
    )
