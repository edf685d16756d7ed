"""Batches of a queue: what came in each message, and which of them have to come again."""

import io
from typing import Any

import pytest
from hypothesis import given

from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes import EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.handler import Loader
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import message, notification, recorded
from tests.lake.fake_s3 import FakeS3
from tests.lake.strategies import paths

FIRST, TEST, TWO, UNREADABLE = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 5))


def again(reply: dict[str, object]) -> list[str]:
    failures: Any = reply["batchItemFailures"]
    return [failure["itemIdentifier"] for failure in failures]


def test_every_object_of_every_message_is_an_entry() -> None:
    first, second, third, unreadable = open_envelope(recorded("sqs_batch")).entries
    assert isinstance(first, ObjectRef)
    assert first.key == "dms/sales/a b+%/LOAD00000001.csv"
    assert isinstance(second, ObjectRef)
    assert isinstance(third, ObjectRef)
    assert (second.key[-5:], third.key[-5:]) == ("1.csv", "2.csv")
    assert isinstance(unreadable, Outcome)
    assert unreadable.status is Status.FAILED
    assert f"message {UNREADABLE} cannot be read: its body is not JSON" in unreadable.error


@given(paths)
def test_a_key_is_decoded_exactly_once(key: str) -> None:
    (entry,) = open_envelope({"Records": [message("m", notification(key))]}).entries
    assert isinstance(entry, ObjectRef)
    assert entry.key == key


def test_only_messages_with_a_failure_come_again_and_each_once() -> None:
    envelope = open_envelope(recorded("sqs_batch"))
    copied = Outcome(status=Status.COPIED, source="s3://staging/a")
    failed = Outcome.failed("s3://staging/b", code="SlowDown", error="Slow Down")
    assert again(envelope.reply([copied, failed, failed, failed])) == [TWO, UNREADABLE]
    assert again(envelope.reply([copied, copied, failed, copied])) == [TWO]
    assert envelope.reply([copied, copied, copied, copied]) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    "body", [{"Records": [{"eventSource": "aws:kinesis"}]}, [], None, {"Records": []}, {}]
)
def test_a_message_that_is_no_notification_fails_alone(body: object) -> None:
    good = message("good", notification("dms/s/t/f.csv"))
    envelope = open_envelope({"Records": [message("bad", body), good]})
    bad, entry = envelope.entries
    assert isinstance(bad, Outcome)
    assert "its body is not an S3 notification" in bad.error
    assert isinstance(entry, ObjectRef)
    copied = Outcome(status=Status.COPIED, source="s3://staging/a")
    assert again(envelope.reply([bad, copied])) == ["bad"]


def test_a_batch_whose_messages_have_no_id_is_refused_for_it_could_not_be_answered() -> None:
    nameless = message("", notification("dms/s/t/f.csv"))
    with pytest.raises(EnvelopeError, match="1 records from aws:sqs"):
        open_envelope({"Records": [nameless]})


def test_the_loader_answers_a_batch_and_never_raises_for_one_object() -> None:
    config = LoaderConfig(
        pipeline="shop", staging_bucket="staging", lake_bucket="lake", account="123456789012",
        staging_prefix="dms",
    )  # fmt: skip
    s3 = FakeS3()
    s3.put("dms/s/t/good.csv")
    events = [
        message("good", notification("dms/s/t/good.csv")),
        message("ours", notification(".dmslake/shop.lock")),
        message("bad", {"no": "notification"}),
    ]
    stream = io.StringIO()
    reply = Loader(config, s3).load({"Records": events}, request_id="r", stream=stream)
    assert again(reply) == ["bad"]
    assert '"event": "object_copied"' in stream.getvalue()
