"""How close `up` comes to the critical path of the service's own delays (bar: 1.15 times it).

The sandbox's IAM and DMS take as long as they are told; what `up` adds is its own waiting and
working. The same plan is carried out one step after the other beside it, on a second sandbox, and a
second `up` is timed with its calls counted.

The critical path is the longest chain of delays in which each needs the one before:

    dms-vpc-role is seen -> (subnet group) -> instance -> task is made -> task is started
        3                                       20            6                 6          = 35 s

Everything else fits beside it: the role of the staging bucket and the target endpoint (3 + 3 s) and
the loader (3 s) beside the instance; the tests of the connections (5 s, after the instance) beside
the making of the task. What the sandbox's S3 and Lambda do takes no time that was configured.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from dmslake.aws.clients import Clients, connect
from dmslake.engine.applier import Applier
from dmslake.operations import provision
from dmslake.operations.guard import guard
from dmslake.sandbox import launcher
from dmslake.sandbox.environment import environment
from dmslake.sandbox.spec import example_spec
from dmslake.spec import Spec, parse_spec

BAR = 1.15
MOST_READS = 40
LONGEST_PLAN_S = 3.0
DELAYS = {
    "iam": 3.0,
    "instance_create": 20.0,
    "endpoint_create": 3.0,
    "connection_test": 5.0,
    "task_create": 6.0,
    "task_start": 6.0,
}
CRITICAL_PATH = sum(DELAYS[n] for n in ("iam", "instance_create", "task_create", "task_start"))
WRITES = ("Create", "Update", "Put", "Delete", "Modify", "Start", "Stop", "Add", "Tag", "Test")


@contextmanager
def sandboxed(calls: Counter[str]) -> Iterator[tuple[Spec, Clients]]:
    """Start a sandbox with one table; yields a spec for it, and clients that count their calls."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "sandbox"
        sandbox = launcher.start(state, delays=DELAYS)
        try:
            os.environ.update(environment(sandbox))
            source = sandbox.source
            with closing(
                psycopg2.connect(
                    host=source.host,
                    port=source.port,
                    dbname=source.database,
                    user=source.username,
                    password=source.password,
                )
            ) as connection:
                connection.autocommit = True
                connection.cursor().execute("CREATE TABLE orders (id int PRIMARY KEY)")
            spec = parse_spec(example_spec(), file="bench.yaml", environ=os.environ, base_dir=state)
            clients = connect(
                on_call=lambda _, operation: calls.update([operation]),
                notification_delay_s=0.0,  # the sandbox's S3 acts by a change at once
            )
            yield spec, clients
        finally:
            launcher.destroy(state)


def carry_out(spec: Spec, clients: Clients, workers: int | None = None) -> float:
    """Plan and carry out; returns the seconds."""
    started = time.perf_counter()
    applier = Applier(provision.plan(spec, clients), clients, guard)
    applier.workers = workers or applier.workers
    outcome = applier.run()
    if not outcome.ok:
        raise SystemExit(f"up failed: {outcome.failed}")
    return time.perf_counter() - started


def main() -> None:
    calls: Counter[str] = Counter()
    with sandboxed(calls) as (spec, clients):
        together = carry_out(spec, clients)
        calls.clear()
        again = carry_out(spec, clients)
    with sandboxed(Counter()) as (spec, clients):
        in_turn = carry_out(spec, clients, workers=1)
    writes = sum(count for name, count in calls.items() if name.startswith(WRITES))
    print(f"critical path    {CRITICAL_PATH:6.1f} s")
    print(f"one by one       {in_turn:6.1f} s")
    print(f"up               {together:6.1f} s")
    print(f"ratio            {together / CRITICAL_PATH:6.2f}    (bar {BAR})")
    print(f"up again         {again:6.1f} s  (bar {LONGEST_PLAN_S})")
    print(f"  its reads      {calls.total() - writes:6d}    (bar {MOST_READS})")
    print(f"  its writes     {writes:6d}    (bar 0)")


if __name__ == "__main__":
    main()
