"""A backfill by S3 Batch Operations in the sandbox: 20,000 objects, 1 % of which cannot be read.

    python -m bench.s3_batch [--objects 20000] [--failing 0.01]

Prints a table of what each step took and what the ledger, the reports and the lake say: a run with
its failures, one more when they can be read, one that is left and cancelled, and one that moves the
rest. The sandbox's S3, Lambda and jobs share this machine, so the times are the sandbox's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from dmslake.backfill.batch.request import cancel_job
from dmslake.backfill.ledger import Ledger, State
from dmslake.errors import CloudError
from dmslake.operations.backfill import Summary
from dmslake.sandbox import launcher
from dmslake.sandbox.dms.delays import NAMES
from tests.backfill.batch.loaders import Loader, deployed
from tests.backfill.batch.test_backfill_batch import has_begun, when
from tests.sandbox.calls import Calls

_TABLES = 8


def main() -> None:
    """Run it in a sandbox of its own, which is removed at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--failing", type=float, default=0.01)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dmslake-s3-batch-"))
    os.environ["XDG_STATE_HOME"] = str(folder / "ledgers")
    sandbox = launcher.start(folder / "state", delays=dict.fromkeys(NAMES, 0.05))
    os.environ["AWS_CA_BUNDLE"] = str(sandbox.authority)
    try:
        _bench(deployed(Calls(sandbox)), given.objects, int(given.objects * given.failing))
    finally:
        launcher.destroy(folder / "state")
        shutil.rmtree(folder, ignore_errors=True)


def _bench(loader: Loader, objects: int, failing: int) -> None:
    every = objects // failing if failing else objects + 1
    names = [
        f"s/{'bad' if number % every == 0 else 't'}{number % _TABLES}/LOAD{number:08X}.csv"
        for number in range(objects)
    ]
    begun = time.monotonic()
    loader.stage(names)
    _print("staged", time.monotonic() - begun, f"{objects:,} objects")
    if failing:
        loader.deny("/bad")
    _print_summary("first run", loader.backfill(), loader)
    if failing:
        loader.allow()
    _print_summary("again, with the right", loader.backfill(), loader)
    if len(loader.lake()) != objects:
        raise SystemExit(f"the lake has {len(loader.lake()):,} of {objects:,} objects")
    _interrupted(loader, objects // 10)


def _interrupted(loader: Loader, objects: int) -> None:
    loader.stage(f"s/late/LOAD{number:08X}.csv" for number in range(objects))
    stop, begun = threading.Event(), time.monotonic()
    loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
    _print("stopped", time.monotonic() - begun, f"{objects:,} more; the job goes on")
    path = max(Path(os.environ["XDG_STATE_HOME"]).rglob("*.ledger"))
    ledger = Ledger.resume(path)
    cancelled = cancel_job(loader.clients, ledger)
    ledger.close()
    try:
        loader.backfill()
    except CloudError as error:
        _print("reattached", 0.0, str(error).replace(cancelled, "…"))
    _print_summary("the rest", loader.backfill(), loader)


def _print_summary(what: str, summary: Summary, loader: Loader) -> None:
    tallies = {state: tally.objects for state, tally in summary.tallies.items()}
    told = ", ".join(
        f"{tallies[state]:,} {state.name.lower()}" for state in State if state in tallies
    )
    jobs = len(loader.jobs())
    _print(what, summary.seconds, f"{told}; {len(loader.lake()):,} in the lake; {jobs} jobs so far")
    for code, text, count, _ in summary.failures:
        _print("", 0.0, f"{count:,} x {code}: {text[:70]}")


def _print(what: str, seconds: float, told: str) -> None:
    timed = f"{seconds:8.1f} s" if seconds else " " * 10
    print(f"{what:<24}{timed}  {told}", flush=True)


if __name__ == "__main__":
    main()
