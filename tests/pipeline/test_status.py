"""`status` of a pipeline that runs: its log under the names that DMS takes, rights that lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dmslake.monitor.snapshot import Snapshot, TaskLog
from dmslake.monitor.verdict import Verdict
from dmslake.operations.observe import observe
from dmslake.sandbox.environment import environment
from dmslake.spec import load_spec
from tests.cli.running import run
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, until
from tests.pipeline.rights import without
from tests.pipeline.surroundings import SandboxClients
from tests.sandbox.calls import Calls

_LATER = timedelta(minutes=10)


@pytest.fixture
def watched(pipeline: Make) -> Pipeline:
    found = pipeline("watched")
    found.up()
    found.healthy()
    return found


def seen_later(found: Pipeline, calls: Calls) -> tuple[Snapshot, Verdict]:
    """Look as if it were ten minutes later, when there must be a log."""
    spec = load_spec(found.file, environ=environment(found.sandbox, {}))
    return observe(spec, SandboxClients(calls), now=datetime.now(UTC) + _LATER)


def task_suffix(calls: Calls, name: str) -> str:
    filters: Any = [{"Name": "replication-task-id", "Values": [f"{name}-task"]}]
    (task,) = calls.client("dms").describe_replication_tasks(Filters=filters)["ReplicationTasks"]
    arn: str = task["ReplicationTaskArn"]
    return arn.rpartition(":")[2]


def test_02_status_warns_when_the_log_is_missing(watched: Pipeline, calls: Calls) -> None:
    group, stream = "dms-tasks-watched-instance", f"dms-task-{task_suffix(calls, 'watched')}"
    assert watched.status()["log"] is None, "it was started a moment ago"
    snapshot, verdict = until(
        lambda: seen_later(watched, calls),
        lambda seen: seen[0].log == TaskLog(group=group, stream=stream),
    )
    assert not [finding for finding in verdict.findings if "log" in finding.what]

    calls.logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    snapshot, verdict = seen_later(watched, calls)
    (finding,) = verdict.findings
    missing = "the task's log is missing: there is no"
    assert finding.what == f"{missing} log stream {stream} in log group {group}"
    assert "dms-cloudwatch-logs-role" in finding.fix
    assert verdict.healthy
    assert snapshot.latency is None, "the sandbox publishes no metrics of DMS"

    calls.logs.delete_log_group(logGroupName=group)
    _, verdict = seen_later(watched, calls)
    assert verdict.findings[0].what == f"{missing} log group {group}"


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["status", "status --check"])
def test_without_the_rights_for_logs_and_metrics_the_rest_is_shown(
    shop: Pipeline, calls: Calls, check: tuple[str, ...]
) -> None:
    variables = without(
        shop,
        calls,
        "logs:FilterLogEvents",
        "logs:DescribeLogStreams",
        "cloudwatch:GetMetricStatistics",
    )
    found = run("status", *check, "-f", str(shop.file), **variables)
    assert found.code == 0, found
    assert "✓ pipeline shop: changes are being captured" in found.out
    assert "shop.orders" in found.out
    assert "warning: the metrics of the loader" in found.out
    assert "fix: allow cloudwatch:GetMetricStatistics" in found.out
    assert "warning: the loader's log could not be read" in found.out
    assert "fix: allow logs:FilterLogEvents" in found.out
