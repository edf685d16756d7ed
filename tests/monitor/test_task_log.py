"""The log of a task: under which names it must be there, and from when on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dmslake.monitor.described import Described
from dmslake.monitor.reading import read_snapshot
from dmslake.monitor.snapshot import TaskLog, TaskState
from dmslake.monitor.task_log import is_due, read_task_log
from tests.monitor.doubles import INSTANCE, INSTANCE_ARN, LOGGING, TASK_ARN, Cloud, FakeDms, subject

NOW = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
CONFIG_ARN = "arn:aws:dms:eu-west-1:123456789012:replication-config:CONFIG"
GROUP, STREAM = "dms-tasks-shop-instance", "dms-task-SHOP"
SERVERLESS_GROUP = "dms-serverless-replication-CONFIG"
ORCHESTRATOR = "dms-serverless-replication-orchestrator-"


def task(
    *, status: str = "running", age: timedelta = timedelta(hours=3), settings: str = LOGGING
) -> Described:
    state = TaskState(name="shop-task", status=status, started=NOW - age)
    return Described(state=state, arn=TASK_ARN, instance_arn=INSTANCE_ARN, settings=settings)


def serverless(*, age: timedelta = timedelta(hours=3), settings: str = LOGGING) -> Described:
    state = TaskState(name="shop-serverless", status="running", started=NOW - age)
    return Described(state=state, arn=CONFIG_ARN, instance_arn=None, settings=settings)


def logging(**settings: Any) -> str:
    return json.dumps({"Logging": settings})


def with_streams(group: str, *streams: str) -> Cloud:
    cloud = Cloud()
    cloud.logs.create_log_group(logGroupName=group)
    for stream in streams:
        cloud.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    return cloud


def test_the_log_is_there() -> None:
    found = read_task_log(with_streams(GROUP, "dms-task-SHO", STREAM), task(), INSTANCE)
    assert found == TaskLog(group=GROUP, stream=STREAM)


def test_there_is_no_group() -> None:
    found = read_task_log(with_streams("dms-tasks-another", STREAM), task(), INSTANCE)
    assert found == TaskLog(group=GROUP, stream=STREAM, missing="group")


@pytest.mark.parametrize("stream", ["dms-task-ANOTHER", f"{STREAM}-2", "dms-task-shop-task"])
def test_there_is_no_stream_of_this_task(stream: str) -> None:
    found = read_task_log(with_streams(GROUP, stream), task(), INSTANCE)
    assert found == TaskLog(group=GROUP, stream=STREAM, missing="stream")


def test_what_dms_says_of_the_place_counts() -> None:
    said = logging(EnableLogging=True, CloudWatchLogGroup="g", CloudWatchLogStream="s")
    assert read_task_log(with_streams("g", "s"), task(settings=said), INSTANCE).missing == ""


def test_of_serverless_the_name_of_the_stream_begins_alike() -> None:
    there = with_streams(SERVERLESS_GROUP, f"{ORCHESTRATOR}a1b2")
    assert read_task_log(there, serverless(), "") == TaskLog(
        group=SERVERLESS_GROUP, stream=ORCHESTRATOR
    )


def test_serverless_that_has_no_group() -> None:
    assert read_task_log(with_streams("another"), serverless(), "").missing == "group"


def test_serverless_with_another_stream_only() -> None:
    there = with_streams(SERVERLESS_GROUP, "dms-serverless-serv-res-id-1")
    assert read_task_log(there, serverless(), "").missing == "stream"


MINUTES = timedelta(minutes=1)
DUE = [
    ("runs for long", task(), True),
    ("failed", task(status="failed"), True),
    ("runs for five minutes", task(age=5 * MINUTES), True),
    ("just started", task(age=4 * MINUTES), False),
    ("was just asked to start", task(status="starting"), False),
    ("stopped long ago", task(status="stopped"), False),
    ("logs nothing", task(settings=logging(EnableLogging=False)), False),
    ("says nothing of logs", task(settings="{}"), False),
    ("says null", task(settings=json.dumps({"Logging": None})), False),
    ("serverless for long", serverless(), True),
    ("serverless may still look for machines", serverless(age=119 * MINUTES), False),
    ("serverless logs nothing", serverless(settings=logging(EnableLogging=False)), False),
]


@pytest.mark.parametrize(("of", "due"), [d[1:] for d in DUE], ids=[d[0] for d in DUE])
def test_there_must_be_a_log(of: Described, due: bool) -> None:
    assert is_due(of, NOW) is due


def test_a_task_of_which_no_start_is_known_need_not_have_one() -> None:
    state = TaskState(name="shop-task", status="running")
    never = Described(state=state, arn=TASK_ARN, instance_arn=INSTANCE_ARN, settings=LOGGING)
    assert not is_due(never, NOW)


class RenamedDms(FakeDms):
    """A DMS whose task runs on another instance than the spec names."""

    def describe_replication_instances(self, **request: Any) -> dict[str, Any]:
        if request["Filters"][0]["Values"] == [INSTANCE_ARN]:
            return {"ReplicationInstances": [{"ReplicationInstanceIdentifier": "theirs"}]}
        return super().describe_replication_instances(**request)


def test_the_group_is_that_of_the_instance_that_it_really_runs_on() -> None:
    started = {"StartDate": NOW - timedelta(hours=1)}
    facts = {"ReplicationTaskSettings": LOGGING, "ReplicationTaskStats": started}
    dms = RenamedDms({"Status": "running", **facts}, [[]])
    found = read_snapshot(subject(), Cloud(dms=dms), NOW)
    assert found.log == TaskLog(group="dms-tasks-theirs", stream=STREAM, missing="group")


def test_no_log_is_asked_for_before_its_time() -> None:
    started = {"StartDate": NOW - timedelta(minutes=1)}
    facts = {"ReplicationTaskSettings": LOGGING, "ReplicationTaskStats": started}
    dms = FakeDms({"Status": "running", **facts}, [[]])
    assert read_snapshot(subject(), Cloud(dms=dms), NOW).log is None
