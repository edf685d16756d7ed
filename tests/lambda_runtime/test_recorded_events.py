"""The archive as it is deployed, run by AWS's own runtime client, on every recorded event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dmslake.lake.envelopes import ObjectRef, open_envelope
from tests.lake.events import recorded
from tests.lake.recorded import RECORDED, Answer, Recorded
from tests.lambda_runtime.conftest import LAKE, Store
from tests.lambda_runtime.function import Function

ERRORS = {Answer.DELIVERY_ERROR: "DeliveryError", Answer.ENVELOPE_ERROR: "EnvelopeError"}
ANY_VERSION = "v1.Example_Version"


def event_of(name: str, store: Store) -> Any:
    """Read an event, and let it name a version that there is."""
    event = recorded(name)
    text = json.dumps(event)
    if ANY_VERSION not in text:
        return event
    entries = open_envelope(event).entries
    (key,) = {one.key for one in entries if isinstance(one, ObjectRef) and one.version_id}
    return json.loads(text.replace(ANY_VERSION, store.versions[key]))


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_event_is_handled(name: str, store: Store, function: Function) -> None:
    store.empty(LAKE)
    expected: Recorded = RECORDED[name]
    answer = function.invoke(event_of(name, store))
    assert answer.error_type == ERRORS.get(expected.answer, ""), answer
    if not answer.error_type:
        assert expected.accepts(answer.body), answer
    assert store.lake() == store.expected(*expected.keys)


def test_an_error_names_what_failed_and_comes_from_the_archive(function: Function) -> None:
    answer = function.invoke(recorded("s3_unreadable_record"))
    assert "record 2" in answer.body["errorMessage"]
    assert str(function.code / "dmslake/lake/handler.py") in answer.body["stackTrace"][0]


def test_the_log_says_what_became_of_each_object_of_a_request(function: Function) -> None:
    answer = function.invoke(recorded("s3_several_records"))
    lines = [line for line in function.lines() if line.get("request_id") == answer.about]
    assert sorted(line["event"] for line in lines if line["event"].startswith("object_")) == [
        "object_copied", "object_skipped", "object_vanished",
    ]  # fmt: skip


def test_what_no_time_is_left_for_is_told_to_the_queue(store: Store, function: Function) -> None:
    store.empty(LAKE)
    event = event_of("sqs_redrive_of_notifications", store)
    answer = function.invoke(event, seconds=0.0)
    assert len(answer.body["batchItemFailures"]) == 2
    assert store.lake() == {}
    again = function.invoke(event)
    assert again.body == {"batchItemFailures": []}
    assert store.lake() == store.expected(*RECORDED["sqs_redrive_of_notifications"].keys)
