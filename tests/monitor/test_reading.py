"""One observation of a whole pipeline."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.monitor.reading import read_snapshot
from dmslake.monitor.snapshot import LoaderState, Snapshot
from tests.monitor.doubles import Cloud, FakeDms, absent, subject, table

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
    ],
    ids=["never tested", "fine", "one failed", "both failed"],
)
def test_only_failed_connection_tests_are_told(
    connections: dict[str, tuple[str, str]], failed: dict[str, str]
) -> None:
    dms = FakeDms({"Status": "ready"}, [[]], connections=connections)
    assert read_snapshot(subject(), Cloud(dms=dms), NOW).connections == failed


class RefusingDms(FakeDms):
    def describe_connections(self, **_: Any) -> dict[str, Any]:
        raise absent("DescribeConnections", "AccessDeniedFault")


def test_what_may_not_be_read_is_an_error_and_not_nothing() -> None:
    dms = RefusingDms({"Status": "running"}, [[]])
    with pytest.raises(ClientError, match="AccessDeniedFault"):
        read_snapshot(subject(), Cloud(dms=dms), NOW)


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
