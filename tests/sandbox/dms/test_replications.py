from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Outcome,
    Start,
    StopReason,
    TableState,
    TableStatistics,
)
from tests.sandbox.dms.fakes import FakeRun
from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, eventually, refusal

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import TableToReloadTypeDef

STATE = "InvalidResourceStateFault"
COMBINATION = "InvalidParameterCombinationException"
STAGES = [
    "initializing",
    "preparing_metadata_resources",
    "testing_connection",
    "fetching_metadata",
    "calculating_capacity",
    "provisioning_capacity",
    "replication_starting",
    "running",
]
SEEN = TableStatistics(
    schema="public", table="orders", state=TableState.COMPLETED, full_load_rows=3
)


@pytest.fixture
def config(dms: Harness) -> str:
    """A serverless replication that was never started."""
    parts = dms.create_endpoint("source", SOURCE), dms.create_endpoint("target", TARGET)
    return dms.create_config(
        parts, ReplicationSettings='{"Logging": {"EnableLogging": true}}', ResourceIdentifier="sl"
    )


def start(dms: Harness, config: str, how: str = "start-replication") -> FakeRun:
    """Start a replication; return its run."""
    before = len(dms.plane.runs)
    dms.client.start_replication(ReplicationConfigArn=config, StartReplicationType=how)
    dms.await_replication(config, "running")
    eventually(lambda: len(dms.plane.runs) > before)
    return dms.plane.runs[-1]


def stop(dms: Harness, config: str) -> None:
    dms.client.stop_replication(ReplicationConfigArn=config)
    dms.await_replication(config, "stopped")


def refused(dms: Harness, config: str, how: str, **more: Any) -> str:
    asked = {"ReplicationConfigArn": config, "StartReplicationType": how, **more}
    return refusal(dms.client.start_replication, **asked)[0]


def test_a_replication_goes_through_its_stages_and_runs(dms: Harness, config: str) -> None:
    started = dms.client.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )["Replication"]
    seen = [started["Status"]]

    def runs() -> bool:
        dms.advance(0.05)
        status = dms.replication(config)["Status"]
        if status != seen[-1]:
            seen.append(status)
        return bool(status == "running")

    eventually(runs)
    assert seen == STAGES
    running = dms.replication(config)
    assert running["StartReplicationType"] == "start-replication"
    assert running["ProvisionData"]["ProvisionState"] == "provisioned"
    assert running["ProvisionData"]["ProvisionedCapacityUnits"] == 1
    assert running["ReplicationStats"]["FreshStartDate"]
    assert "RecoveryCheckpoint" not in running
    described = dms.client.describe_replication_configs()["ReplicationConfigs"][0]
    logging = json.loads(described["ReplicationSettings"])["Logging"]
    assert logging["CloudWatchLogGroup"] == "dms-serverless-replication-sl"
    eventually(lambda: bool(dms.plane.runs))
    job = dms.plane.runs[-1].job
    assert (job.task_id, job.migration_type) == ("sl", "full-load-and-cdc")
    assert [source.host for source in dms.plane.sources] == ["db.example.com"]


def test_a_stopped_replication_resumes_from_its_checkpoint(dms: Harness, config: str) -> None:
    run = start(dms, config)
    run.on_checkpoint(Checkpoint(lsn=255))
    stop(dms, config)

    stopped = dms.replication(config)
    assert stopped["StopReason"] == "Stop Reason NORMAL"
    assert stopped["RecoveryCheckpoint"].startswith("checkpoint:V1#1#00000000/000000FF")
    assert stopped["ReplicationDeprovisionTime"] > stopped["ReplicationLastStopTime"]
    assert refused(dms, config, "start-replication") == COMBINATION
    resumed = start(dms, config, "resume-processing")
    assert (resumed.job.start, resumed.job.checkpoint) == (Start.RESUME, Checkpoint(lsn=255))


def test_a_full_load_ends_by_itself(dms: Harness) -> None:
    parts = dms.create_endpoint("source", SOURCE), dms.create_endpoint("target", TARGET)
    config = dms.create_config(parts, ReplicationType="full-load")
    run = start(dms, config)
    run.end(Outcome(stop_reason=StopReason.FULL_LOAD_ONLY_FINISHED))

    stopped = dms.await_replication(config, "stopped")

    assert stopped["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert refused(dms, config, "resume-processing") == COMBINATION
    assert start(dms, config, "reload-target").job.start is Start.RELOAD


def test_an_endpoint_that_does_not_answer_fails_the_replication(dms: Harness, config: str) -> None:
    dms.plane.source_failure = "no such host"
    dms.client.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )

    failed = dms.await_replication(config, "failed")

    assert "no such host" in failed["FailureMessages"][0]
    assert failed["ProvisionData"] == {"ProvisionState": "deprovisioned"}
    assert dms.plane.runs == []
    dms.plane.source_failure = None
    assert start(dms, config, "reload-target").job.start is Start.RELOAD


def test_what_runs_is_neither_changed_nor_deleted(dms: Harness, config: str) -> None:
    start(dms, config)

    assert refusal(dms.client.modify_replication_config, ReplicationConfigArn=config)[0] == STATE
    assert refusal(dms.client.delete_replication_config, ReplicationConfigArn=config)[0] == STATE
    assert refused(dms, config, "resume-processing") == STATE
    source = dms.replication(config)["SourceEndpointArn"]
    assert refusal(dms.client.modify_endpoint, EndpointArn=source, Port=1)[0] == STATE
    stop(dms, config)
    assert refusal(dms.client.stop_replication, ReplicationConfigArn=config)[0] == STATE
    code, message = refusal(
        dms.client.modify_replication_config, ReplicationConfigArn=config, ReplicationType="cdc"
    )
    assert (code, "after its first start" in message) == (STATE, True)
    dms.client.modify_replication_config(
        ReplicationConfigArn=config, ComputeConfig={"MaxCapacityUnits": 64}
    )


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ("resume-processing", {}),
        ("sideways", {}),
        ("start-replication", {"CdcStartPosition": "1/A"}),
        ("start-replication", {"CdcStartTime": 1.0}),
        ("start-replication", {"CdcStopPosition": "server_time:2026-11-23T14:00:00"}),
    ],
)
def test_starts_that_are_refused(
    dms: Harness, config: str, how: str, more: dict[str, object]
) -> None:
    assert refused(dms, config, how, **more) == COMBINATION


def test_a_replication_can_be_stopped_before_it_runs(dms: Harness, config: str) -> None:
    dms.client.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )

    dms.plane.source_failure = "no such host"
    dms.await_replication(config, "testing_connection")
    stop(dms, config)

    assert dms.plane.runs == []
    dms.plane.source_failure = None
    start(dms, config, "resume-processing")


def test_its_tables_are_counted_and_loaded_again(dms: Harness, config: str) -> None:
    run = start(dms, config)
    run.tables = (SEEN,)
    orders: TableToReloadTypeDef = {"SchemaName": "public", "TableName": "orders"}

    answer = dms.client.describe_replication_table_statistics(ReplicationConfigArn=config)
    assert answer["ReplicationTableStatistics"][0]["FullLoadRows"] == 3
    dms.client.reload_replication_tables(ReplicationConfigArn=config, TablesToReload=[orders])
    assert run.reloaded == [("public", "orders")]
    stop(dms, config)
    code, _ = refusal(
        dms.client.reload_replication_tables, ReplicationConfigArn=config, TablesToReload=[orders]
    )
    assert code == STATE


def test_statistics_go_with_the_capacity(dms: Harness, config: str) -> None:
    run = start(dms, config)
    run.tables = (SEEN,)
    stop(dms, config)
    answer = dms.client.describe_replication_table_statistics(ReplicationConfigArn=config)
    assert answer["ReplicationTableStatistics"]

    dms.advance(72 * 3600)

    answer = dms.client.describe_replication_table_statistics(ReplicationConfigArn=config)
    assert answer["ReplicationTableStatistics"] == []
    assert dms.replication(config)["ProvisionData"] == {"ProvisionState": "deprovisioned"}


def test_its_log_has_a_group_of_its_own(dms: Harness, config: str) -> None:
    start(dms, config)
    stop(dms, config)

    place = ("dms-serverless-replication-sl", "dms-serverless-replication-orchestrator-sl")
    eventually(lambda: any("stopped" in line for line in dms.cloud.logs.get(place, [])))


@pytest.mark.parametrize("stage", ["testing_connection", "provisioning_capacity", "running"])
def test_a_crash_in_any_stage_is_survived(dms: Harness, config: str, stage: str) -> None:
    dms.client.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )
    dms.await_replication(config, stage)

    dms.crash()
    dms.start()

    assert dms.replication(config)["Status"] == stage
    dms.await_replication(config, "running")
    eventually(lambda: bool(dms.plane.runs))
