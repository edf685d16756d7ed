"""Look whether the log that a task should write is there.

Where the role `dms-cloudwatch-logs-role` is missing, or its trust has a condition, DMS runs the
task all the same and writes no log.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.described import Described
from dmslake.monitor.snapshot import TaskLog

# A log comes some moments after the start. Serverless first looks for machines, for up to an hour
# and more, and its log is only there once it ran.
_DUE = timedelta(minutes=5)
_DUE_WITHOUT_MACHINE = timedelta(hours=2)
_WRITES = ("running", "failed")
# AmazonDMSCloudWatchLogsRole allows these names and no others.
# https://docs.aws.amazon.com/dms/latest/userguide/security-iam-awsmanpol.html
_ORCHESTRATOR = "dms-serverless-replication-orchestrator-"


def is_due(task: Described, now: datetime) -> bool:
    """Whether there must be a log by now."""
    started = task.state.started
    if not _logging(task).get("EnableLogging") or task.state.status not in _WRITES:
        return False
    due = _DUE if task.instance_arn is not None else _DUE_WITHOUT_MACHINE
    return started is not None and now - started >= due


def read_task_log(aws: Clients, task: Described, instance: str) -> TaskLog:
    """Return where the log of a task is, and what of that is missing; one call.

    Args:
        aws: clients.
        task: what writes the log.
        instance: the name of the instance that it runs on; empty for Serverless.
    """
    group, stream = _place(task, instance)
    log = TaskLog(group=group, stream=stream)
    found = unless_absent(
        lambda: aws.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream),
        "ResourceNotFoundException",
    )
    if found is None:
        return replace(log, missing="group")
    names = [one.get("logStreamName", "") for one in found["logStreams"]]
    # Of Serverless only the beginning of the name is known; of a task it is the first that fits.
    there = stream in names if task.instance_arn is not None else bool(names)
    return log if there else replace(log, missing="stream")


def _place(task: Described, instance: str) -> tuple[str, str]:
    """Return group and stream as DMS says them in the settings, else what they always are."""
    if task.instance_arn is None:
        group, stream = f"dms-serverless-replication-{task.arn_suffix}", _ORCHESTRATOR
    else:
        group, stream = f"dms-tasks-{instance}", f"dms-task-{task.arn_suffix}"
    said = _logging(task)
    return (
        str(said.get("CloudWatchLogGroup") or group),
        str(said.get("CloudWatchLogStream") or stream),
    )


def _logging(task: Described) -> dict[str, Any]:
    found = json.loads(task.settings or "{}").get("Logging")
    return found if isinstance(found, dict) else {}
