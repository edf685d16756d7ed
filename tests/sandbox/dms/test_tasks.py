from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.dms.harness import (
    MAPPINGS,
    SELECT_ALL,
    SOURCE,
    TARGET,
    Harness,
    eventually,
    refusal,
)

ABSENT = "arn:aws:dms:eu-west-1:123456789012:task:absent"
WHILE_RUNNING = (
    "Replication Task, excluding logging severity task settings, cannot be modified "
    "while it is running state"
)
VALUE = "InvalidParameterValueException"
COMBINATION = "InvalidParameterCombinationException"
NULLS = {"filters": None, "load-order": None, "parallel-load": None}


def request(parts: tuple[str, str, str], **more: object) -> dict[str, Any]:
    instance, source, target = parts
    return {
        "ReplicationTaskIdentifier": "task",
        "ReplicationInstanceArn": instance,
        "SourceEndpointArn": source,
        "TargetEndpointArn": target,
        "MigrationType": "full-load-and-cdc",
        "TableMappings": MAPPINGS,
        **more,
    }


def settings_of(dms: Harness, task: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(dms.task(task)["ReplicationTaskSettings"])
    return read


def test_a_task_is_ready_in_its_time(dms: Harness) -> None:
    parts = dms.create_parts()

    created = dms.client.create_replication_task(
        **request(parts, ReplicationTaskIdentifier="Lake-Task")
    )["ReplicationTask"]

    assert created["Status"] == "creating"
    assert created["ReplicationTaskIdentifier"] == "lake-task"
    rule = json.loads(created["TableMappings"])["rules"][0]
    assert rule == {**SELECT_ALL["rules"][0], **NULLS}
    assert created["MigrationType"] == "full-load-and-cdc"
    dms.advance(dms.delays.task_create - 0.01)
    assert dms.task(created["ReplicationTaskArn"])["Status"] == "creating"
    dms.advance(0.01)
    task = dms.task(created["ReplicationTaskArn"])
    assert task["Status"] == "ready"
    assert "ReplicationTaskStartDate" not in task
    assert "FreshStartDate" not in task["ReplicationTaskStats"]
    assert "StopReason" not in task


def test_a_task_needs_no_tests_to_be_created(dms: Harness) -> None:
    parts = (
        dms.create_instance(),
        dms.create_endpoint("source", SOURCE),
        dms.create_endpoint("target", TARGET),
    )

    assert dms.task(dms.create_task(parts))["Status"] == "ready"


def test_settings_come_back_with_defaults(dms: Harness) -> None:
    task = dms.create_task(
        dms.create_parts(),
        ReplicationTaskSettings=json.dumps(
            {"FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"}, "NoSuchSection": {"a": 1}}
        ),
    )

    settings = settings_of(dms, task)
    assert settings["FullLoadSettings"]["TargetTablePrepMode"] == "DO_NOTHING"
    assert settings["FullLoadSettings"]["MaxFullLoadSubTasks"] == 8
    assert settings["ControlTablesSettings"]["historyTimeslotInMinutes"] == 5
    assert settings["ControlTablesSettings"]["HistoryTimeslotInMinutes"] == 5
    assert settings["Logging"]["CloudWatchLogGroup"] is None
    assert len(settings["Logging"]["LogComponents"]) == 19
    assert "NoSuchSection" not in settings


def test_the_service_names_the_log_by_instance_and_arn(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts, ReplicationTaskSettings='{"Logging": {"EnableLogging": true}}')

    logging = settings_of(dms, task)["Logging"]
    assert logging["CloudWatchLogGroup"] == "dms-tasks-instance"
    assert logging["CloudWatchLogStream"] == f"dms-task-{task.rpartition(':')[2]}"
    dms.client.modify_replication_task(
        ReplicationTaskArn=task,
        ReplicationTaskSettings='{"Logging": {"EnableLogging": false}}',
    )
    assert settings_of(dms, task)["Logging"]["CloudWatchLogGroup"] is None


def test_settings_can_be_left_out_of_the_answer(dms: Harness) -> None:
    dms.create_task(dms.create_parts())

    described = dms.client.describe_replication_tasks(WithoutSettings=True)

    assert "ReplicationTaskSettings" not in described["ReplicationTasks"][0]


@pytest.mark.parametrize(
    ("more", "code", "part"),
    [
        ({"ReplicationTaskIdentifier": "a--b"}, VALUE, "ReplicationTaskIdentifier"),
        ({"ReplicationTaskIdentifier": "a" * 256}, VALUE, "255"),
        ({"MigrationType": "some"}, "ValidationException", "migrationType"),
        ({"TableMappings": "{"}, VALUE, "Invalid Table Mappings document"),
        ({"TableMappings": "[]"}, VALUE, "Invalid Table Mappings document"),
        ({"TableMappings": "{}"}, VALUE, "Invalid Table Mappings document"),
        ({"TableMappings": '{"rules": []}'}, VALUE, "Invalid Table Mappings document"),
        ({"TableMappings": '{"rules": [1]}'}, VALUE, "Invalid Table Mappings document"),
        (
            {"TableMappings": '{"rules": [{"rule-type": "transformation"}]}'},
            VALUE,
            "At least one selection rule",
        ),
        ({"ReplicationTaskSettings": "{"}, VALUE, "Invalid task settings JSON"),
        ({"ReplicationTaskSettings": ""}, VALUE, "Invalid task settings JSON"),
        (
            {"ReplicationTaskSettings": '{"Logging": {"CloudWatchLogGroup": "g"}}'},
            VALUE,
            "Task Settings CloudWatchLogGroup or CloudWatchLogStream cannot be set on create.",
        ),
        (
            {"CdcStartTime": 1.0, "CdcStartPosition": "4AF/B00000D0"},
            "InvalidParameterCombinationException",
            "Only one",
        ),
        ({"CdcStartTime": 1.0, "MigrationType": "cdc"}, COMBINATION, "PostgreSQL"),
        ({"CdcStartPosition": "4AF/B00000D0"}, COMBINATION, "not valid for migration type"),
        ({"CdcStartPosition": "x", "MigrationType": "cdc"}, VALUE, "CdcStartPosition x"),
        ({"CdcStartPosition": "1/A", "MigrationType": "cdc"}, COMBINATION, "SlotName"),
        ({"CdcStopPosition": "server_time:2026-11-23T14:00:00"}, VALUE, "CdcStopPosition"),
        ({"CdcStopPosition": "server_time:x"}, VALUE, "CdcStopPosition is not supported"),
        ({"ReplicationInstanceArn": ABSENT}, "ResourceNotFoundFault", "Instance"),
        ({"SourceEndpointArn": ABSENT}, "ResourceNotFoundFault", "Endpoint"),
        ({"TargetEndpointArn": ABSENT}, "ResourceNotFoundFault", "Endpoint"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, VALUE, "aws:"),
    ],
)
def test_what_the_service_refuses(
    dms: Harness, more: dict[str, object], code: str, part: str
) -> None:
    refused = refusal(dms.client.create_replication_task, **request(dms.create_parts(), **more))

    assert refused[0] == code
    assert part in refused[1]
    assert dms.client.describe_replication_tasks()["ReplicationTasks"] == []


def test_a_mapping_that_the_data_plane_cannot_honour_is_refused_by_name(dms: Harness) -> None:
    parts = dms.create_parts()
    dms.plane.unsupported = "selection"

    code, message = refusal(dms.client.create_replication_task, **request(parts))

    assert code == VALUE
    assert "rule selection is not supported" in message


def test_endpoints_have_to_be_of_their_side(dms: Harness) -> None:
    instance, source, target = dms.create_parts()

    code, message = refusal(
        dms.client.create_replication_task, **request((instance, target, source))
    )

    assert code == VALUE
    assert "not a source endpoint" in message


def test_the_instance_has_to_be_available(dms: Harness) -> None:
    instance, source, target = dms.create_parts()
    dms.client.delete_replication_instance(ReplicationInstanceArn=instance)

    code, _ = refusal(dms.client.create_replication_task, **request((instance, source, target)))

    assert code == "InvalidResourceStateFault"


def test_an_endpoint_that_goes_is_not_used(dms: Harness) -> None:
    parts = dms.create_parts()
    dms.client.delete_endpoint(EndpointArn=parts[1])

    code, _ = refusal(dms.client.create_replication_task, **request(parts))

    assert code == "InvalidResourceStateFault"


def test_an_empty_timestamp_column_is_found_only_now(dms: Harness) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    settings = {**TARGET["S3Settings"], "TimestampColumnName": ""}
    target = dms.create_endpoint("target", {**TARGET, "S3Settings": settings})

    assert refusal(dms.client.create_replication_task, **request((instance, source, target))) == (
        VALUE,
        "TimestampColumnName cannot be an empty string.",
    )


def test_a_second_task_of_the_name_is_refused(dms: Harness) -> None:
    parts = dms.create_parts()
    arn = dms.create_task(parts)

    with pytest.raises(dms.client.exceptions.ResourceAlreadyExistsFault) as caught:
        dms.client.create_replication_task(**request(parts, ReplicationTaskIdentifier="TASK"))
    assert caught.value.response["resourceArn"] == arn  # type: ignore[typeddict-item]  # modelled


def test_an_idle_task_is_modified_and_returns_to_where_it_was(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    mappings = MAPPINGS.replace("public", "sales")

    changed = dms.client.modify_replication_task(
        ReplicationTaskArn=task,
        ReplicationTaskIdentifier="Renamed",
        MigrationType="full-load-and-cdc",
        TableMappings=mappings,
        ReplicationTaskSettings='{"FullLoadSettings": {"MaxFullLoadSubTasks": 2}}',
        TaskData="{}",
    )["ReplicationTask"]

    assert changed["Status"] == "modifying"
    dms.advance(dms.delays.task_modify)
    after = dms.task(task)
    assert after["Status"] == "ready"
    assert after["ReplicationTaskIdentifier"] == "renamed"
    rule = json.loads(after["TableMappings"])["rules"][0]
    assert rule["object-locator"]["schema-name"] == "sales"
    assert after["TaskData"] == "{}"
    assert settings_of(dms, task)["FullLoadSettings"]["MaxFullLoadSubTasks"] == 2
    dms.start_task(task)
    dms.stop_task(task)
    dms.client.modify_replication_task(ReplicationTaskArn=task, TableMappings=MAPPINGS)
    assert dms.task(task)["Status"] == "modifying"
    dms.advance(dms.delays.task_modify)
    assert dms.task(task)["Status"] == "stopped"


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"MigrationType": "cdc"}, VALUE, "migration type"),
        ({"TableMappings": "{}"}, VALUE, "Invalid Table Mappings document"),
        ({"ReplicationTaskSettings": ""}, VALUE, "Invalid task settings JSON"),
        ({"ReplicationTaskIdentifier": "other"}, "ResourceAlreadyExistsFault", "other"),
        ({"CdcStartPosition": "x"}, COMBINATION, "CdcStartPosition"),
    ],
)
def test_modifications_that_are_refused(
    dms: Harness, changes: dict[str, object], code: str, part: str
) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.create_task(parts, "other")

    refused = refusal(dms.client.modify_replication_task, ReplicationTaskArn=task, **changes)

    assert refused[0] == code
    assert part in refused[1]
    assert dms.task(task)["Status"] == "ready"


def test_a_running_task_takes_log_severities_only(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task)
    severity = json.dumps(
        {
            "Logging": {
                "LogComponents": [{"Id": "SOURCE_UNLOAD", "Severity": "LOGGER_SEVERITY_DEBUG"}]
            }
        }
    )

    dms.client.modify_replication_task(
        ReplicationTaskArn=task,
        TableMappings=MAPPINGS,
        MigrationType="full-load-and-cdc",
        ReplicationTaskSettings=severity,
    )

    assert dms.task(task)["Status"] == "running"
    components = settings_of(dms, task)["Logging"]["LogComponents"]
    assert {"Id": "SOURCE_UNLOAD", "Severity": "LOGGER_SEVERITY_DEBUG"} in components
    for changes in (
        {"TableMappings": MAPPINGS.replace("public", "sales")},
        {"ReplicationTaskSettings": '{"FullLoadSettings": {"CommitRate": 5}}'},
        {"ReplicationTaskIdentifier": "renamed"},
    ):
        assert refusal(dms.client.modify_replication_task, ReplicationTaskArn=task, **changes) == (
            "InvalidResourceStateFault",
            WHILE_RUNNING,
        )


def test_a_task_between_states_is_not_modified(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    dms.client.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )

    code, message = refusal(dms.client.modify_replication_task, ReplicationTaskArn=task)

    assert code == "InvalidResourceStateFault"
    assert "starting" in message


def test_a_task_is_deleted_in_its_time_with_its_slot(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    dms.start_task(task)
    code, message = refusal(dms.client.delete_replication_task, ReplicationTaskArn=task)
    assert (code, "running" in message) == ("InvalidResourceStateFault", True)
    dms.stop_task(task)

    deleted = dms.client.delete_replication_task(ReplicationTaskArn=task)["ReplicationTask"]

    assert deleted["Status"] == "deleting"
    assert dms.task(task)["Status"] == "deleting"
    gone(dms, task)
    assert dms.plane.dropped == [task.rpartition(":")[2].lower()]
    dms.client.delete_endpoint(EndpointArn=parts[1])


def test_a_slot_that_cannot_be_dropped_does_not_keep_the_task(
    dms: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    task = dms.create_task(dms.create_parts())
    dms.start_task(task)
    dms.stop_task(task)
    dms.plane.drop_failure = "connection refused"

    dms.client.delete_replication_task(ReplicationTaskArn=task)
    gone(dms, task)

    assert "may remain on its source: connection refused" in caplog.text


@pytest.mark.parametrize("ran", [True, False])
def test_a_task_without_a_slot_drops_none(dms: Harness, ran: bool) -> None:
    kind = "full-load" if ran else "cdc"
    task = dms.create_task(dms.create_parts(), MigrationType=kind)
    if ran:
        dms.start_task(task)
        dms.stop_task(task)

    dms.client.delete_replication_task(ReplicationTaskArn=task)
    gone(dms, task)

    assert dms.plane.dropped == []


def gone(dms: Harness, task: str) -> None:
    dms.advance(dms.delays.task_delete)
    eventually(lambda: not dms.client.describe_replication_tasks()["ReplicationTasks"])
    filters = [{"Name": "replication-task-arn", "Values": [task]}]
    assert refusal(dms.client.describe_replication_tasks, Filters=filters) == (
        "ResourceNotFoundFault",
        "No Tasks found matching provided filters",
    )


@pytest.mark.parametrize(
    "name",
    [
        "replication-task-id",
        "migration-type",
        "endpoint-arn",
        "replication-instance-arn",
    ],
)
def test_filters(dms: Harness, name: str) -> None:
    parts = dms.create_parts()
    dms.create_task(parts)
    value = {
        "replication-task-id": "TASK",
        "migration-type": "full-load-and-cdc",
        "endpoint-arn": parts[2],
        "replication-instance-arn": parts[0],
    }[name]

    described = dms.client.describe_replication_tasks(Filters=[{"Name": name, "Values": [value]}])

    assert len(described["ReplicationTasks"]) == 1
    filters = [{"Name": name, "Values": ["no-such"]}]
    assert refusal(dms.client.describe_replication_tasks, Filters=filters)[0] == (
        "ResourceNotFoundFault"
    )


def test_an_absent_task(dms: Harness) -> None:
    for call, more in (
        (dms.client.modify_replication_task, {}),
        (dms.client.delete_replication_task, {}),
        (dms.client.stop_replication_task, {}),
        (dms.client.describe_table_statistics, {}),
        (dms.client.start_replication_task, {"StartReplicationTaskType": "start-replication"}),
        (dms.client.reload_tables, {"TablesToReload": [{"SchemaName": "s", "TableName": "t"}]}),
    ):
        code, _ = refusal(call, ReplicationTaskArn=ABSENT, **more)
        assert code == "ResourceNotFoundFault"
