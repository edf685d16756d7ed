"""How far a task is behind: found under exactly one pair of dimensions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dmslake.monitor.reading import read_snapshot
from dmslake.monitor.snapshot import Latency, Snapshot
from tests.monitor.doubles import INSTANCE, INSTANCE_ARN, TASK_ARN, Cloud, FakeDms, subject

NOW = datetime.now(UTC).replace(microsecond=0)
RUNNING = {"Status": "running", "MigrationType": "full-load-and-cdc"}
METRICS = ("CDCLatencySource", "CDCLatencyTarget")
RIGHT = {"ReplicationInstanceIdentifier": INSTANCE, "ReplicationTaskIdentifier": "SHOP"}


def cloud(task: dict[str, Any]) -> Cloud:
    return Cloud(dms=FakeDms(task, [[]]))


def publish(
    to: Cloud, metric: str, value: float, dimensions: dict[str, str], *, minutes_ago: int = 1
) -> None:
    data: Any = {
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
        "Value": value,
        "Timestamp": NOW - timedelta(minutes=minutes_ago),
    }
    to.cloudwatch.put_metric_data(Namespace="AWS/DMS", MetricData=[data])


def read(found: Cloud) -> Snapshot:
    return read_snapshot(subject(), found, NOW)


def test_17_metrics_go_by_the_instances_name_and_the_end_of_the_tasks_arn() -> None:
    found = cloud(RUNNING)
    publish(found, "CDCLatencySource", 3, RIGHT)
    publish(found, "CDCLatencyTarget", 45, RIGHT)
    assert read(found).latency == Latency(source_s=3, target_s=45)


class HeardMetrics:
    """A CloudWatch that notes for what it is asked, and knows nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[dict[str, str]]]] = []

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        self.asked.append((request["Namespace"], request["MetricName"], request["Dimensions"]))
        return {"Datapoints": []}


def test_both_dimensions_are_asked_for_and_no_other() -> None:
    heard = HeardMetrics()
    read_snapshot(subject(), Cloud(dms=FakeDms(RUNNING, [[]]), cloudwatch=heard), NOW)
    of_dms = sorted(one for one in heard.asked if one[0] == "AWS/DMS")
    assert of_dms == [
        (
            "AWS/DMS",
            metric,
            [
                {"Name": "ReplicationInstanceIdentifier", "Value": "shop-instance"},
                {"Name": "ReplicationTaskIdentifier", "Value": "SHOP"},
            ],
        )
        for metric in METRICS
    ]


WRONG: dict[str, dict[str, str]] = {
    "the task by its name": RIGHT | {"ReplicationTaskIdentifier": "shop-task"},
    "the task by its ARN": RIGHT | {"ReplicationTaskIdentifier": TASK_ARN},
    "the instance by its ARN": RIGHT | {"ReplicationInstanceIdentifier": INSTANCE_ARN},
    "the instance by the end of its ARN": RIGHT | {"ReplicationInstanceIdentifier": "MACHINE"},
    "another instance": RIGHT | {"ReplicationInstanceIdentifier": "theirs"},
    "the instance alone": {"ReplicationInstanceIdentifier": INSTANCE},
}


@pytest.mark.parametrize("dimensions", WRONG.values(), ids=list(WRONG))
def test_what_is_published_of_something_else_is_not_shown(dimensions: dict[str, str]) -> None:
    found = cloud(RUNNING)
    for metric in METRICS:
        publish(found, metric, 99, dimensions)
    assert read(found).latency is None


def test_the_newest_value_counts_and_an_old_one_does_not() -> None:
    found = cloud(RUNNING)
    publish(found, "CDCLatencySource", 50, RIGHT, minutes_ago=7)
    publish(found, "CDCLatencySource", 5, RIGHT, minutes_ago=2)
    publish(found, "CDCLatencyTarget", 50, RIGHT, minutes_ago=30)
    assert read(found).latency == Latency(source_s=5, target_s=None)


def test_what_is_not_behind_is_no_missing_value() -> None:
    found = cloud(RUNNING)
    for metric in METRICS:
        publish(found, metric, 0, RIGHT)
    assert read(found).latency == Latency(source_s=0, target_s=0)


@pytest.mark.parametrize(
    "task", [{"Status": "stopped"}, {"Status": "running", "MigrationType": "full-load"}]
)
def test_only_what_captures_changes_is_behind(task: dict[str, Any]) -> None:
    found = cloud(task)
    publish(found, "CDCLatencySource", 3, RIGHT)
    assert read(found).latency is None
