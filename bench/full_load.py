"""The sandbox's full load beside `COPY ... TO STDOUT` of the same table (bar: half its speed).

Both read the same table of the same server on this machine; the load renders every row as DMS does,
with the operation and the timestamp column, and hands its files to a store that throws them away.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import IO, Any

import psycopg2

from dmslake.sandbox import launcher
from dmslake.sandbox.dms.replication import Job, Replication, SourceDatabase, StagingTarget, Start

BAR = 0.5
ROWS = 1_000_000
RUNS = 5
TABLE = f"""
CREATE SCHEMA bench;
CREATE TABLE bench.orders AS
SELECT i::int8 AS id, mod(i, 1000)::int4 AS customer, 'name of row ' || i AS title,
       ('sku-' || mod(i, 5000))::varchar(40) AS sku, (i * 1.37)::numeric(12, 2) AS amount,
       now() + i * interval '1 s' AS created, mod(i, 3) = 0 AS paid
FROM generate_series(1, {ROWS}) i;
ALTER TABLE bench.orders ADD PRIMARY KEY (id);
ANALYZE bench.orders;
"""
MAPPINGS = {
    "rules": [
        {
            "rule-type": "selection",
            "rule-id": "1",
            "rule-name": "1",
            "rule-action": "include",
            "object-locator": {"schema-name": "bench", "table-name": "%"},
        }
    ]
}
SETTINGS = {"IncludeOpForFullLoad": True, "TimestampColumnName": "dms_ts"}


class Nowhere:
    """Takes everything and keeps nothing: a file, and as much of S3 as a full load needs."""

    def write(self, content: str | bytes) -> int:
        return len(content)

    def put_object(self, **_: Any) -> None:
        pass

    def upload_fileobj(self, file: IO[bytes], *_: Any, **__: Any) -> None:
        while file.read(1 << 20):
            pass


def copy(connection: Any) -> float:
    started = time.perf_counter()
    connection.cursor().copy_expert("COPY bench.orders TO STDOUT", Nowhere())
    return time.perf_counter() - started


def load(source: SourceDatabase) -> float:
    job = Job(
        task_id="bench",
        source=source,
        target=StagingTarget(bucket="bench", folder="dms", settings=SETTINGS),
        mappings=MAPPINGS,
        migration_type="full-load",
        settings={"FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"}},
        start=Start.FRESH,
        checkpoint=None,
    )
    nowhere: Any = Nowhere()
    replication = Replication(job, s3=lambda: nowhere, on_checkpoint=lambda _: None)
    started = time.perf_counter()
    outcome = replication.run()
    seconds = time.perf_counter() - started
    if outcome.failure:
        raise SystemExit(outcome.failure)
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "sandbox"
        found = launcher.start(state).source
        try:
            source = SourceDatabase(**found.model_dump())
            with closing(
                psycopg2.connect(
                    host=found.host,
                    port=found.port,
                    dbname=found.database,
                    user=found.username,
                    password=found.password,
                )
            ) as connection:
                connection.autocommit = True
                connection.cursor().execute(TABLE)
                copy(connection)
                pairs = [(copy(connection), load(source)) for _ in range(RUNS)]
        finally:
            launcher.destroy(state)
    print(f"COPY TO STDOUT   {median(a for a, _ in pairs):6.2f} s for {ROWS:,} rows")
    print(f"full load        {median(b for _, b in pairs):6.2f} s")
    print(f"speed ratio      {median(a / b for a, b in pairs):6.2f}  (bar {BAR})")


if __name__ == "__main__":
    main()
