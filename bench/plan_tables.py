"""How long `dmslake plan` takes for a pipeline of 1,000 tables that is up (bar: 3 s).

The whole command is timed, from its start to its end, against the sandbox.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import psycopg2

from dmslake.sandbox import launcher
from dmslake.sandbox.spec import example_spec

BAR_S = 3.0
TABLES = 1_000
RUNS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "sandbox"
        sandbox = launcher.start(state)
        try:
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
                cursor = connection.cursor()
                for number in range(TABLES):
                    cursor.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY)")
            file = Path(folder) / "dmslake.yaml"
            file.write_text(example_spec(tables=tuple(f"public.t{n}" for n in range(TABLES))))
            command = [sys.executable, "-m", "dmslake", "--sandbox", "--state", str(state),
                       "-f", str(file)]  # fmt: skip
            subprocess.run([*command, "-q", "up", "--yes"], check=True, stdout=subprocess.DEVNULL)
            times = []
            for _ in range(RUNS):
                started = time.perf_counter()
                done = subprocess.run(
                    [*command, "plan"], check=True, capture_output=True, text=True, env=os.environ
                )
                times.append(time.perf_counter() - started)
        finally:
            launcher.destroy(state)
    print(done.stdout.strip().splitlines()[-1])
    print(f"plan of {TABLES:,} tables  {median(times):6.2f} s  (bar {BAR_S}; median of {RUNS})")


if __name__ == "__main__":
    main()
