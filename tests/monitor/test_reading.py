"""One observation of a whole pipeline."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.errors import AccessError
from dmslake.monitor.reading import read_snapshot
from dmslake.monitor.snapshot import LoaderState, Snapshot
from tests.monitor.doubles import LOGGING, Cloud, FakeDms, Refusing, absent, subject, table

NOW = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)


def test_there_is_no_pipeline() -> None:
    found = read_snapshot(subject(), Cloud(dms=FakeDms()), NOW)
    assert found == Snapshot(
        pipeline="shop", at=NOW, task=None, loader=LoaderState(exists=False), connections={}
    )


def test_every_table_has_its_newest_partition() -> None:
    dms = FakeDms({"Status": "running"}, [[table("public", f"t{n}") for n in range(40)]])
    cloud = Cloud(dms=dms)
    where: Any = {"LocationConstraint": "eu-west-1"}
    cloud.s3.create_bucket(Bucket="acme-lake", CreateBucketConfiguration=where)
    for number in range(0, 40, 2):
        key = f"raw/public/t{number}/year=2026/month=11/day=23/hour={number:02}/x.csv"
        cloud.s3.put_object(Bucket="acme-lake", Key=key, Body=b"1")
    found = read_snapshot(subject(), cloud, NOW)
    newest = {t.table: t.newest_partition for t in found.tables}
    assert len(newest) == 40
    for number in range(40):
        hour = f"year=2026/month=11/day=23/hour={number:02}"
        assert newest[f"t{number}"] == (None if number % 2 else hour)


@pytest.mark.parametrize(
    ("connections", "failed"),
    [
        ({}, {}),
        ({"shop-source": ("successful", ""), "shop-staging": ("testing", "")}, {}),
        (
            {"shop-source": ("failed", "wrong password"), "shop-staging": ("successful", "")},
            {"shop-source": "wrong password"},
        ),
        (
            {"shop-source": ("failed", "a"), "shop-staging": ("failed", "b")},
            {"shop-source": "a", "shop-staging": "b"},
        ),
        ({"shop-source": ("failed", "")}, {"shop-source": "DMS gives no reason"}),
    ],
    ids=["never tested", "fine", "one failed", "both failed", "no reason"],
)
@pytest.mark.parametrize("task", [{"Status": "ready"}, None], ids=["a task", "no task yet"])
def test_only_failed_connection_tests_are_told(
    connections: dict[str, tuple[str, str]], failed: dict[str, str], task: dict[str, Any] | None
) -> None:
    others = {"another-source": ("failed", "not ours")}
    dms = FakeDms(task, [[]], connections=connections | others)
    assert read_snapshot(subject(), Cloud(dms=dms), NOW).connections == failed


def all_but_the_task(dms: FakeDms, **doubles: Any) -> Cloud:
    """A cloud in which the task may be described, and nothing else read."""
    services = ("cloudwatch", "logs", "sqs", "lambda", "s3")
    return Cloud(dms=dms, **{name: Refusing(name) for name in services} | doubles)


def test_what_may_not_be_read_is_said_and_the_rest_is_shown() -> None:
    started = NOW - timedelta(hours=1)
    facts: Any = {
        "ReplicationTaskSettings": LOGGING,
        "ReplicationTaskStats": {"StartDate": started},
    }
    dms = FakeDms({"Status": "running", **facts}, [[table("public", "orders")]])
    found = read_snapshot(subject(), all_but_the_task(dms), NOW)
    assert found.task is not None
    assert [t.table for t in found.tables] == ["orders"]
    assert (found.log, found.latency) == (None, None)
    assert found.loader == LoaderState(
        exists=None, invocations=None, errors=None, dead_letters=None
    )
    assert {(unread.part, unread.vital) for unread in found.unread} == {
        ("the loader function", True),
        ("the dead-letter queue", True),
        ("the metrics of the loader", False),
        ("the metrics of the task", False),
        ("the loader's log", False),
        ("the task's log", False),
        ("the folders of the lake", False),
    }
    fixes = {unread.part: unread.fix for unread in found.unread}
    assert fixes["the task's log"].startswith("allow logs:DescribeLogStreams for ")
    assert fixes["the loader's log"].startswith("allow logs:FilterLogEvents for ")
    assert fixes["the metrics of the task"].startswith("allow cloudwatch:GetMetricStatistics for ")


def test_without_the_right_for_logs_and_metrics_it_is_still_told_whether_it_works() -> None:
    dms = FakeDms({"Status": "running"}, [[]])
    refusing = {name: Refusing(name) for name in ("cloudwatch", "logs")}
    cloud = Cloud(dms=dms, **refusing)
    found = read_snapshot(subject(), cloud, NOW)
    assert found.loader.exists is False, "it was looked for"
    assert {unread.vital for unread in found.unread} == {False}


class RefusingDms(FakeDms):
    """Describes the task, but neither its tables nor its connections."""

    def describe_connections(self, **_: Any) -> dict[str, Any]:
        raise absent("DescribeConnections", "AccessDeniedFault")


def test_parts_of_dms_may_be_denied_too() -> None:
    dms = RefusingDms({"Status": "running"}, refusal="AccessDeniedFault")
    found = read_snapshot(subject(), Cloud(dms=dms), NOW)
    assert {unread.part for unread in found.unread if unread.vital} == {
        "the statistics of the tables",
        "the connection tests",
    }


class UnseenDms(FakeDms):
    def describe_replication_tasks(self, **_: Any) -> dict[str, Any]:
        raise absent("DescribeReplicationTasks", "AccessDeniedFault")


def test_without_the_task_there_is_nothing_to_say() -> None:
    with pytest.raises(ClientError, match="AccessDeniedFault"):
        read_snapshot(subject(), Cloud(dms=UnseenDms()), NOW)


class ExpiredLogs:
    def filter_log_events(self, **_: Any) -> dict[str, Any]:
        raise absent("FilterLogEvents", "ExpiredTokenException")


def test_credentials_that_ran_out_are_no_missing_right() -> None:
    cloud = Cloud(dms=FakeDms({"Status": "running"}, [[]]), logs=ExpiredLogs())
    with pytest.raises(AccessError, match="reading the loader's log"):
        read_snapshot(subject(), cloud, NOW)


class SlowMetrics:
    """A CloudWatch that answers when all four metrics are asked for, or not at all."""

    def __init__(self) -> None:
        self.together = threading.Barrier(4)

    def get_metric_statistics(self, **_: Any) -> dict[str, Any]:
        self.together.wait(timeout=30)
        return {}


def test_metrics_are_read_at_the_same_time() -> None:
    cloud = Cloud(dms=FakeDms({"Status": "running"}, [[]]), cloudwatch=SlowMetrics())
    assert read_snapshot(subject(), cloud, NOW).unread == ()


class HangingMetrics:
    """A CloudWatch that does not answer before it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def get_metric_statistics(self, **_: Any) -> dict[str, Any]:
        self.let_go.wait(timeout=30)
        return {}


class InterruptedDms(FakeDms):
    def describe_table_statistics(self, **_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt


def test_whoever_interrupts_does_not_wait_for_what_hangs() -> None:
    metrics = HangingMetrics()
    cloud = Cloud(dms=InterruptedDms({"Status": "running"}), cloudwatch=metrics)
    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            read_snapshot(subject(), cloud, NOW)
        assert time.monotonic() - began < 20
    finally:
        metrics.let_go.set()
