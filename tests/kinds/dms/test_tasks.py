"""Replication tasks: their two documents, their moves, and what is saved when they go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Interrupt, Live, Pending, Ready
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.task_documents import (
    SETTINGS_TAG,
    START_TAG,
    digest,
    found_mappings,
    found_settings,
    mapping_attributes,
    mappings_document,
    settings_attributes,
    settings_digest,
    settings_document,
)
from tests.kinds.dms.fake_dms import ABSENT, BUSY, OWNER, FakeDms, Fault, arn, tags_in

ARN = arn("task", "shop-task")
HERE, THERE = arn("rep", "here"), arn("rep", "there")
RULE: dict[str, Any] = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "include-1",
    "object-locator": {"schema-name": "shop", "table-name": "%"},
    "rule-action": "include",
}
SETTINGS: dict[str, Any] = {
    "TargetMetadata": {"BatchApplyEnabled": False},
    "Logging": {"EnableLogging": True},
}
# What the service makes of them: defaults, nulls, and the place of the log.
ECHO: dict[str, Any] = {
    "TargetMetadata": {"BatchApplyEnabled": False, "LobMaxSize": 32},
    "Logging": {
        "EnableLogging": True,
        "LogComponents": [
            {"Id": "SORTER", "Severity": "LOGGER_SEVERITY_DEFAULT"},
            {"Id": "SOURCE_UNLOAD", "Severity": "LOGGER_SEVERITY_DEFAULT"},
        ],
        "CloudWatchLogGroup": "dms-tasks-shop",
        "CloudWatchLogStream": "dms-task-1",
    },
    "TTSettings": None,
}


def task(fake: FakeDms, **fields: Any) -> ReplicationTask:
    members: dict[str, Any] = {
        "source": "shop-source",
        "target": "shop-staging",
        "instance": "shop-instance",
        "migration_type": "full-load-and-cdc",
        "rules": (RULE,),
        "settings": SETTINGS,
    }
    members.update(fields)
    return ReplicationTask(name="shop-task", owner=OWNER, clock=fake.clock, **members)


def described(
    rules: list[Any] | None = None, settings: Any = None, **members: object
) -> dict[str, Any]:
    found = {
        "ReplicationTaskIdentifier": "shop-task",
        "ReplicationInstanceArn": HERE,
        "MigrationType": "full-load-and-cdc",
        "TableMappings": json.dumps({"rules": [RULE] if rules is None else rules}),
        "ReplicationTaskSettings": json.dumps(settings or ECHO),
        "Status": "stopped",
        "ReplicationTaskArn": ARN,
    }
    return {"ReplicationTasks": [{**found, **members}]}


@pytest.fixture(autouse=True)
def surroundings(fake: FakeDms) -> None:
    found = {"ReplicationInstanceArn": HERE, "ReplicationInstanceStatus": "available"}
    fake.on("DescribeReplicationInstances", {"ReplicationInstances": [found]})
    fake.on("DescribeEndpoints", {"Endpoints": [{"EndpointArn": arn("endpoint", "e")}]})


def live(resource: ReplicationTask, fake: FakeDms) -> Live:
    found = resource.read(fake.clients())
    assert found is not None
    return found


def changes(resource: ReplicationTask, fake: FakeDms) -> list[str]:
    return [c.attribute for c in resource_changes(resource, live(resource, fake))]


def test_what_the_service_adds_is_no_difference(fake: FakeDms) -> None:
    added = {**RULE, "value": None, "filters": None, "load-order": None}
    fake.on("DescribeReplicationTasks", described(rules=[added]))
    assert changes(task(fake), fake) == []


def test_one_call_serves_everybody_who_looks_at_the_task(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    task(fake).read(fake.clients())
    (asked,) = fake.sent("DescribeReplicationTasks")
    assert asked == {"Filters": [{"Name": "replication-task-id", "Values": ["shop-task"]}]}


def test_a_rule_or_a_filter_too_many_is_a_difference(fake: FakeDms) -> None:
    more = {**RULE, "rule-id": "2", "rule-name": "by-hand"}
    fake.on("DescribeReplicationTasks", described(rules=[RULE, more]))
    assert changes(task(fake), fake) == ["mapping_rules"]
    filters = [{"filter-type": "source", "column-name": "id", "filter-conditions": []}]
    fake.on("DescribeReplicationTasks", described(rules=[{**RULE, "filters": filters}]))
    assert changes(task(fake), fake) == ["mappings.1.filters"]


def test_the_log_is_where_the_service_puts_it(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", ABSENT)
    place = {"CloudWatchLogGroup": "mine", "CloudWatchLogStream": "mine"}
    settings = {**SETTINGS, "Logging": {"EnableLogging": True, **place}, "TTSettings": None}
    task(fake, settings=settings).create(fake.clients())
    (sent,) = fake.sent("CreateReplicationTask")
    assert json.loads(sent["ReplicationTaskSettings"]) == SETTINGS


def test_a_log_that_is_turned_off_has_no_context() -> None:
    written = json.loads(settings_document({"Logging": {"EnableLogging": False}}))
    assert written["Logging"] == {"EnableLogging": False, "EnableLogContext": False}


def test_severities_change_while_the_task_runs(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described(Status="running"))
    severity = [{"Id": "SORTER", "Severity": "LOGGER_SEVERITY_DEBUG"}]
    settings = {**SETTINGS, "Logging": {"EnableLogging": True, "LogComponents": severity}}
    resource = task(fake, settings=settings)
    step = assess(resource, live(resource, fake))
    assert [c.attribute for c in step.changes] == ["log_severities.SORTER"]
    assert step.interrupt is Interrupt.NOTHING
    resource.update(fake.clients(), {"log_severities": {"SORTER": "LOGGER_SEVERITY_DEBUG"}})
    (sent,) = fake.sent("ModifyReplicationTask")
    assert json.loads(sent["ReplicationTaskSettings"]) == {"Logging": settings["Logging"]}
    assert "TableMappings" not in sent


def test_mappings_alone_do_not_send_the_settings(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    resource = task(fake, rules=({**RULE, "value": None},))
    resource.update(fake.clients(), {"mappings": {}})
    (sent,) = fake.sent("ModifyReplicationTask")
    assert json.loads(sent["TableMappings"]) == {"rules": [RULE]}
    assert sent["MigrationType"] == "full-load-and-cdc"
    assert "ReplicationTaskSettings" not in sent


def test_settings_go_with_the_mappings_and_leave_their_digest(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    task(fake).update(fake.clients(), {"settings": SETTINGS})
    (sent,) = fake.sent("ModifyReplicationTask")
    assert {"TableMappings", "ReplicationTaskSettings"} <= sent.keys()
    (tagged,) = fake.sent("AddTagsToResource")
    assert tags_in(tagged)[SETTINGS_TAG] == settings_digest(SETTINGS)


def test_a_setting_that_the_service_does_not_know_is_sent_once(fake: FakeDms) -> None:
    settings = {**SETTINGS, "TargetMetadata": {"BatchApplyEnabled": False, "Newest": 1}}
    resource = task(fake, settings=settings)
    fake.on("DescribeReplicationTasks", described())
    assert changes(resource, fake) == ["settings.TargetMetadata.Newest"]
    fake.owned_by(OWNER, **{SETTINGS_TAG: settings_digest(settings)})
    assert changes(resource, fake) == []
    by_hand = {**ECHO, "TargetMetadata": {"BatchApplyEnabled": True}}
    fake.on("DescribeReplicationTasks", described(settings=by_hand))
    assert changes(resource, fake) == ["settings.TargetMetadata.BatchApplyEnabled"]


def test_another_instance_is_moved_to_after_everything_else(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    resource = task(fake, instance=THERE)
    step = assess(resource, live(resource, fake))
    assert (step.action, step.interrupt) == (Action.UPDATE, Interrupt.RESTARTS)
    modifying = Fault("InvalidResourceStateFault", "the task is in modifying state")
    fake.on("MoveReplicationTask", modifying, modifying, {})
    resource.update(fake.clients(), {"instance": THERE, "settings": SETTINGS})
    assert [w for w in fake.writes if "Tags" not in w] == [
        "ModifyReplicationTask", *["MoveReplicationTask"] * 3,
    ]  # fmt: skip
    assert fake.sent("MoveReplicationTask")[0] == {
        "ReplicationTaskArn": ARN,
        "TargetReplicationInstanceArn": THERE,
    }
    assert resource.settle(live(resource, fake)) == Pending("modifying")
    moving = described(Status="moving", TargetReplicationInstanceArn=THERE)
    fake.on("DescribeReplicationTasks", moving)
    assert resource.settle(live(resource, fake)) == Pending("moving")
    fake.on("DescribeReplicationTasks", described(ReplicationInstanceArn=THERE))
    assert resource.settle(live(resource, fake)) == Ready()


def test_a_failed_move_is_explained_and_tried_again_by_the_next_plan(fake: FakeDms) -> None:
    failed = described(Status="failed-move", LastFailureMessage="not enough storage")
    fake.on("DescribeReplicationTasks", failed)
    resource = task(fake, instance=THERE)
    assert assess(resource, live(resource, fake)).action is Action.UPDATE
    resource.update(fake.clients(), {"instance": THERE})
    settled: object = None
    for _ in range(61):
        settled = resource.settle(live(resource, fake))
    assert settled == Broken(
        "not enough storage",
        fix="it is where it was, with its position; `dmslake up` tries the move again",
    )


def test_a_failed_run_leaves_the_task_usable(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described(Status="failed"))
    resource = task(fake)
    assert assess(resource, live(resource, fake)).action is Action.NOTHING


@pytest.mark.parametrize("status", ["creating", "modifying", "moving", "testing", "deleting"])
def test_what_is_under_way_is_waited_for(fake: FakeDms, status: str) -> None:
    fake.on("DescribeReplicationTasks", described(Status=status))
    assert assess(task(fake), live(task(fake), fake)).action is Action.WAIT


@pytest.mark.parametrize(
    ("fields", "member"),
    [
        ({"start_position": "4AF/B00000D0"}, "CdcStartPosition"),
        ({"start_time": datetime(2026, 7, 1, 12, tzinfo=UTC)}, "CdcStartTime"),
    ],
)
def test_changes_are_captured_from_where_the_spec_says(
    fake: FakeDms, fields: dict[str, Any], member: str
) -> None:
    fake.on("DescribeReplicationTasks", ABSENT)
    task(fake, migration_type="cdc", **fields).create(fake.clients())
    (sent,) = fake.sent("CreateReplicationTask")
    found = {name for name in sent if name.startswith("Cdc")}
    assert found == {member}
    assert sent[member] in ("4AF/B00000D0", 1782907200)


POSITION: dict[str, Any] = {"start_position": "4AF/B00000D0", "migration_type": "cdc"}
MOMENT: dict[str, Any] = {
    "start_time": datetime(2026, 7, 1, 12, tzinfo=UTC),
    "migration_type": "cdc",
}


@pytest.mark.parametrize("fields", [POSITION, MOMENT], ids=["position", "time"])
def test_a_start_is_remembered_with_the_task(fake: FakeDms, fields: dict[str, Any]) -> None:
    made = task(fake, **fields)
    fake.on("DescribeReplicationTasks", ABSENT)
    made.create(fake.clients())
    (sent,) = fake.sent("CreateReplicationTask")
    # DMS tells where it is by now, whatever was asked for once.
    fake.on(
        "DescribeReplicationTasks",
        described(MigrationType="cdc", CdcStartPosition="checkpoint:V1#9"),
    )
    fake.on("ListTagsForResource", {"TagList": sent["Tags"]})
    step = assess(made, live(made, fake))
    assert (step.action, step.remark) == (Action.NOTHING, "")
    without = task(fake, migration_type="cdc")
    assert assess(without, live(without, fake)).remark == ""


@pytest.mark.parametrize(
    "tags",
    [{}, {START_TAG: digest("4AF/C0000000")}],
    ids=["it began at its first start", "it began elsewhere"],
)
def test_a_start_that_comes_too_late_is_told_and_changes_nothing(
    fake: FakeDms, tags: dict[str, str]
) -> None:
    fake.on("DescribeReplicationTasks", described(MigrationType="cdc"))
    fake.owned_by(**tags)
    wanted = task(fake, **POSITION)
    step = assess(wanted, live(wanted, fake))
    assert step.action is Action.NOTHING
    assert "was not made with the replication.start of the spec" in step.remark
    assert "take the pipeline down and up again" in step.remark


def test_a_task_that_is_made_anew_starts_as_the_spec_says(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    wanted = task(fake, **POSITION)
    step = assess(wanted, live(wanted, fake))
    assert (step.action, step.remark) == (Action.REPLACE, "")


def test_a_task_is_made_when_what_it_stands_on_is_really_ready(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", ABSENT)
    early = Fault("InvalidResourceStateFault", "the instance is not in available state")
    fake.on("CreateReplicationTask", early, early, {})
    task(fake).create(fake.clients())
    assert len(fake.sent("CreateReplicationTask")) == 3


def test_its_position_is_saved_before_it_goes(fake: FakeDms) -> None:
    stopped = {"StopDate": datetime(2026, 7, 1, 12, tzinfo=UTC)}
    found = described(RecoveryCheckpoint="checkpoint:V1#1", ReplicationTaskStats=stopped)
    fake.on("DescribeReplicationTasks", found)
    resource = task(fake, checkpoints=("acme-staging", ".dmslake/checkpoints"))
    assert resource.parting(fake.clients()) == (
        "the last position of replication task shop-task is checkpoint:V1#1; "
        "saved as s3://acme-staging/.dmslake/checkpoints/shop-task.json"
    )
    (sent,) = fake.sent("PutObject")
    assert sent == {
        "task": "shop-task",
        "checkpoint": "checkpoint:V1#1",
        "migration_type": "full-load-and-cdc",
        "stopped": "2026-07-01T12:00:00+00:00",
    }


def test_a_position_that_cannot_be_saved_is_told_all_the_same(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described(RecoveryCheckpoint="checkpoint:V1#1"))
    fake.on("PutObject", Fault("NoSuchBucket"))
    said = task(fake, checkpoints=("gone", "x")).parting(fake.clients())
    assert "is checkpoint:V1#1; it could not be saved (NoSuchBucket)" in said


@pytest.mark.parametrize("answer", [ABSENT, described()])
def test_without_a_position_there_is_nothing_to_say(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeReplicationTasks", answer)
    assert task(fake, checkpoints=("b", "x")).parting(fake.clients()) == ""


def test_deleting_waits_until_it_has_stopped(fake: FakeDms) -> None:
    fake.on("DescribeReplicationTasks", described())
    fake.on("DeleteReplicationTask", BUSY, {})
    task(fake).delete(fake.clients())
    assert len(fake.sent("DeleteReplicationTask")) == 2


_SCALARS = st.none() | st.booleans() | st.integers(0, 9) | st.text("ab", max_size=2)
_SETTINGS = st.dictionaries(
    st.sampled_from(["TargetMetadata", "FullLoadSettings", "Logging"]),
    st.dictionaries(st.sampled_from(["A", "B", "CloudWatchLogGroup"]), _SCALARS),
)


@given(settings=_SETTINGS)
def test_what_was_written_is_found_again(settings: dict[str, Any]) -> None:
    found = found_settings(settings_document(settings), settings, {})
    written: Any = found["settings"]
    asked: Any = settings_attributes(settings)["settings"]
    assert all(written[name].items() >= section.items() for name, section in asked.items())
    rules = ({**RULE, "extra": settings},)
    assert found_mappings(mappings_document(rules)) == mapping_attributes(rules)
