"""What a backfill would do, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

from rich.filesize import decimal

from dmslake.backfill.estimate import PRICED_REGION, Portion
from dmslake.backfill.ledger import State
from dmslake.cli.terminal import Terminal
from dmslake.operations.backfill_estimate import Estimate

_SHOWN = 10


def show_estimate(terminal: Terminal, found: Estimate) -> None:
    """Print how much there is to copy, what it costs and how long it takes."""
    for line in _lines(found):
        terminal.data(line)
    if found.work.objects:
        terminal.talk(
            "nothing was copied; to do so: dmslake backfill, with the same options; what is staged "
            "from now on is left to the run after that"
        )


def _lines(found: Estimate) -> Iterator[str]:
    work = found.work
    listed = sum(tally.objects for tally in found.tallies.values())
    present = found.tallies.get(State.PRESENT)
    skipped = found.tallies.get(State.SKIPPED)
    failed = found.tallies.get(State.FAILED)
    yield f"{work.objects:,} of {listed:,} staged objects are to be copied ({decimal(work.size)})"
    if present:
        yield f"  {present.objects:,} are in the lake already"
    if skipped:
        yield f"  {skipped.objects:,} belong nowhere"
    if failed:
        yield f"  {failed.objects:,} cannot be copied, or could not be in the run that this goes on"
    yield from _portions("by table", [(one.table, one) for one in work.tables])
    yield from _portions("by partition", [(one.partition, one) for one in work.partitions])
    yield f"requests, at the list price of {PRICED_REGION}:"
    for one in work.requests:
        made = ", made already" if one.made else ""
        most = "at most " if one.kind == "KMS" else ""
        yield f"  {one.count:>12,} {one.kind}: {most}{_dollars(one.usd)}{made}"
    yield f"about {_duration(found.seconds)}, at {found.rate:,.0f} objects/s ({_source(found)})"


def _portions(title: str, portions: list[tuple[str, Portion]]) -> Iterator[str]:
    if not portions:
        return
    yield f"{title}:"
    for name, one in portions[:_SHOWN]:
        yield f"  {one.objects:>12,} {name} ({decimal(one.size)})"
    if len(portions) > _SHOWN:
        rest = sum(one.objects for _, one in portions[_SHOWN:])
        yield f"  {rest:>12,} in {len(portions) - _SHOWN:,} more; --json names all"


def _source(found: Estimate) -> str:
    return f"measured in {found.measured_in}" if found.measured_in else "assumed: none was measured"


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 0.01 or not usd else "less than $0.01"  # noqa: PLR2004 - a cent


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=max(1, round(seconds)))) if seconds else "no time"


def estimate_data(found: Estimate) -> dict[str, object]:
    """Return an estimate for JSON; sizes in bytes, costs in US dollars."""
    return {
        "dry_run": True,
        "finished": found.finished,
        "continued": found.continued,
        "ledger": str(found.ledger),
        "objects": {state.name.lower(): tally.objects for state, tally in found.tallies.items()},
        "bytes": {state.name.lower(): tally.size for state, tally in found.tallies.items()},
        "to_copy": {"objects": found.work.objects, "bytes": found.work.size},
        "tables": [_portion(one) for one in found.work.tables],
        "partitions": [
            {"partition": one.partition, **_portion(one)} for one in found.work.partitions
        ],
        "requests": [asdict(one) for one in found.work.requests],
        "usd": round(found.work.usd, 6),
        "priced_region": PRICED_REGION,
        "seconds": round(found.seconds, 1),
        "objects_per_second": round(found.rate, 1),
        "measured_in": found.measured_in or None,
    }


def _portion(one: Portion) -> dict[str, object]:
    return {"table": one.table, "objects": one.objects, "bytes": one.size}
