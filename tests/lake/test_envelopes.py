import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.envelopes import EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.envelopes.base import DeliveryError
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import notification, record, recorded
from tests.lake.strategies import paths


def only(event: dict[str, Any]) -> ObjectRef | Outcome:
    (entry,) = open_envelope(event).entries
    return entry


def test_a_recorded_notification_gives_the_true_key() -> None:
    assert only(recorded("s3_put_odd_key")) == ObjectRef(
        bucket="acme-shop-staging",
        key="dms/sales/a b+% c=é📦/LOAD00000001.csv",
        version_id=None,
        sequencer="00674F1A2B3C4D5E65",
    )


def test_each_record_is_an_entry_and_only_creations_are_moved() -> None:
    loaded, changed, removed = open_envelope(recorded("s3_several_records")).entries
    assert isinstance(loaded, ObjectRef)
    assert isinstance(changed, ObjectRef)
    assert isinstance(removed, Outcome)
    assert loaded.version_id == "v1.Example_Version"
    assert changed.version_id is None
    assert changed.address == (
        "s3://acme-shop-staging/dms/public/customers/20261123-144703511.csv.gz"
    )
    assert (removed.status, removed.reason) == (Status.SKIPPED, "not-a-creation")


def test_a_test_event_carries_nothing_and_is_answered() -> None:
    envelope = open_envelope(recorded("s3_test_event"))
    assert envelope.entries == ()
    assert envelope.reply([])["copied"] == 0


@given(paths, st.sampled_from(["s3:", ""]))
def test_a_key_is_decoded_exactly_once(key: str, prefix: str) -> None:
    made = record(key) | {"eventName": f"{prefix}ObjectCreated:Copy"}
    entry = only({"Records": [made]})
    assert isinstance(entry, ObjectRef)
    assert entry.key == key


def test_records_without_a_version_of_the_format_are_read() -> None:
    made = record("dms/s/t/f.csv")
    del made["eventVersion"]
    assert only({"Records": [made]}) == ObjectRef("staging", "dms/s/t/f.csv", None, "00")


def with_object(**item: object) -> dict[str, Any]:
    made = record("k")
    made["s3"]["object"] = item
    return made


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"eventSource": "aws:s3"}, "lacks a member of an S3 record: 's3'"),
        ({"eventSource": "aws:s3", "s3": None}, "lacks a member"),
        (with_object(size=1), "lacks a member of an S3 record: 'key'"),
        (with_object(key=7), "empty or not text"),
        (with_object(key=""), "empty or not text"),
        (with_object(key="%FF%FE"), "can't decode"),
        (with_object(key="\ud800"), "can't encode"),
        (record("k", bucket=""), "empty or not text"),
        (record("k") | {"eventVersion": "3.0"}, "its event version is 3.0, not 2.x"),
    ],
)
def test_a_record_that_cannot_be_read_fails_alone(made: dict[str, Any], says: str) -> None:
    good, bad = open_envelope({"Records": [record("dms/s/t/f.csv"), made]}).entries
    assert isinstance(good, ObjectRef)
    assert isinstance(bad, Outcome)
    assert (bad.status, bad.source, bad.error_code) == (
        Status.FAILED,
        "record 2",
        "UnreadableRecord",
    )
    assert says in bad.error


@pytest.mark.parametrize(
    ("event", "saw"),
    [
        (recorded("unknown_shape"), "1 records from aws:kinesis"),
        ({"Records": [record("k"), {"EventSource": "aws:sns"}]}, "from aws:s3, aws:sns"),
        ({"Records": ["text", {}]}, "2 records from an unnamed source"),
        ({"Records": []}, "0 records from nowhere"),
        ({"Records": None, "b": 1}, "the members 'Records', 'b'"),
        ({}, "the members none"),
        ([], "a JSON list"),
        (None, "a JSON NoneType"),
    ],
)
def test_an_unknown_event_is_refused_by_what_it_is(event: object, saw: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        open_envelope(event)
    assert saw in str(caught.value)
    assert "an S3 notification (Records from aws:s3) or an s3:TestEvent" in str(caught.value)


def failure(number: int) -> Outcome:
    return Outcome.failed(f"s3://staging/{number}", code="AccessDenied", error="Access Denied")


def test_a_notification_is_answered_with_the_summary() -> None:
    copied = Outcome(status=Status.COPIED, source="s3://staging/a", size=7)
    vanished = Outcome.vanished("s3://staging/b")
    assert open_envelope(notification("a", "b")).reply([copied, vanished]) == {
        "copied": 1,
        "skipped": 0,
        "vanished": 1,
        "failed": 0,
        "bytes": 7,
        "reasons": {},
    }


def test_a_failure_makes_the_notification_come_again_and_names_each_object() -> None:
    outcomes = [failure(1), Outcome.vanished("s3://staging/2"), failure(3)]
    with pytest.raises(DeliveryError) as caught:
        open_envelope(notification("1", "2", "3")).reply(outcomes)
    assert str(caught.value) == (
        "2 of 3 objects failed: s3://staging/1: AccessDenied: Access Denied; "
        "s3://staging/3: AccessDenied: Access Denied"
    )
    assert [one.source for one in caught.value.failed] == ["s3://staging/1", "s3://staging/3"]


def test_many_failures_are_counted_beyond_the_first() -> None:
    outcomes = [failure(number) for number in range(12)]
    with pytest.raises(DeliveryError, match=r"^12 of 12 .*/9: .*; and 2 more$"):
        open_envelope(notification("a")).reply(outcomes)


COMMON_EVENTS = """
import sys
from dmslake.lake.envelopes import open_envelope

record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
record["s3"] = {"bucket": {"name": "staging"}, "object": {"key": "k"}}
assert open_envelope({"Records": [record]}).entries[0].key == "k"
print(*sorted(name for name in sys.modules if name.startswith("dmslake.lake.envelopes.")))
"""


def test_a_cold_start_reads_the_envelopes_of_the_triggers_only() -> None:
    command = [sys.executable, "-c", COMMON_EVENTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    read = [name.rpartition(".")[2] for name in done.stdout.split()]
    assert read == ["base", "s3", "sqs"]
