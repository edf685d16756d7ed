"""A job is watched through its states, and asked for once; requests for it never differ."""

from __future__ import annotations

import threading

from dmslake.backfill.batch.following import Pauses, Sight, follow
from dmslake.backfill.batch.jobs import JobNote
from dmslake.backfill.batch.request import Chosen, Terms, job_request

STATES = ("New", "Preparing", "Ready", "Active", "Paused", "Active", "Completing", "Complete")
TERMS = Terms(
    pipeline="s" * 25,
    run="20261124T034012123456Z",
    bucket="arn:aws:s3:::stg",
    reports=".dmslake/batch/r/reports",
    function="arn:aws:lambda:eu-west-1:123456789012:function:shop-loader:7",
    role="arn:aws:iam::123456789012:role/shop-batch-eu-west-1",
    chosen=Chosen("dms/"),
)
NOTE = JobNote(12, "m.csv", "0123", 5, 5, canary=False)


def test_a_job_is_watched_until_it_is_over() -> None:
    left, seen = list(STATES), []
    found = follow(
        lambda: Sight(job="j", state=left.pop(0)),
        lambda sight: seen.append(sight.state),
        threading.Event(),
        Pauses(first=0.001, longest=0.002),
    )
    assert found.state == "Complete"
    assert tuple(seen) == STATES


def test_a_job_is_left_alone_when_its_watcher_is_stopped() -> None:
    stop = threading.Event()
    stop.set()
    found = follow(lambda: Sight(job="j", state="Active"), lambda _: None, stop, Pauses(first=60.0))
    assert not found.is_over


def test_the_same_job_is_asked_for_with_the_same_token() -> None:
    request = job_request("123456789012", TERMS, NOTE)
    assert request == job_request("123456789012", TERMS, NOTE)
    other = job_request("123456789012", TERMS, NOTE._replace(number=13))
    assert other["ClientRequestToken"] != request["ClientRequestToken"]
    assert len(request["ClientRequestToken"]) <= 64
    assert request["ConfirmationRequired"] is False
    assert request["Operation"]["LambdaInvoke"]["FunctionArn"].endswith(":7")
