"""Events of EventBridge, and Lambda's records of invocations that failed."""

from typing import Any

import pytest

from dmslake.lake.envelopes import DeliveryError, EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.envelopes.on_failure import MAX_NESTED
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import eventbridge, failed, message, notification

KEY = "dms/s/t/a+b c%2Fd.csv"
FOUND = ObjectRef("staging", KEY, None, "00")


def only(event: dict[str, Any]) -> ObjectRef | Outcome:
    (entry,) = open_envelope(event).entries
    return entry


def unread(event: dict[str, Any]) -> Outcome:
    entry = only(event)
    assert isinstance(entry, Outcome)
    assert entry.status is Status.FAILED
    return entry


def test_eventbridge_writes_keys_as_they_are() -> None:
    assert only(eventbridge(KEY)) == FOUND


@pytest.mark.parametrize(
    ("version", "found"), [("v1", "v1"), ("null", None), ("", None), (None, None)]
)
def test_eventbridge_spells_the_version_its_own_way(version: str | None, found: str | None) -> None:
    event = eventbridge(KEY)
    event["detail"]["object"]["version-id"] = version
    entry = only(event)
    assert isinstance(entry, ObjectRef)
    assert entry.version_id == found


@pytest.mark.parametrize("detail", [eventbridge(KEY)["detail"], {}, None])
@pytest.mark.parametrize(
    "kind", ["Object Deleted", "Object Tags Added", "AWS API Call via CloudTrail"]
)
def test_all_but_creations_are_skipped_whatever_they_hold(kind: str, detail: object) -> None:
    entry = only(eventbridge(KEY) | {"detail-type": kind, "detail": detail})
    assert isinstance(entry, Outcome)
    assert (entry.status, entry.reason) == (Status.SKIPPED, "not-a-creation")
    assert entry.source == (FOUND.address if detail else "event e-1")


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        (None, "it lacks a member"),
        ({}, "it lacks a member of an S3 record: 'bucket'"),
        ("text", "it lacks a member"),
        ({"bucket": {"name": "staging"}}, "it lacks a member of an S3 record: 'object'"),
        ({"bucket": {"name": "staging"}, "object": {}}, "it lacks a member of an S3 record: 'key'"),
        ({"bucket": {"name": "staging"}, "object": "k"}, "it lacks a member"),
        ({"bucket": {"name": ""}, "object": {"key": "k"}}, "empty or not text"),
        ({"bucket": {"name": "staging"}, "object": {"key": ["k"]}}, "empty or not text"),
        ({"bucket": {"name": "staging"}, "object": {"key": "k", "version-id": 1}}, "version"),
    ],
)
def test_a_creation_that_names_no_object_fails(detail: object, says: str) -> None:
    entry = unread(eventbridge(KEY) | {"detail": detail})
    assert entry.source == "event e-1"
    assert says in entry.error


@pytest.mark.parametrize("change", [{"source": "aws.ec2"}, {"source": "acme.staging"}])
def test_events_of_others_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError, match=r"or an EventBridge event \(source aws.s3\)"):
        open_envelope(eventbridge(KEY) | change)


@pytest.mark.parametrize("make", [eventbridge, lambda key: failed(notification(key))])
def test_both_come_again_only_after_an_exception(make: Any) -> None:
    envelope = open_envelope(make(KEY))
    copied = Outcome(status=Status.COPIED, source="s3://staging/a", size=7)
    assert envelope.reply([copied])["bytes"] == 7
    with pytest.raises(DeliveryError, match="1 of 1 objects failed: s3://staging/a: SlowDown"):
        envelope.reply([Outcome.failed("s3://staging/a", code="SlowDown", error="Slow Down")])


@pytest.mark.parametrize("levels", range(1, MAX_NESTED + 1))
def test_a_replay_that_failed_is_replayed(levels: int) -> None:
    event = notification(KEY)
    for _ in range(levels):
        event = failed(event)
    assert only(event) == FOUND


def test_records_of_records_of_records_come_to_an_end() -> None:
    event = notification(KEY)
    for _ in range(MAX_NESTED + 1):
        event = failed(event)
    assert "more than 5 records, one in the other" in unread(event).error


def test_what_could_not_be_read_in_a_failed_event_says_where_it_is() -> None:
    event = failed({"Records": [*notification(KEY)["Records"], {"eventSource": "aws:s3"}]})
    good, bad = open_envelope({"Records": [message("m", event)]}).entries
    assert good == FOUND
    assert isinstance(bad, Outcome)
    assert bad.source == "message m, failed request r-1, record 2"


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (None, "its requestPayload is not an S3 notification"),
        ("text", "its requestPayload is not an S3 notification"),
        ([], "its requestPayload is not an S3 notification"),
        ({}, "its requestPayload is not an S3 notification"),
        ({"Records": []}, "its requestPayload is not an S3 notification"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, "its requestPayload is not"),
        (failed(None), "its requestPayload is not"),
        (failed(notification(KEY)) | {"version": "2.0"}, "its version is 2.0, not 1.x"),
    ],
)
def test_a_record_of_something_else_fails(payload: object, says: str) -> None:
    entry = unread(failed(payload))
    assert entry.source == "failed request r-1"
    assert says in entry.error


def test_a_record_of_another_version_is_not_guessed_at() -> None:
    assert (
        "its version is 2.0, not 1.x"
        in unread(failed(notification(KEY)) | {"version": "2.0"}).error
    )


@pytest.mark.parametrize("context", [None, "text", {}])
def test_a_record_need_not_name_its_request(context: object) -> None:
    assert only(failed(notification(KEY)) | {"requestContext": context}) == FOUND


def test_a_record_without_an_answer_is_read() -> None:
    event = failed(notification(KEY))
    del event["responsePayload"]
    assert only(event) == FOUND


@pytest.mark.parametrize("member", ["requestPayload", "requestContext"])
def test_half_a_record_is_refused(member: str) -> None:
    event = failed({"nothing": "known"})
    del event[member]
    with pytest.raises(EnvelopeError, match="or a Lambda on-failure record"):
        open_envelope(event)
