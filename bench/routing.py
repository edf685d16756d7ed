"""How long the routing decision takes per key: the backfill makes it a billion times."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median

from dmslake.lake.layout import Layout
from dmslake.lake.routing import Router

KEYS = 100_000
RUNS = 5


def main() -> None:
    router = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout(), timezone="UTC")
    arrived = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
    keys = [f"dms/public/order items/20261123-1447{n:05d}.csv" for n in range(KEYS)]

    def run() -> float:
        started = time.perf_counter()
        for key in keys:
            router.route(key, arrived)
        return (time.perf_counter() - started) / KEYS * 1e6

    print(f"route            {median(run() for _ in range(RUNS)):6.2f} µs per key")


if __name__ == "__main__":
    main()
