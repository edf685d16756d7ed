"""Read what the loader did lately: invocations, failures, and what Lambda gave up on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.snapshot import DeadLetter, LoaderState
from dmslake.monitor.subject import Subject

_WINDOW = timedelta(hours=1)
_EXAMPLES = 10
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def read_loader(aws: Clients, subject: Subject, now: datetime) -> LoaderState:
    """Return the state of the function; counts are those of the last hour."""
    found = unless_absent(
        lambda: aws.lambda_.get_function_configuration(FunctionName=subject.function),
        "ResourceNotFoundException",
    )
    count, examples = _dead_letters(aws, subject.dead_letters)
    return LoaderState(
        exists=found is not None,
        invocations=_metric(aws, subject.function, "Invocations", now),
        errors=_metric(aws, subject.function, "Errors", now),
        recent_failures=tuple(_failures(aws, subject.function_log_group, now)),
        dead_letters=count,
        examples=examples,
    )


def _metric(aws: Clients, function: str, metric: str, now: datetime) -> int:
    answer = aws.cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - _WINDOW,
        EndTime=now + timedelta(minutes=1),
        Period=int(_WINDOW.total_seconds()),
        Statistics=["Sum"],
    )
    return int(sum(point.get("Sum", 0) for point in answer.get("Datapoints", [])))


def _failures(aws: Clients, log_group: str, now: datetime) -> Iterator[str]:
    """Return each different failure once: what the loader itself wrote about it."""
    start = int((now - _WINDOW).timestamp() * 1000)
    answer = unless_absent(
        lambda: aws.logs.filter_log_events(
            logGroupName=log_group, startTime=start, filterPattern='"object_failed"', limit=100
        ),
        "ResourceNotFoundException",
    )
    seen: set[str] = set()
    for event in answer["events"] if answer else []:
        text = _failure(event.get("message", ""))
        if text and text not in seen:
            seen.add(text)
            yield text


def _failure(message: str) -> str:
    line = _json(message)
    return f"{line.get('error_code', '')}: {line.get('error', '')}" if line else ""


def _dead_letters(aws: Clients, queue: str) -> tuple[int, tuple[DeadLetter, ...]]:
    found = unless_absent(lambda: aws.sqs.get_queue_url(QueueName=queue), *_NO_QUEUE)
    if found is None:
        return 0, ()
    url = found["QueueUrl"]
    attributes = aws.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    count = sum(int(value) for value in attributes.get("Attributes", {}).values())
    if not count:
        return 0, ()
    # Looking does not take: with no visibility timeout a message stays where it is.
    answer = aws.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=_EXAMPLES, VisibilityTimeout=0
    )
    return count, tuple(_dead_letter(m.get("Body", "")) for m in answer.get("Messages", []))


def _dead_letter(body: str) -> DeadLetter:
    """Read Lambda's on-failure record.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    record = _json(body)
    payload = record.get("requestPayload") or {}
    records = payload.get("Records", []) if isinstance(payload, dict) else []
    answer = record.get("responsePayload") or {}
    error = answer.get("errorMessage", "") if isinstance(answer, dict) else ""
    condition = record.get("requestContext", {}).get("condition", "")
    return DeadLetter(
        objects=tuple(_object(item) for item in records), error=str(error or condition)
    )


def _object(record: Any) -> str:
    s3 = record.get("s3", {}) if isinstance(record, dict) else {}
    key = unquote_plus(str(s3.get("object", {}).get("key", "")))
    return f"s3://{s3.get('bucket', {}).get('name', '')}/{key}"


def _json(text: str) -> dict[str, Any]:
    """Return the JSON object of a line; nothing for a line that is none (Lambda writes those)."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
