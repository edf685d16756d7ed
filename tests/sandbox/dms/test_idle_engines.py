from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, refusal

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"
READER = "arn:aws:iam::123456789012:role/reader"


def rule(number: int, table: str, action: str = "include") -> dict[str, Any]:
    return {
        "rule-type": "selection",
        "rule-id": str(number),
        "rule-name": str(number),
        "object-locator": {"schema-name": "shop", "table-name": table},
        "rule-action": action,
    }


RENAME = {
    "rule-type": "transformation",
    "rule-id": "9",
    "rule-name": "9",
    "rule-target": "table",
    "object-locator": {"schema-name": "shop", "table-name": "%"},
    "rule-action": "convert-lowercase",
}
RULES = [rule(1, "orders"), rule(2, "items"), rule(3, "x%"), rule(4, "xy", "exclude"), RENAME]
MYSQL = {**SOURCE, "EngineName": "mysql", "Port": 3306}
PARQUET = {**TARGET, "S3Settings": {**TARGET["S3Settings"], "DataFormat": "parquet"}}


@pytest.fixture
def parts(dms: Harness) -> tuple[str, str, str]:
    """An instance, a MySQL source and a target for Parquet, all connected."""
    dms.plane.idle_engines = True
    instance = dms.create_instance()
    source, target = dms.create_endpoint("source", MYSQL), dms.create_endpoint("target", PARQUET)
    assert dms.connect(instance, source) == "successful"
    assert dms.connect(instance, target) == "successful"
    return instance, source, target


def start(dms: Harness, task: str, how: str = "start-replication") -> None:
    dms.client.start_replication_task(
        ReplicationTaskArn=task,
        StartReplicationTaskType=how,  # type: ignore[arg-type]  # any of the three
    )
    dms.advance(dms.delays.task_start)


def tables(dms: Harness, task: str) -> dict[str, dict[str, Any]]:
    answer = dms.client.describe_table_statistics(ReplicationTaskArn=task)
    return {one["TableName"]: dict(one) for one in answer["TableStatistics"]}


def create(dms: Harness, parts: tuple[str, str, str], kind: str, *rules: Any) -> str:
    mappings = json.dumps({"rules": list(rules or RULES)})
    return dms.create_task(parts, MigrationType=kind, TableMappings=mappings)


def test_a_full_load_finishes_without_data(dms: Harness, parts: tuple[str, str, str]) -> None:
    task = create(dms, parts, "full-load")

    start(dms, task)

    stopped = dms.await_status(task, "stopped")
    assert stopped["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert stopped["ReplicationTaskStats"]["TablesLoaded"] == 2
    assert "RecoveryCheckpoint" not in stopped
    seen = tables(dms, task)
    assert set(seen) == {"orders", "items"}
    assert seen["orders"]["TableState"] == "Table completed"
    assert dms.plane.runs == []


def test_a_task_of_changes_runs_until_it_is_stopped(
    dms: Harness, parts: tuple[str, str, str]
) -> None:
    task = create(dms, parts, "full-load-and-cdc")
    start(dms, task)
    dms.await_status(task, "running")
    dms.client.reload_tables(
        ReplicationTaskArn=task, TablesToReload=[{"SchemaName": "shop", "TableName": "orders"}]
    )

    dms.stop_task(task)

    stopped = dms.task(task)
    assert stopped["StopReason"] == "Stop Reason NORMAL"
    assert stopped["RecoveryCheckpoint"].startswith("checkpoint:V1#")
    start(dms, task, "resume-processing")
    dms.await_status(task, "running")
    assert tables(dms, task)["orders"]["FullLoadReloaded"] is True
    dms.stop_task(task)
    dms.client.delete_replication_task(ReplicationTaskArn=task)
    assert dms.plane.dropped == []


def test_a_task_can_end_with_its_load(dms: Harness, parts: tuple[str, str, str]) -> None:
    settings = {"FullLoadSettings": {"StopTaskCachedChangesNotApplied": True}}
    mappings = json.dumps({"rules": RULES})
    task = dms.create_task(
        parts, TableMappings=mappings, ReplicationTaskSettings=json.dumps(settings)
    )

    start(dms, task)

    stopped = dms.await_status(task, "stopped")
    assert stopped["StopReason"] == "Stop Reason STOPPED_AFTER_FULL_LOAD"


def test_an_idle_task_survives_a_crash(dms: Harness, parts: tuple[str, str, str]) -> None:
    task = create(dms, parts, "cdc")
    start(dms, task)
    dms.await_status(task, "running")

    dms.crash()
    dms.start()

    assert dms.await_status(task, "running")
    dms.stop_task(task)


def test_a_start_position_or_time_is_taken_as_it_is(
    dms: Harness, parts: tuple[str, str, str]
) -> None:
    position = "mysql-bin-changelog.000024:373"
    mappings = json.dumps({"rules": RULES})
    asked = {"MigrationType": "cdc", "TableMappings": mappings}

    task = dms.create_task(parts, CdcStartPosition=position, **asked)
    dms.create_task(parts, "timed", CdcStartTime=1700000000, **asked)

    assert dms.task(task)["CdcStartPosition"] == position


def test_a_serverless_replication_of_another_engine(
    dms: Harness, parts: tuple[str, str, str]
) -> None:
    config = dms.create_config(parts[1:], TableMappings=json.dumps({"rules": RULES}))
    dms.client.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )

    running = dms.await_replication(config, "running")

    assert running["ReplicationStats"]["TablesErrored"] == 0
    dms.client.stop_replication(ReplicationConfigArn=config)
    dms.await_replication(config, "stopped")


def test_a_secret_of_another_engine_still_has_to_be_readable(dms: Harness) -> None:
    dms.plane.idle_engines = True
    dms.cloud.roles[READER] = "dms.eu-west-1.amazonaws.com"
    dms.cloud.secrets[SECRET] = {"host": "h", "port": "3306", "username": "u", "password": "p"}
    instance = dms.create_instance()
    settings = {"SecretsManagerSecretId": SECRET, "SecretsManagerAccessRoleArn": READER}
    endpoint = dms.create_endpoint(
        "e", {"EndpointType": "source", "EngineName": "mysql", "MySQLSettings": settings}
    )
    assert dms.connect(instance, endpoint) == "successful"

    dms.cloud.secrets[SECRET] = {}

    assert dms.connect(instance, endpoint) == "failed"


def test_postgresql_is_still_really_replicated(dms: Harness, parts: tuple[str, str, str]) -> None:
    source = dms.create_endpoint("pg", SOURCE)
    assert dms.connect(parts[0], source) == "successful"
    code, message = refusal(dms.create_task, parts=(parts[0], source, parts[2]))
    assert (code, "parquet" in message) == ("InvalidParameterValueException", True)

    target = dms.create_endpoint("csv", TARGET)
    dms.connect(parts[0], target)
    task = dms.create_task((parts[0], source, target))

    assert dms.start_task(task).job.source.host == "db.example.com"
