"""Read a metric of CloudWatch, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dmslake.aws.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.literals import StatisticType

_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric and the statistic of it that counts.

    CloudWatch finds a metric by all of its dimensions, and nothing where one is wrong.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: StatisticType


def read_minutes(
    aws: Clients, metric: Metric, now: datetime, window: timedelta
) -> dict[datetime, float]:
    """Return the metric's values in the time before `now`, by the minute that each is of."""
    answer = aws.cloudwatch.get_metric_statistics(
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
        StartTime=now - window,
        EndTime=now + timedelta(minutes=1),
        Period=_MINUTE,
        Statistics=[metric.statistic],
    )
    points = answer.get("Datapoints", [])
    return {p["Timestamp"].astimezone(UTC): p.get(metric.statistic, 0.0) for p in points}
