"""Read how far a task's changes are behind, as DMS publishes it in CloudWatch."""

from __future__ import annotations

from datetime import datetime, timedelta

from dmslake.aws.clients import Clients
from dmslake.monitor.described import Described
from dmslake.monitor.metrics import Metric, read_minutes

# Of the newest minutes, some may not be there yet.
_WINDOW = timedelta(minutes=10)


def has_latency(task: Described) -> bool:
    """Whether DMS publishes latencies of it: of tasks that capture changes, while they run."""
    return task.instance_arn is not None and task.state.captures and task.state.status == "running"


def read_latency(
    aws: Clients, metric: str, task: Described, instance: str, now: datetime
) -> float | None:
    """Return the newest value of ``CDCLatencySource`` or ``CDCLatencyTarget``, in seconds.

    None where DMS publishes none. The dimensions are the instance's *name* and the last segment of
    the task's *ARN*: by the task's name, which seems as good, nothing is found.
    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html
    """
    wanted = Metric(
        namespace="AWS/DMS",
        name=metric,
        dimensions={
            "ReplicationInstanceIdentifier": instance,
            "ReplicationTaskIdentifier": task.arn_suffix,
        },
        statistic="Average",
    )
    minutes = read_minutes(aws, wanted, now, _WINDOW)
    return minutes[max(minutes)] if minutes else None
