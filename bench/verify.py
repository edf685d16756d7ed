"""How fast a verification compares, after the listing: a million objects on each side.

No S3 takes part: pages of both listings are made here. What is measured is what the comparison
itself does with them, the index over staging's targets included. One object in a thousand is
missing in the lake, one has another size, one in the lake belongs to nothing staged.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from dmslake.backfill.ledger import Ledger, NewObject, Side, State
from dmslake.backfill.listing import Listed
from dmslake.backfill.selection import Selection
from dmslake.backfill.verification import Verification
from dmslake.lake.layout import Layout
from dmslake.lake.routing import Route, Router

OBJECTS, PAGE, TABLES = 1_000_000, 1000, 20
MISSING, ELSEWHERE, SHORT = 1, 2, 3  # of each thousand
BAR, MEMORY_BAR_MB = 50_000, 150
ROUTER = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
START = datetime(2026, 11, 1, tzinfo=UTC)


def staged() -> Iterator[list[NewObject]]:
    """Yield staging's pages, routed."""
    for first in range(0, OBJECTS, PAGE):
        page = []
        for number in range(first, first + PAGE):
            key = f"dms/public/table_{number * TABLES // OBJECTS}/LOAD{number:08X}.csv"
            moment = START + timedelta(seconds=number)
            route = ROUTER.route(key, moment)
            if not isinstance(route, Route):
                raise TypeError(key)
            at = int(moment.timestamp())
            page.append(NewObject(key, route.target, f"{number:032x}", 1000, at, State.PENDING))
        yield page


def lake(page: list[NewObject]) -> list[Listed]:
    """Return the lake's page that belongs to a page of staging, with its faults."""
    found = []
    for number, one in enumerate(page):
        if number == MISSING:
            continue
        target = one.target.replace("LOAD", "MORE") if number == ELSEWHERE else one.target
        size = one.size - 1 if number == SHORT else one.size
        found.append(Listed(target, one.modified, one.etag, size, "STANDARD"))
    return found


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.create(Path(folder) / "bench.ledger", {})
        ledger.add_shards(Side.STAGING, [("dms/", "", None)])
        began = perf_counter()
        for page in staged():
            ledger.staged(page, 1, page[-1].key, done=False)
        listed = perf_counter() - began
        began = perf_counter()
        found = Verification(ledger, ROUTER, Selection(), int(START.timestamp()) + 10 * OBJECTS)
        seconds = perf_counter() - began
        for page in staged():
            objects = lake(page)
            seconds += timed(partial(found.take, objects, content=False))
        seconds += timed(found.conclude)
        counts = {str(kind): count for kind, (count, _) in found.counts().items()}
        size = ledger.path.stat().st_size
        ledger.close()
    speed = OBJECTS / seconds
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"routed and recorded   {listed:6.1f} s for {OBJECTS:,} staged objects")
    print(f"compared              {seconds:6.1f} s   {speed:,.0f} objects/s (bar {BAR:,})")
    print(f"memory                {memory:6.0f} MB  (bar {MEMORY_BAR_MB})")
    print(f"ledger                {size / OBJECTS:6.0f} bytes per object")
    print(f"found                 {counts}")
    return 0 if speed >= BAR and memory <= MEMORY_BAR_MB else 1


if __name__ == "__main__":
    sys.exit(main())
