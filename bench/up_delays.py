"""How close `up` comes to the critical path of the service's own delays (bar: 1.15 times it).

The sandbox's DMS takes as long as it is told; whatever `up` adds is its own waiting and working.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from dmslake.aws.clients import connect
from dmslake.operations import provision
from dmslake.sandbox import launcher
from dmslake.sandbox.environment import environment
from dmslake.sandbox.spec import example_spec
from dmslake.spec import parse_spec

BAR = 1.15
DELAYS = {
    "instance_create": 20.0,
    "endpoint_create": 3.0,
    "connection_test": 4.0,
    "task_create": 6.0,
    "task_start": 6.0,
}
CRITICAL_PATH = DELAYS["instance_create"] + DELAYS["task_create"] + DELAYS["task_start"]


def main() -> None:
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
            clients = connect()
            started = time.perf_counter()
            outcome = provision.apply(provision.plan(spec, clients), clients)
            seconds = time.perf_counter() - started
        finally:
            launcher.destroy(state)
    if not outcome.ok:
        raise SystemExit(f"up failed: {outcome.failed}")
    print(f"critical path    {CRITICAL_PATH:6.1f} s")
    print(f"up               {seconds:6.1f} s")
    print(f"ratio            {seconds / CRITICAL_PATH:6.2f}  (bar {BAR})")


if __name__ == "__main__":
    main()
