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
_LOG_PAGES = 10
_FAILED = "object_failed"  # the loader's own word for it, see lake/report.py
_GIVEN_UP = "the function failed every time; its log says why"
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
    seen: set[str] = set()
    for message in _failure_lines(aws, log_group, now):
        text = _failure(message)
        if text and text not in seen:
            seen.add(text)
            yield text


def _failure_lines(aws: Clients, log_group: str, now: datetime) -> Iterator[str]:
    """A page of the log may be empty although there is more: the search of one has a limit."""
    start = int((now - _WINDOW).timestamp() * 1000)
    token: Any = {}
    for _ in range(_LOG_PAGES):
        page = unless_absent(
            lambda: aws.logs.filter_log_events(
                logGroupName=log_group,
                startTime=start,
                filterPattern=f'"{_FAILED}"',
                limit=100,
                **token,  # noqa: B023 - called at once
            ),
            "ResourceNotFoundException",
        )
        if page is None:
            return
        yield from (event.get("message", "") for event in page["events"])
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def _failure(message: str) -> str:
    line = _json(message)
    parts = (line.get("error_code"), line.get("error")) if line.get("event") == _FAILED else ()
    return ": ".join(str(part) for part in parts if part)


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
    """Read Lambda's on-failure record, or S3's own event where a queue stands before the function.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    record = _json(body)
    if "Records" in record:
        return DeadLetter(objects=_objects(record["Records"]), error=_GIVEN_UP)
    records = _member(record, "requestPayload").get("Records")
    error = _member(record, "responsePayload").get("errorMessage")
    condition = _member(record, "requestContext").get("condition")
    return DeadLetter(
        objects=_objects(records),
        error=str(error or condition or ""),
    )


def _objects(records: object) -> tuple[str, ...]:
    return tuple(_object(item) for item in records) if isinstance(records, list) else ()


def _object(record: object) -> str:
    s3 = _member(record, "s3")
    key = unquote_plus(str(_member(s3, "object").get("key", "")))
    return f"s3://{_member(s3, 'bucket').get('name', '')}/{key}"


def _member(value: object, name: str) -> dict[str, Any]:
    """Return an object's member that is an object; anybody may put anything into a queue."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _json(text: str) -> dict[str, Any]:
    """Return the JSON object of a line; nothing for a line that is none (Lambda writes those)."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
