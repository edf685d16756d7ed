from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dmslake.sandbox.dms.replication.model import TableState, TableStatistics
from tests.sandbox.dms.harness import Harness, eventually

LOGGED = '{"Logging": {"EnableLogging": true}}'
ORDERS = TableStatistics(schema="public", table="orders", full_load_rows=42)


def lines(dms: Harness, task: str) -> list[str]:
    return dms.cloud.logs.get(("dms-tasks-instance", f"dms-task-{task.rpartition(':')[2]}"), [])


def texts(dms: Harness, task: str) -> list[str]:
    return [line.partition("]")[2].strip() for line in lines(dms, task)]


def test_a_run_is_told_from_its_start_to_its_end(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts(), ReplicationTaskSettings=LOGGED)
    run = dms.start_task(task)
    loaded = replace(ORDERS, state=TableState.COMPLETED, full_load_ended=dms.clock())
    suspended = TableStatistics(schema="public", table="items", state=TableState.ERROR, error="?!")
    run.tables = (ORDERS,)
    dms.advance(1)
    run.tables = (loaded, suspended)
    for _ in range(3):
        dms.advance(1)
    dms.stop_task(task)

    eventually(lambda: len(lines(dms, task)) == 4)
    assert lines(dms, task)[0].startswith("2026-11-23T14:00:")
    assert texts(dms, task) == [
        "I:  Task 'task' running full load and CDC in fresh start mode",
        "I:  Load finished for table 'public'.'orders'. 42 rows received",
        "E:  Table 'public'.'items' was suspended: ?!",
        "I:  Task 'task' stopped: Stop Reason NORMAL",
    ]


def test_a_failure_is_told(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts(), ReplicationTaskSettings=LOGGED)

    dms.start_task(task).end(error=ValueError("broken"))
    dms.await_status(task, "failed")

    eventually(lambda: texts(dms, task)[-1:] == ["E:  Task error: ValueError: broken"])


def test_tables_loaded_in_an_earlier_run_are_not_told_again(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts(), ReplicationTaskSettings=LOGGED)
    dms.start_task(task)
    dms.stop_task(task)
    before = dms.clock() - timedelta(seconds=1)

    run = dms.start_task(task, "resume-processing")
    run.tables = (replace(ORDERS, state=TableState.COMPLETED, full_load_ended=before),)
    dms.advance(1)
    dms.stop_task(task)

    eventually(lambda: len(lines(dms, task)) == 4)
    assert not [line for line in lines(dms, task) if "Load finished" in line]


def test_without_logging_there_is_no_log(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task)
    dms.stop_task(task)

    dms.service.logs.close(wait=True)

    assert dms.cloud.logs == {}


def test_without_the_role_the_task_runs_and_there_is_no_log(dms: Harness) -> None:
    dms.cloud.logs_problem = "there is no role dms-cloudwatch-logs-role"
    task = dms.create_task(dms.create_parts(), ReplicationTaskSettings=LOGGED)
    dms.start_task(task)
    dms.stop_task(task)

    dms.service.logs.close(wait=True)

    assert dms.cloud.logs == {}


def test_logs_that_cannot_be_written_do_not_harm_the_task(
    dms: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    task = dms.create_task(dms.create_parts(), ReplicationTaskSettings=LOGGED)
    dms.cloud.reachable = False

    dms.start_task(task)
    dms.service.logs.close(wait=True)

    assert dms.task(task)["Status"] == "running"
    assert "the log of task task was not written" in caplog.text
