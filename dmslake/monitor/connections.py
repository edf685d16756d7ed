"""Read which connection tests failed, and why."""

from __future__ import annotations

from dmslake.aws.clients import Clients
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.dms_search import search
from dmslake.monitor.described import Described
from dmslake.monitor.subject import Subject

_FAILED = "failed"
_NO_REASON = "DMS gives no reason"


def failed_connections(aws: Clients, subject: Subject, task: Described | None) -> dict[str, str]:
    """Return the endpoints whose test failed, with the reason.

    Serverless makes its own tests, and says so itself when one fails.
    """
    if subject.serverless is not None:
        return {}
    return _of_subject(aws, subject) if task is None else _of_task(aws, task)


def _of_task(aws: Clients, task: Described) -> dict[str, str]:
    """One call: of the instance that the task runs on, the tests of the task's endpoints."""
    found = search(
        aws.dms.describe_connections,
        "Connections",
        Filters=[{"Name": "replication-instance-arn", "Values": [task.instance_arn]}],
    )
    return {
        str(one.get("EndpointIdentifier", "")): one.get("LastFailureMessage") or _NO_REASON
        for one in found
        if one.get("EndpointArn") in task.endpoints and one.get("Status") == _FAILED
    }


def _of_subject(aws: Clients, subject: Subject) -> dict[str, str]:
    """Without a task, which is not made before its endpoints are reached: by their names."""
    failed: dict[str, str] = {}
    endpoints = {"source": subject.source_endpoint, "target": subject.target_endpoint}
    for direction, name in endpoints.items():
        test = ConnectionTest(
            name=name, endpoint=name, instance=subject.instance, direction=direction
        )
        live = test.read(aws)
        if live is not None and live.state == _FAILED:
            failed[name] = live.reason or _NO_REASON
    return failed
