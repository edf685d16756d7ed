# ruff: noqa: S608  # the names in the statements are our own
"""A pipeline that is changed while it replicates: nothing is lost, and it runs as before."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from dmslake.aws.clients import Account
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.sandbox.demo.compare import compare
from dmslake.sandbox.demo.differences import Comparison
from dmslake.sandbox.dms.replication import SourceDatabase
from dmslake.sandbox.environment import environment
from dmslake.sandbox.model import Sandbox
from dmslake.spec import load_spec
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, until
from tests.sandbox.calls import Calls


@contextmanager
def writing(sandbox: Sandbox, name: str) -> Iterator[None]:
    """Insert, update and delete rows of two tables for as long as the block runs."""
    stop, source = threading.Event(), sandbox.source
    failures: list[Exception] = []

    def write() -> None:
        with closing(
            psycopg2.connect(
                host=source.host, port=source.port, dbname=source.database,
                user=source.username, password=source.password,
            )
        ) as connection:  # fmt: skip
            for number in itertools.count(1000):
                with connection, connection.cursor() as cursor:
                    for table in ("orders", "items"):
                        place = f"{name}.{table}"
                        cursor.execute(f"INSERT INTO {place} VALUES (%s, 'new')", (number,))
                        cursor.execute(
                            f"UPDATE {place} SET note = 'seen' WHERE id = %s", (number - 5,)
                        )
                        cursor.execute(f"DELETE FROM {place} WHERE id = %s", (number - 9,))
                if stop.wait(0.02):
                    return

    def run() -> None:
        try:
            write()
        except psycopg2.Error as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failures == []


def compared(pipeline: Pipeline, calls: Calls) -> Comparison:
    """Compare the source's schema with the replayed lake."""
    sandbox = pipeline.sandbox
    spec = load_spec(pipeline.file, environ=environment(sandbox))
    names = Names(spec.name, Account(id=sandbox.account, region=sandbox.region))
    where = sandbox.source
    source = SourceDatabase(
        host=where.host, port=where.port, database=where.database,
        username=where.username, password=where.password,
    )  # fmt: skip
    return compare(source, calls.s3, loader_config(spec, names), schemas=[pipeline.name])


def task_of(calls: Calls, name: str) -> Any:
    dms: Any = calls.client("dms")
    filters = [{"Name": "replication-task-id", "Values": [f"{name}-task"]}]
    (task,) = dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
    return task


def test_endpoint_mapping_and_instance_change_at_once_while_rows_arrive(
    pipeline: Make, sandbox: Sandbox, calls: Calls
) -> None:
    live = pipeline("live", "orders", "items")
    live.write(('["live.%"]', '["live.orders"]'))
    live.up()
    live.healthy()
    arn = task_of(calls, "live")["ReplicationTaskArn"]

    with writing(sandbox, "live"):
        live.write(
            ("cdc_max_batch_interval: 1", "cdc_max_batch_interval: 2"),
            ("class: dms.t3.medium", "class: dms.c5.large"),
        )
        planned = live("plan")
        assert "stops the task and resumes it where it was" in planned.out
        live.up()
        assert live.is_as_planned()

    task = task_of(calls, "live")
    assert task["ReplicationTaskArn"] == arn, "it is the same task, with its position"
    assert task["Status"] == "running"
    found = until(lambda: compared(live, calls), lambda seen: not seen.differences, seconds=60)
    assert {table.table for table in found.tables} == {"orders", "items"}
    assert found.rows > 2


def test_a_change_that_dms_refuses_leaves_the_task_running(pipeline: Make, calls: Calls) -> None:
    kept = pipeline("kept")
    kept.up()
    kept.healthy()
    kept.write(("storage_gb: 50", "storage_gb: 40"))
    refused = kept("up", "--yes")
    assert refused.code == 1
    assert "shrink" in refused.err
    assert task_of(calls, "kept")["Status"] == "running"
