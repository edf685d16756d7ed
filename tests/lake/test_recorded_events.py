"""Every recorded event is opened as what it is, and answered in its source's own way."""

import base64
import hashlib
import io
import json
from typing import Any

import pytest

from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes import DeliveryError, EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.envelopes.base import Envelope
from dmslake.lake.handler import Loader
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import recorded
from tests.lake.fake_s3 import ACCOUNT, FakeS3
from tests.lake.recorded import BUCKET, FILES, RECORDED, Answer, Recorded

OPENED = {name: one for name, one in RECORDED.items() if one.envelope}


def settled(envelope: Envelope) -> list[Outcome]:
    """Copy every object."""
    return [
        Outcome(status=Status.COPIED, source=one.address, size=1)
        if isinstance(one, ObjectRef)
        else one
        for one in envelope.entries
    ]


def test_the_table_names_every_file_and_no_other() -> None:
    assert set(RECORDED) == FILES


@pytest.mark.parametrize("name", OPENED)
def test_an_event_is_opened_as_what_it_is(name: str) -> None:
    envelope = open_envelope(recorded(name))
    assert type(envelope).__name__ == OPENED[name].envelope
    refs = [one for one in envelope.entries if isinstance(one, ObjectRef)]
    assert tuple(ref.key for ref in refs) == OPENED[name].keys
    assert {ref.bucket for ref in refs} <= {BUCKET}
    versions = {ref.version_id for ref in refs}
    assert versions <= {None, "v1.Example_Version"}
    assert ("v1.Example_Version" in versions) == (
        "v1.Example_Version" in json.dumps(recorded(name))
    )


@pytest.mark.parametrize("name", OPENED)
def test_an_event_is_answered_in_its_sources_way(name: str) -> None:
    envelope, expected = open_envelope(recorded(name)), OPENED[name]
    if expected.answer is Answer.DELIVERY_ERROR:
        with pytest.raises(DeliveryError) as caught:
            envelope.reply(settled(envelope))
        assert tuple(one.source for one in caught.value.failed) == expected.failed
    else:
        answer = envelope.reply(settled(envelope))
        assert expected.accepts(answer)
        assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize("name", OPENED)
def test_another_answer_would_not_be_accepted(name: str) -> None:
    envelope, expected = open_envelope(recorded(name)), OPENED[name]
    if not expected.keys:
        return
    outcomes = [Outcome.failed(one.source, code="x", error="x") for one in settled(envelope)]
    try:
        answer = envelope.reply(outcomes)
    except DeliveryError:
        return
    assert not expected.accepts(answer)
    assert not Recorded(envelope="", answer=Answer.ENVELOPE_ERROR).accepts(answer)


@pytest.mark.parametrize("name", [name for name, one in RECORDED.items() if not one.envelope])
def test_an_event_of_no_known_shape_is_refused(name: str) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(recorded(name))


def test_the_messages_are_whole() -> None:
    messages = [one for name in FILES for one in _messages(recorded(name))]
    assert len(messages) > 5
    for one in messages:
        assert (
            hashlib.md5(one["body"].encode(), usedforsecurity=False).hexdigest() == one["md5OfBody"]
        )


def _messages(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in event.get("Records", []) if one["eventSource"] == "aws:sqs"]


@pytest.mark.parametrize("name", [name for name in OPENED if name.startswith("s3_batch")])
def test_a_task_with_what_its_author_saw_needs_no_look(name: str) -> None:
    (entry, *_) = open_envelope(recorded(name)).entries
    assert isinstance(entry, ObjectRef)
    if name in {"s3_batch_2_0_with_last_modified", "s3_batch_2_0_several_tasks"}:
        assert entry.seen is not None
        assert entry.seen.last_modified.isoformat() == "2026-11-23T14:47:02+00:00"
        assert entry.seen[:2] == ('"d41d8cd98f00b204e9800998ecf8427e"', 1024)
    else:
        assert entry.seen is None
    assert base64.b64decode(recorded(name)["invocationId"])


CONFIG = LoaderConfig(
    pipeline="shop",
    staging_bucket=BUCKET,
    staging_prefix="dms",
    lake_bucket="lake",
    account=ACCOUNT,
)


def stocked(name: str) -> FakeS3:
    s3 = FakeS3()
    for key in RECORDED[name].keys:
        for version in (None, "v1.Example_Version"):
            s3.put(key, key.encode(), bucket=BUCKET, version_id=version)
    return s3


@pytest.mark.parametrize("name", OPENED)
def test_the_function_moves_what_an_event_names_and_answers_it(name: str) -> None:
    s3, expected = stocked(name), OPENED[name]
    loader, stream = Loader(CONFIG, s3), io.StringIO()
    if expected.answer is Answer.DELIVERY_ERROR:
        with pytest.raises(DeliveryError, match=expected.failed[0]):
            loader.load(recorded(name), request_id="r-1", stream=stream)
    else:
        assert expected.accepts(loader.load(recorded(name), request_id="r-1", stream=stream))
    assert sorted(s3.lake().values()) == sorted(key.encode() for key in expected.keys)


@pytest.mark.parametrize("name", [name for name, one in OPENED.items() if one.keys])
def test_an_event_whose_objects_are_all_refused_loses_none(name: str) -> None:
    s3, expected = FakeS3(owner="210987654321"), OPENED[name]
    stream = io.StringIO()
    try:
        answer = Loader(CONFIG, s3).load(recorded(name), request_id="r-1", stream=stream)
    except DeliveryError as error:
        answer = {"failed": len(error.failed)}
    assert not expected.accepts(answer)
    assert stream.getvalue().count('"event": "object_failed"') == len(expected.keys) + len(
        expected.failed
    )
