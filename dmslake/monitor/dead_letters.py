"""Read what was given up on: the events in the dead-letter queue, and the errors with them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.json_text import json_object
from dmslake.monitor.snapshot import DeadLetter

_EXAMPLES = 10
_GIVEN_UP = "the function failed every time; its log says why"
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def read_dead_letters(aws: Clients, queue: str) -> tuple[int, tuple[DeadLetter, ...]]:
    """Return how many there are, and some of them; none are taken. No queue holds none."""
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
    record = json_object(body)
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
