"""The state survives a stop and a crash, in the middle of anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Start,
    TableCheckpoint,
    TableState,
    TableStatistics,
)
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, eventually, refusal

Leave = Callable[[Harness], None]
LEAVES: list[Leave] = [Harness.stop, Harness.crash]
ORDERS = TableStatistics(
    schema="public", table="orders", state=TableState.COMPLETED, full_load_rows=42
)
leaving = pytest.mark.parametrize("leave", LEAVES, ids=["stop", "crash"])


def again(dms: Harness, leave: Leave) -> None:
    leave(dms)
    dms.start()


@leaving
def test_everything_reads_back_as_it_was(dms: Harness, leave: Leave) -> None:
    dms.create_group()
    parts = dms.create_parts()
    dms.create_task(parts, Tags=[{"Key": "team", "Value": "data"}])

    def seen() -> list[Any]:
        answers = (
            dms.client.describe_replication_subnet_groups()["ReplicationSubnetGroups"],
            dms.client.describe_replication_instances()["ReplicationInstances"],
            dms.client.describe_endpoints()["Endpoints"],
            dms.client.describe_connections()["Connections"],
            dms.client.describe_replication_tasks()["ReplicationTasks"],
        )
        assert all(answers)
        return list(answers)

    before = seen()
    again(dms, leave)

    assert seen() == before
    assert dms.client.list_tags_for_resource(ResourceArn=before[4][0]["ReplicationTaskArn"])[
        "TagList"
    ] == [{"Key": "team", "Value": "data"}]


@leaving
def test_creation_and_deletion_go_on(dms: Harness, leave: Leave) -> None:
    gone = dms.create_endpoint("gone", SOURCE)
    dms.client.delete_endpoint(EndpointArn=gone)
    arn = dms.client.create_replication_instance(
        ReplicationInstanceIdentifier="i", ReplicationInstanceClass="dms.t3.medium"
    )["ReplicationInstance"]["ReplicationInstanceArn"]

    again(dms, leave)

    def status() -> str:
        answer = dms.client.describe_replication_instances()["ReplicationInstances"]
        assert answer[0]["ReplicationInstanceArn"] == arn
        return answer[0]["ReplicationInstanceStatus"]

    assert status() == "creating"
    dms.advance(dms.delays.instance_create)
    assert status() == "available"
    assert dms.client.describe_endpoints()["Endpoints"] == []


@leaving
def test_what_became_due_meanwhile_is_done_at_the_start(dms: Harness, leave: Leave) -> None:
    dms.client.create_endpoint(EndpointIdentifier="e", **TARGET)
    leave(dms)
    dms.clock.advance(3600)

    dms.start()

    assert dms.client.describe_endpoints()["Endpoints"][0]["Status"] == "active"


@leaving
def test_a_test_under_way_is_made_again(dms: Harness, leave: Leave) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=source)
    eventually(lambda: len(dms.plane.sources) == 1)

    again(dms, leave)

    assert dms.connected(instance, source) == "successful"
    assert len(dms.plane.sources) == 2


@leaving
def test_a_running_task_resumes_from_its_checkpoint(dms: Harness, leave: Leave) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.tables = (ORDERS,)
    checkpoint = Checkpoint(lsn=4711, tables=(TableCheckpoint(statistics=ORDERS, snapshot="1:2:"),))
    run.on_checkpoint(checkpoint)

    again(dms, leave)

    eventually(lambda: len(dms.plane.runs) == 2)
    resumed = dms.plane.runs[1].job
    assert (resumed.start, resumed.checkpoint) == (Start.RESUME, checkpoint)
    assert resumed.source.password == "hunter2-secret"
    assert dms.task(task)["Status"] == "running"
    dms.stop_task(task)


@leaving
@pytest.mark.parametrize("how", ["start-replication", "reload-target"])
def test_a_run_without_a_checkpoint_begins_again_as_it_did(
    dms: Harness, leave: Leave, how: str
) -> None:
    task = dms.create_task(dms.create_parts())
    if how == "reload-target":
        dms.start_task(task).on_checkpoint(Checkpoint(lsn=1))
        dms.stop_task(task)
    first = dms.start_task(task, how)

    again(dms, leave)

    eventually(lambda: dms.plane.runs[-1] is not first)
    assert dms.plane.runs[-1].job.start is first.job.start
    assert dms.plane.runs[-1].job.checkpoint is None


@leaving
def test_a_task_that_was_starting_starts(dms: Harness, leave: Leave) -> None:
    task = dms.create_task(dms.create_parts())
    dms.client.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )

    again(dms, leave)

    assert dms.task(task)["Status"] == "starting"
    dms.advance(dms.delays.task_start)
    eventually(lambda: len(dms.plane.runs) == 1)
    assert dms.plane.runs[0].job.start is Start.FRESH


@leaving
def test_a_task_that_was_stopping_is_stopped(dms: Harness, leave: Leave) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.stops = False
    dms.client.stop_replication_task(ReplicationTaskArn=task)
    run.end()

    again(dms, leave)

    dms.advance(dms.delays.task_stop)
    assert dms.await_status(task, "stopped")["StopReason"] == "Stop Reason NORMAL"
    assert len(dms.plane.runs) == 1


@leaving
def test_a_task_that_was_deleted_is_gone(dms: Harness, leave: Leave) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task)
    dms.stop_task(task)
    dms.client.delete_replication_task(ReplicationTaskArn=task)

    again(dms, leave)

    dms.advance(dms.delays.task_delete)
    eventually(lambda: not dms.client.describe_replication_tasks()["ReplicationTasks"])
    assert len(dms.plane.dropped) == 1


def test_a_clean_stop_stops_the_runs_and_keeps_their_counts(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.tables = (ORDERS,)

    dms.stop()

    assert run.stopped
    dms.start()
    answer = dms.client.describe_table_statistics(ReplicationTaskArn=task)
    assert answer["TableStatistics"][0]["FullLoadRows"] == 42
    assert dms.task(task)["Status"] == "running"


def test_a_run_that_does_not_flush_does_not_hold_up_the_stop(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task).stops = False

    assert not dms.service.close(timeout=0.05)

    dms.crash()
    dms.start()
    assert dms.task(task)["Status"] == "running"


def test_a_failed_task_stays_failed(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task).end(error=ValueError("broken"))
    dms.await_status(task, "failed")

    again(dms, Harness.crash)

    assert dms.task(task)["LastFailureMessage"] == "ValueError: broken"
    assert len(dms.plane.runs) == 1


def test_a_modified_password_survives_and_stays_hidden(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.client.modify_endpoint(EndpointArn=source, Password="new-secret")

    again(dms, Harness.crash)

    assert "new-secret" not in str(dms.client.describe_endpoints())
    assert dms.connect(instance, source) == "successful"
    assert dms.plane.sources[-1].password == "new-secret"


def test_names_stay_taken(dms: Harness) -> None:
    dms.create_endpoint("source", SOURCE)

    again(dms, Harness.crash)

    code, _ = refusal(dms.client.create_endpoint, EndpointIdentifier="source", **SOURCE)
    assert code == "ResourceAlreadyExistsFault"
