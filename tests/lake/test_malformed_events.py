"""Events that nobody should send: each has its answer, and none takes good objects down."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.envelopes import EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import eventbridge, failed, message, notification, record, tasks

GOOD = record("dms/s/t/f.csv")
MESSAGE = message("m", notification("dms/s/t/f.csv"))


@pytest.mark.parametrize(
    "event",
    [
        None, True, 7, 1.5, "text", [], [notification("k")], {},
        {"Records": None}, {"Records": {}}, {"Records": "text"}, {"Records": []},
        {"Records": [None]}, {"Records": [[]]}, {"Records": [7]}, {"Records": ["text"]},
        {"Records": [{}]}, {"Records": [{"eventSource": None}]}, {"Records": [{"eventSource": 7}]},
        {"Records": [{"eventSource": ["aws:s3"]}]},
        {"Records": [GOOD, MESSAGE]}, {"Records": [MESSAGE, GOOD]}, {"Records": [GOOD, None]},
        {"Records": [GOOD | {"eventSource": "aws:sns"}]},
        {"Records": [GOOD, GOOD | {"eventSource": "minio:s3"}]},
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]},
        {"Records": [MESSAGE | {"messageId": None}]}, {"Records": [MESSAGE | {"messageId": ""}]},
        {"Records": [MESSAGE | {"messageId": 7}]}, {"Records": [MESSAGE | {"messageId": ["m"]}]},
        {"records": [GOOD]}, {"Event": "s3:OtherEvent"}, {"Event": ["s3:TestEvent"]},
        {"source": "aws.s3"}, {"detail-type": "Object Created"},
        {"source": ["aws.s3"], "detail-type": 1},
        {"tasks": []}, {"invocationSchemaVersion": "1.0"},
        {"invocationSchemaVersion": "1.0", "tasks": {}},
        {"requestPayload": notification("k")}, {"requestContext": {}},
        {7: "numbers are no names", None: 1},
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_reason(event: object) -> None:
    with pytest.raises(EnvelopeError, match=r"^expected an S3 notification .*, but got ") as caught:
        open_envelope(event)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "item",
    [
        None, 7, "text", [], {}, {"key": None}, {"key": {}}, {"key": ""}, {"key": "%FF"},
        {"key": "%ED%A0%80"}, {"key": "\udfff"}, {"key": "k", "versionId": 7},
        {"key": "k", "versionId": {}}, {"key": "k", "versionId": ["v"]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrap", ["plain", "queued", "failed"])
def test_a_record_whose_object_is_wrong_fails_and_its_neighbours_do_not(
    item: object, wrap: str
) -> None:
    bad = json.loads(json.dumps(GOOD))
    bad["s3"]["object"] = item
    entries = open_envelope(_wrapped(wrap, {"Records": [GOOD, bad, GOOD]})).entries
    assert [isinstance(one, ObjectRef) for one in entries] == [True, False, True]
    assert isinstance(entries[1], Outcome)
    assert entries[1].status is Status.FAILED
    assert "record 2" in entries[1].source
    assert entries[1].error


def _wrapped(wrap: str, event: dict[str, Any]) -> dict[str, Any]:
    if wrap == "queued":
        return {"Records": [message("m", event)]}
    return failed(event) if wrap == "failed" else event


@pytest.mark.parametrize(
    "s3", [None, 7, "text", [], {}, {"bucket": None}, {"bucket": {"name": {}}}]
)
def test_a_record_that_is_hollow_fails_alone(s3: object) -> None:
    first, second = open_envelope({"Records": [GOOD | {"s3": s3}, GOOD]}).entries
    assert isinstance(first, Outcome)
    assert isinstance(second, ObjectRef)


@pytest.mark.parametrize("version", ["1.0", "3.0", "", None, 2, "20"])
def test_a_record_of_another_major_version_is_not_guessed_at(version: object) -> None:
    (entry,) = open_envelope({"Records": [GOOD | {"eventVersion": version}]}).entries
    assert isinstance(entry, Outcome)
    assert "its event version is" in entry.error


@pytest.mark.parametrize("sequencer", [None, 7, {}])
def test_a_sequencer_that_is_no_text_is_done_without(sequencer: object) -> None:
    made = json.loads(json.dumps(GOOD))
    made["s3"]["object"]["sequencer"] = sequencer
    (entry,) = open_envelope({"Records": [made]}).entries
    assert entry == ObjectRef("staging", "dms/s/t/f.csv")


BODIES: dict[str, str | int | list[object] | None] = {
    "nothing": None,
    "a number": 7,
    "a list": [],
    "no JSON": "{",
    "empty text": "",
    "JSON of nothing": "null",
    "JSON of a list": '[{"Records": []}]',
    "JSON that never ends": "[" * 200_000,
    "objects that never end": '{"Records":' * 200_000,
    "a number without end": "9" * 5_000,
    "no records": '{"Records": []}',
    "of others": '{"Records": [{"eventSource": "aws:kinesis"}]}',
    "a batch in a batch": json.dumps({"Records": [MESSAGE]}),
    "tasks of a job": json.dumps(tasks("k")),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_message_that_cannot_be_read_comes_again_alone(body: object) -> None:
    bad = {"messageId": "bad", "eventSource": "aws:sqs", "body": body}
    envelope = open_envelope({"Records": [MESSAGE, bad, MESSAGE | {"messageId": "n"}]})
    assert [isinstance(one, ObjectRef) for one in envelope.entries] == [True, False, True]
    copied = Outcome(status=Status.COPIED, source="s3://staging/a")
    outcomes = [one if isinstance(one, Outcome) else copied for one in envelope.entries]
    assert envelope.reply(outcomes) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}


def test_a_message_without_a_body_comes_again_alone() -> None:
    (entry,) = open_envelope({"Records": [{"messageId": "m", "eventSource": "aws:sqs"}]}).entries
    assert isinstance(entry, Outcome)
    assert entry.error_code == "UnreadableMessage"


def test_many_thousand_records_are_read_each() -> None:
    keys = [f"dms/s/t/{number}.csv" for number in range(20_000)]
    entries = open_envelope({"Records": [record(key) for key in keys]}).entries
    assert [one.key for one in entries if isinstance(one, ObjectRef)] == keys
    queued = {"Records": [message(f"m{n}", notification(*keys[n::10])) for n in range(10)]}
    assert len(open_envelope(queued).entries) == len(keys)


def test_messages_of_one_name_are_named_once() -> None:
    envelope = open_envelope({"Records": [MESSAGE, MESSAGE]})
    failure = Outcome.failed("s3://staging/a", code="SlowDown", error="Slow Down")
    assert envelope.reply([failure, failure]) == {"batchItemFailures": [{"itemIdentifier": "m"}]}


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4))
_names = st.sampled_from(
    [
        "Records", "eventSource", "s3", "bucket", "name", "object", "key", "body", "messageId",
        "Event", "source", "detail-type", "detail", "requestContext", "requestPayload", "version",
        "tasks", "taskId", "s3Key", "s3Bucket", "s3BucketArn", "invocationSchemaVersion",
        "invocationId",
    ]
)  # fmt: skip
_values = st.sampled_from(
    ["aws:s3", "aws:sqs", "aws.s3", "s3:TestEvent", "Object Created", "1.0", "2.0", "{", "k"]
)
_anything = st.recursive(
    st.one_of(_scalars, _values),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=5)
    ),
    max_leaves=20,
)


@given(
    _anything,
    st.sampled_from([notification("k"), eventbridge("k"), tasks("k"), failed(notification("k"))]),
    st.booleans(),
)
def test_no_event_breaks_the_reading_of_events(
    part: object, whole: dict[str, Any], inside: bool
) -> None:
    event = whole | part if inside and isinstance(part, dict) else part
    try:
        envelope = open_envelope(event)
    except EnvelopeError:
        return
    assert all(isinstance(one, ObjectRef | Outcome) for one in envelope.entries)


@pytest.mark.parametrize(
    "event",
    [
        {"x" * 9999: 1},
        {"Records": [{"eventSource": f"acme:{number}"} for number in range(9999)]},
        {"Records": [GOOD | {"eventVersion": "9" * 9999}]},
        tasks("a") | {"tasks": [{"taskId": "t", "s3Key": "k", "s3VersionId": 10**999}]},
        tasks("a", version="1.0", bucket="b/" * 9999),
        {"Records": [message("m", "\\" * 9999)]},
    ],
)
def test_what_is_told_of_an_event_is_never_as_long_as_the_event(event: object) -> None:
    try:
        (entry,) = open_envelope(event).entries
    except EnvelopeError as error:
        told = str(error)
    else:
        assert isinstance(entry, Outcome)
        told = entry.error
    assert 0 < len(told) <= 1000
