from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Outcome,
    Progress,
    Start,
    StopReason,
    TableCheckpoint,
    TableState,
    TableStatistics,
)
from tests.sandbox.dms.fakes import ROLE
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, refusal

COMBINATION = "InvalidParameterCombinationException"
NOT_TESTED = (
    "Test connection for replication instance instance and endpoint source should be "
    "successful for starting the replication task"
)
LOADED = datetime(2026, 11, 23, 14, 0, 30, tzinfo=UTC)
ORDERS = TableStatistics(
    schema="public",
    table="orders",
    state=TableState.COMPLETED,
    inserts=3,
    updates=2,
    deletes=1,
    full_load_rows=42,
    full_load_started=LOADED,
    full_load_ended=LOADED,
    last_update=LOADED,
)
ITEMS = TableStatistics(schema="public", table="items", state=TableState.ERROR, error="no key")


def start(dms: Harness, task: str, how: str = "start-replication") -> tuple[str, str]:
    return refusal(
        dms.client.start_replication_task, ReplicationTaskArn=task, StartReplicationTaskType=how
    )


def tables(dms: Harness, task: str, *filters: dict[str, Any]) -> list[str]:
    answer = dms.client.describe_table_statistics(
        ReplicationTaskArn=task,
        Filters=list(filters),  # type: ignore[arg-type]  # made by the test
    )
    return [one["TableName"] for one in answer["TableStatistics"]]


def test_a_task_starts_runs_and_stops_in_its_time(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())

    started = dms.client.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )["ReplicationTask"]
    assert started["Status"] == "starting"
    dms.advance(dms.delays.task_start)
    running = dms.await_status(task, "running")
    assert running["ReplicationTaskStats"]["FreshStartDate"] == started["ReplicationTaskStartDate"]
    stopped = dms.client.stop_replication_task(ReplicationTaskArn=task)["ReplicationTask"]
    assert stopped["Status"] == "stopping"
    dms.advance(dms.delays.task_stop)
    after = dms.await_status(task, "stopped")
    assert after["StopReason"] == "Stop Reason NORMAL"
    assert after["ReplicationTaskStats"]["StopDate"] > running["ReplicationTaskStartDate"]
    assert "LastFailureMessage" not in after


def test_the_data_plane_gets_the_whole_job(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())

    run = dms.start_task(task)

    job = run.job
    assert job.task_id == task.rpartition(":")[2].lower()
    assert (job.source.host, job.source.password) == ("db.example.com", "hunter2-secret")
    assert (job.target.bucket, job.target.folder) == ("staging", "in")
    assert job.migration_type == "full-load-and-cdc"
    assert job.mappings["rules"]
    assert job.settings["FullLoadSettings"]
    assert (job.start, job.checkpoint) == (Start.FRESH, None)
    assert run.s3() is not None
    assert dms.cloud.acted_as[-1] == ROLE


def test_a_task_id_is_letters_and_digits(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts, ResourceIdentifier="My-Task-1")

    assert dms.start_task(task).job.task_id.startswith("mytask1")
    assert dms.plane.runs[0].job.task_id.isalnum()


def test_both_endpoints_have_to_be_tested_from_its_instance(dms: Harness) -> None:
    parts = (
        dms.create_instance(),
        dms.create_endpoint("source", SOURCE),
        dms.create_endpoint("target", TARGET),
    )
    task = dms.create_task(parts)
    other = dms.create_instance("other")
    dms.connect(other, parts[1])
    dms.connect(parts[0], parts[2])

    assert start(dms, task) == (
        "InvalidResourceStateFault",
        NOT_TESTED,
    )
    dms.plane.source_failure = "no such host"
    dms.connect(parts[0], parts[1])
    assert start(dms, task)[0] == "InvalidResourceStateFault"
    dms.plane.source_failure = None
    dms.connect(parts[0], parts[1])
    dms.start_task(task)


def test_a_modified_endpoint_has_to_be_tested_again(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.client.modify_endpoint(EndpointArn=parts[1], Username="other")

    assert "should be successful" in start(dms, task)[1]
    assert dms.connected(parts[0], parts[1]) == "successful"
    dms.start_task(task)


def test_the_instance_has_to_be_available(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.client.modify_replication_instance(
        ReplicationInstanceArn=parts[0], AllocatedStorage=80, ApplyImmediately=True
    )

    code, message = start(dms, task)

    assert (code, "modifying" in message) == ("InvalidResourceStateFault", True)


def test_a_task_that_is_not_idle_is_not_started(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task)

    assert start(dms, task, "resume-processing") == (
        "InvalidResourceStateFault",
        "Replication Task cannot be started, invalid state",
    )


@pytest.mark.parametrize("kind", ["full-load", "full-load-and-cdc", "cdc"])
def test_start_replication_is_for_the_first_time(dms: Harness, kind: str) -> None:
    task = dms.create_task(dms.create_parts(), MigrationType=kind)
    dms.start_task(task)
    dms.stop_task(task)

    assert start(dms, task) == (
        COMBINATION,
        "Start Type : START_REPLICATION, valid only for tasks running for the first time",
    )
    assert dms.start_task(task, "resume-processing").job.start is Start.RESUME


def test_resume_processing_is_not_for_the_first_time(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())

    assert start(dms, task, "resume-processing")[0] == COMBINATION
    assert dms.start_task(task, "reload-target").job.start is Start.RELOAD


def test_a_cdc_task_has_nothing_to_reload(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts(), MigrationType="cdc")

    assert start(dms, task, "reload-target")[0] == COMBINATION


@pytest.mark.parametrize("member", ["CdcStartPosition", "CdcStopPosition"])
def test_positions_are_refused_at_start_too(dms: Harness, member: str) -> None:
    task = dms.create_task(dms.create_parts(), MigrationType="cdc")

    code, message = refusal(
        dms.client.start_replication_task,
        ReplicationTaskArn=task,
        StartReplicationTaskType="start-replication",
        **{member: "x"},
    )

    assert (code, member in message) == ("InvalidParameterValueException", True)


def test_a_resumed_task_goes_on_from_its_checkpoint(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.on_checkpoint(Checkpoint(lsn=0x1_0000_00FF))
    dms.stop_task(task)

    assert dms.task(task)["RecoveryCheckpoint"] == "checkpoint:V1#1#00000001/000000FF#0#0#*#0#0"
    resumed = dms.start_task(task, "resume-processing")

    assert resumed.job.checkpoint == Checkpoint(lsn=0x1_0000_00FF)
    assert resumed.job.start is Start.RESUME


def test_a_run_that_never_saw_its_tables_does_not_make_them_forgotten(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.tables = (ORDERS,)
    known = Checkpoint(lsn=7, tables=(TableCheckpoint(statistics=ORDERS, snapshot="1:2:"),))
    run.on_checkpoint(known)
    dms.stop_task(task)
    resumed = dms.start_task(task, "resume-processing")

    resumed.on_checkpoint(Checkpoint(lsn=7))
    resumed.end(Outcome(stop_reason=StopReason.FATAL_ERROR, failure="connection refused"))
    dms.await_status(task, "failed")

    assert tables(dms, task) == ["orders"]
    assert dms.start_task(task, "resume-processing").job.checkpoint == known


def test_a_reload_forgets_the_checkpoint(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.tables = (ORDERS,)
    run.on_checkpoint(Checkpoint(lsn=7))
    dms.stop_task(task)

    reloaded = dms.start_task(task, "reload-target")

    assert (reloaded.job.start, reloaded.job.checkpoint) == (Start.RELOAD, None)
    assert tables(dms, task) == []


def test_only_a_running_task_is_stopped(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())

    code, message = refusal(dms.client.stop_replication_task, ReplicationTaskArn=task)

    assert code == "InvalidResourceStateFault"
    assert "is currently not running" in message


def test_a_task_can_be_stopped_while_it_starts(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.client.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )

    dms.client.stop_replication_task(ReplicationTaskArn=task)
    dms.advance(dms.delays.task_stop)

    dms.await_status(task, "stopped")
    assert dms.plane.runs == []


def test_a_task_is_stopping_until_it_has_flushed(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.stops = False

    dms.client.stop_replication_task(ReplicationTaskArn=task)
    dms.advance(60)

    assert run.stopped
    assert dms.task(task)["Status"] == "stopping"
    run.end()
    dms.await_status(task, "stopped")


@pytest.mark.parametrize(
    "reason", [StopReason.FULL_LOAD_ONLY_FINISHED, StopReason.STOPPED_AFTER_CACHED_EVENTS]
)
def test_a_run_that_ends_by_itself(dms: Harness, reason: StopReason) -> None:
    task = dms.create_task(dms.create_parts())

    dms.start_task(task).end(Outcome(stop_reason=reason))

    assert dms.await_status(task, "stopped")["StopReason"] == f"Stop Reason {reason.value}"


def test_a_run_that_fails(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    outcome = Outcome(stop_reason=StopReason.FATAL_ERROR, failure="the slot is gone")

    dms.start_task(task).end(outcome)

    failed = dms.await_status(task, "failed")
    assert failed["StopReason"] == "Stop Reason FATAL_ERROR"
    assert failed["LastFailureMessage"] == "the slot is gone"
    assert start(dms, task)[0] == COMBINATION
    dms.start_task(task, "resume-processing")
    assert "LastFailureMessage" not in dms.task(task)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            SandboxError("no table was found", why="none matches"),
            "no table was found: none matches",
        ),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
    ],
)
def test_a_run_that_breaks(dms: Harness, error: Exception, message: str) -> None:
    task = dms.create_task(dms.create_parts())

    dms.start_task(task).end(error=error)

    assert dms.await_status(task, "failed")["LastFailureMessage"] == message


def test_a_role_taken_away_fails_the_task_at_its_start(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.cloud.roles.clear()

    dms.client.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )
    dms.advance(dms.delays.task_start)

    failed = dms.await_status(task, "failed")
    assert failed["LastFailureMessage"] == f"{ROLE} does not trust dms.amazonaws.com"


def test_statistics_are_those_of_the_run_and_outlive_it(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    assert tables(dms, task) == []
    run = dms.start_task(task)
    run.tables = (ORDERS, ITEMS)
    run.counts = Progress(
        percent=100, tables_loaded=1, tables_loading=0, tables_queued=0, tables_errored=1
    )

    for _ in range(2):
        answer = dms.client.describe_table_statistics(ReplicationTaskArn=task)
        assert answer["ReplicationTaskArn"] == task
        items, orders = answer["TableStatistics"]
        assert (items["TableName"], items["TableState"]) == ("items", "Table error")
        assert orders["TableState"] == "Table completed"
        assert (orders["FullLoadRows"], orders["Inserts"]) == (42, 3)
        assert (orders["AppliedUpdates"], orders["AppliedDeletes"]) == (2, 1)
        assert orders["FullLoadEndTime"] == LOADED
        stats = dms.task(task)["ReplicationTaskStats"]
        assert (stats["FullLoadProgressPercent"], stats["TablesLoaded"]) == (100, 1)
        assert stats["TablesErrored"] == 1
        assert stats["FullLoadFinishDate"] == LOADED
        if dms.task(task)["Status"] == "running":
            dms.stop_task(task)


def test_statistics_are_filtered_and_paged(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    many = tuple(TableStatistics(schema="s", table=f"t{n:03}") for n in range(30))
    run.tables = (ORDERS, ITEMS, *many)

    assert tables(dms, task, {"Name": "schema-name", "Values": ["public"]}) == ["items", "orders"]
    assert tables(
        dms,
        task,
        {"Name": "schema-name", "Values": ["public"]},
        {"Name": "table-state", "Values": ["table completed"]},
    ) == ["orders"]
    first = dms.client.describe_table_statistics(ReplicationTaskArn=task, MaxRecords=20)
    rest = dms.client.describe_table_statistics(ReplicationTaskArn=task, Marker=first["Marker"])
    assert len(first["TableStatistics"]) == 20
    assert len(rest["TableStatistics"]) == 12
    assert "Marker" not in dict(rest)
    filters = [{"Name": "table-name", "Values": ["absent"]}]
    code, _ = refusal(
        dms.client.describe_table_statistics, ReplicationTaskArn=task, Filters=filters
    )
    assert code == "ResourceNotFoundFault"
