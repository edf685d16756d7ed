"""The loader: what it did in the last hour, and what Lambda gave up on."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.config import LogLevel
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.report import Journal
from dmslake.monitor.dead_letters import _dead_letter
from dmslake.monitor.loader import LoaderReading, _failure
from dmslake.monitor.snapshot import DeadLetter, LoaderState
from tests.monitor.doubles import Cloud, looking, subject

NOW = datetime.now(UTC).replace(microsecond=0)
GROUP = subject().function_log_group
QUEUE = subject().dead_letters


def read(cloud: Cloud) -> LoaderState:
    with looking() as look:
        return LoaderReading(look, cloud, subject(), NOW).state()


def test_nothing_at_all() -> None:
    assert read(Cloud()) == LoaderState(exists=False)


def test_the_function_is_there() -> None:
    cloud = Cloud()
    role = cloud.iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    cloud.lambda_.create_function(
        FunctionName=subject().function, Role=role, Runtime="python3.13", Handler="x.y",
        Code={"ZipFile": b"not read"},
    )  # fmt: skip
    assert read(cloud).exists


def test_metrics_of_the_last_hour_and_of_this_function() -> None:
    cloud = Cloud()
    ours = [{"Name": "FunctionName", "Value": subject().function}]
    theirs = [{"Name": "FunctionName", "Value": "another"}]
    hour_ago = NOW - timedelta(minutes=59)
    data: Any = [
        {"MetricName": "Invocations", "Dimensions": ours, "Value": 3.0, "Timestamp": hour_ago},
        {"MetricName": "Invocations", "Dimensions": ours, "Value": 4.0, "Timestamp": NOW},
        {
            "MetricName": "Invocations", "Dimensions": ours, "Value": 100.0,
            "Timestamp": NOW - timedelta(minutes=70),
        },
        {"MetricName": "Invocations", "Dimensions": theirs, "Value": 100.0, "Timestamp": NOW},
        {"MetricName": "Errors", "Dimensions": ours, "Value": 2.0, "Timestamp": NOW},
    ]  # fmt: skip
    cloud.cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data)
    found = read(cloud)
    assert (found.invocations, found.errors) == (7, 2)


def journal_line(outcome: Outcome) -> str:
    """Return the line that the loader itself writes."""
    stream = io.StringIO()
    Journal(stream, level=LogLevel.INFO, pipeline="shop").object_done(outcome, NOW)
    return stream.getvalue()


def failed(error: str, code: str = "AccessDenied") -> str:
    return journal_line(
        Outcome(
            status=Status.FAILED, source="s3://a/b", target="s3://c/d", error_code=code, error=error
        )
    )


def put_log(cloud: Cloud, *messages: str, at: datetime = NOW) -> None:
    cloud.logs.create_log_group(logGroupName=GROUP)
    cloud.logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    stamp = int(at.timestamp() * 1000)
    events: Any = [{"timestamp": stamp, "message": message} for message in messages]
    cloud.logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def test_failures_are_what_the_loader_wrote_each_once() -> None:
    cloud = Cloud()
    copied = journal_line(Outcome(status=Status.COPIED, source="s3://a/b", target="s3://c/d"))
    put_log(
        cloud,
        copied,
        failed("no"),
        failed("no"),
        "REPORT object_failed Duration: 3 ms",
        failed("gone"),
    )
    assert read(cloud).recent_failures == ("AccessDenied: no", "AccessDenied: gone")


def test_failures_of_yesterday_are_over() -> None:
    cloud = Cloud()
    put_log(cloud, failed("no"), at=NOW - timedelta(hours=3))
    assert read(cloud).recent_failures == ()


FUNCTION = [{"Name": "FunctionName", "Value": subject().function}]


def put_minutes(cloud: Cloud, metric: str, *minutes_ago: int) -> None:
    data: Any = [
        {"MetricName": metric, "Dimensions": FUNCTION, "Value": 1.0, "Timestamp": minute(ago)}
        for ago in minutes_ago
    ]
    cloud.cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data)


def minute(ago: int) -> datetime:
    return NOW.replace(second=0) - timedelta(minutes=ago)


def test_when_it_last_failed_and_when_it_last_worked() -> None:
    cloud = Cloud()
    put_minutes(cloud, "Invocations", 40, 30, 30, 20, 10)
    put_minutes(cloud, "Errors", 30, 20)
    found = read(cloud)
    assert (found.last_failure, found.last_success) == (minute(20), minute(10))


def test_a_minute_in_which_everything_failed_is_no_success() -> None:
    cloud = Cloud()
    put_minutes(cloud, "Invocations", 30, 20, 20, 10)
    put_minutes(cloud, "Errors", 20, 10)
    found = read(cloud)
    assert (found.last_failure, found.last_success) == (minute(10), minute(20))


def test_a_failure_that_only_the_log_knows_has_its_time() -> None:
    """A batch of which a part failed is no error to the metric."""
    cloud = Cloud()
    put_minutes(cloud, "Invocations", 10)
    put_log(cloud, failed("no"), at=minute(10) + timedelta(seconds=7))
    found = read(cloud)
    assert (found.last_failure, found.last_success) == (
        minute(10) + timedelta(seconds=7),
        minute(10),
    )


def test_nothing_happened() -> None:
    found = read(Cloud())
    assert (found.last_failure, found.last_success) == (None, None)


class PagedLogs:
    """A log whose search ends before anything is found, as that of a busy group does."""

    def __init__(self, pages: list[list[str]]) -> None:
        self.pages = pages
        self.asked = 0

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        number = int(request.get("nextToken", 0))
        self.asked += 1
        stamp = int(NOW.timestamp() * 1000)
        events = [{"timestamp": stamp, "message": text} for text in self.pages[number]]
        page: dict[str, Any] = {"events": events}
        last = number + 1 == len(self.pages)
        return page if last else page | {"nextToken": str(number + 1)}


def test_an_empty_page_of_the_log_is_not_its_end() -> None:
    logs = PagedLogs([[], [], [failed("no")]])
    assert read(Cloud(logs=logs)).recent_failures == ("AccessDenied: no",)


def test_an_endless_log_is_not_read_to_its_end() -> None:
    logs = PagedLogs([[failed("no")]] * 1000)
    assert read(Cloud(logs=logs)).recent_failures == ("AccessDenied: no",)
    assert logs.asked == 10


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('{"event": "object_failed", "error_code": "A", "error": "b"}', "A: b"),
        ('{"event": "object_failed", "error": "b"}', "b"),
        ('{"event": "object_failed", "error_code": "A"}', "A"),
        ('{"event": "object_failed"}', ""),
        ('{"event": "object_copied", "error": "object_failed"}', ""),
        ("object_failed", ""),
        ('{"event": "object_failed"', ""),
        ('  {"event": "object_failed", "error": "b"}\n', "b"),
        ("[1]", ""),
        ("", ""),
    ],
)
def test_a_line_of_the_log(message: str, text: str) -> None:
    assert _failure(message) == text


def letter(*keys: str, **members: Any) -> dict[str, Any]:
    """Return Lambda's on-failure record.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    records = [
        {"eventName": "ObjectCreated:Put",
         "s3": {"bucket": {"name": "acme-staging"}, "object": {"key": quote_plus(key, safe="/")}}}
        for key in keys
    ]  # fmt: skip
    return {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": {"Records": records},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "AccessDenied: no", "errorType": "LoadError"},
        **members,
    }


def test_dead_letters_are_counted_and_shown_and_stay_where_they_are() -> None:
    cloud = Cloud()
    url = cloud.sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    for number in range(3):
        body = json.dumps(letter(f"dms/public/a b+c%/LOAD0000000{number}.csv"))
        cloud.sqs.send_message(QueueUrl=url, MessageBody=body)
    first, second = read(cloud), read(cloud)
    assert first.dead_letters == second.dead_letters == 3
    assert (
        DeadLetter(
            objects=("s3://acme-staging/dms/public/a b+c%/LOAD00000000.csv",),
            error="AccessDenied: no",
        )
        in first.examples
    )


def test_an_empty_queue_is_not_asked_for_messages() -> None:
    cloud = Cloud()
    cloud.sqs.create_queue(QueueName=QUEUE)
    found = read(cloud)
    assert (found.dead_letters, found.examples) == (0, ())


A, B = "s3://acme-staging/a b+c.csv", "s3://acme-staging/b.csv"
LETTERS: dict[str, tuple[Any, tuple[str, ...], str]] = {
    "two objects": (letter("a b+c.csv", "b.csv"), (A, B), "AccessDenied: no"),
    "too old": (
        letter("b.csv", responsePayload=None, requestContext={"condition": "EventAgeExceeded"}),
        (B,),
        "EventAgeExceeded",
    ),
    "timed out": (letter("b.csv", responsePayload="Task timed out"), (B,), "RetriesExhausted"),
    "no records": ({"requestPayload": {"Records": None}}, (), ""),
    "text": ({"requestPayload": "text", "requestContext": "text"}, (), ""),
    "odd records": ({"requestPayload": {"Records": [{"s3": "x"}, 7]}}, ("s3:///", "s3:///"), ""),
    "a list": ([1, 2], (), ""),
}


@pytest.mark.parametrize(("record", "objects", "error"), LETTERS.values(), ids=list(LETTERS))
def test_a_dead_letter(record: Any, objects: tuple[str, ...], error: str) -> None:
    assert _dead_letter(json.dumps(record)) == DeadLetter(objects=objects, error=error)


words = st.sampled_from(
    [
        "requestPayload",
        "responsePayload",
        "requestContext",
        "Records",
        "s3",
        "object",
        "bucket",
        "key",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def test_what_a_queue_gave_up_on_is_s3s_own_event() -> None:
    body = json.dumps({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a+b"}}}]})
    letter = _dead_letter(body)
    assert letter.objects == ("s3://b/a b",)
    assert letter.error == "the function failed every time; its log says why"


@given(anything)
def test_whatever_is_in_the_queue_can_be_looked_at(body: Any) -> None:
    assert isinstance(_dead_letter(json.dumps(body)), DeadLetter)


@given(st.text())
def test_whatever_text_is_in_the_queue_can_be_looked_at(body: str) -> None:
    assert isinstance(_dead_letter(body), DeadLetter)
