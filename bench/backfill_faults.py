"""A backfill of 50,000 objects from an S3 that misbehaves at random (bar: none missing or wrong).

An eighth of all requests, listing and copying, is answered by 503, 500, a reset, an answer that
breaks off, or a 200 with an error, nothing or something else in it; a third of the way every copy
is refused for some seconds. The S3 is the tests' stand-in; printed is what happened, and when the
brakes were let go.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dmslake.backfill.ledger import State
from dmslake.backfill.run import Options, Progress
from tests.backfill.faults.kept import World
from tests.backfill.faults.plan import Plan
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import Backfill, Connect, keys, target, threads, wire

OBJECTS = 50_000
SHARE = 0.125
STORM = (OBJECTS // 3, 5.0)
SEEDS = (1, 2)


class Watch:
    """When the storm began and ended, and when no limit was left after it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.lowest: float | None = None
        self.free_at: float | None = None

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._plan.copies > STORM[0] and progress.rate is not None:
            self.lowest = min(self.lowest or progress.rate, progress.rate)
            self.free_at = None
        elif self.lowest is not None and self.free_at is None:
            self.free_at = now

    @property
    def recovery(self) -> str:
        if self.lowest is None or self.free_at is None:
            return "no limit was needed" if self.lowest is None else "a limit was left at the end"
        return (
            f"held to {self.lowest:,.0f}/s at least, free again "
            f"{self.free_at - self._plan.calm_at:.0f} s after the storm"
        )


def measure(connect: Connect, seed: int) -> bool:
    world, plan = World(), Plan(seed, SHARE, storm=STORM)
    world.stage(keys(OBJECTS))
    watch = Watch(plan)
    started = time.monotonic()
    with serving(world, plan) as stand, tempfile.TemporaryDirectory() as folder:
        backfill = Backfill(stand.url, Path(folder) / "run.ledger", connect)
        done = backfill(Options(connections=64), on_progress=watch)
    seconds = time.monotonic() - started
    expected = {target(key): one.etag for key, one in world.staging.objects.items()}
    held = {key: one.etag for key, one in world.lake.objects.items()}
    missing = len(expected.keys() - held.keys())
    wrong = sum(expected.get(key) != etag for key, etag in held.items())
    struck = Counter(f"{operation} {fault.value}" for operation, fault, _ in plan.struck.elements())
    outcome = ", ".join(f"{count:,} {state.name.lower()}" for state, count in done.items())
    faults = ", ".join(f"{count:,} {what}" for what, count in struck.most_common())
    print(f"{connect.__name__}, seed {seed}: {OBJECTS:,} objects in {seconds:.0f} s")
    print(f"  missing {missing:,}, wrong {wrong:,}, copies {world.copies:,}; outcome {outcome}")
    print(f"  {plan.struck.total():,} faults: {faults}")
    print(f"  the rate: {watch.recovery}", flush=True)
    return not (missing or wrong) and done.keys() <= {State.COPIED, State.PRESENT}


def main() -> None:
    results = [measure(wire, seed) for seed in SEEDS]
    results.append(measure(threads, 3))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
