"""Bad input as each trigger sees it: skipped, delivered again, or told; never lost, never stuck."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from dmslake.lake.config import LoaderConfig
from dmslake.lake.envelopes.base import DeliveryError
from dmslake.lake.handler import Loader
from tests.lake.events import message, record
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeClientError, FakeS3

CONFIG = LoaderConfig(
    pipeline="shop",
    staging_bucket="staging",
    staging_prefix="dms",
    lake_bucket="lake",
    lake_prefix="raw",
    account=ACCOUNT,
)
GOOD, BAD = "dms/public/orders/LOAD00000001.csv", "dms/public/items/LOAD00000001.csv"
Lines = list[dict[str, Any]]


def load(s3: FakeS3, event: object) -> tuple[dict[str, Any] | DeliveryError, Lines]:
    stream = io.StringIO()
    loader = Loader(CONFIG, s3, now=lambda: ARRIVED, sleep=lambda _: None)
    answer: dict[str, Any] | DeliveryError
    try:
        answer = loader.load(event, request_id="r-1", stream=stream)
    except DeliveryError as error:
        answer = error
    return answer, [json.loads(line) for line in stream.getvalue().splitlines()]


def line_of(lines: Lines, key: str) -> dict[str, Any]:
    (line,) = [one for one in lines if one.get("source", "").endswith(f"/{key}")]
    return line


@pytest.fixture
def s3() -> FakeS3:
    made = FakeS3()
    made.put(GOOD)
    return made


SKIPPED = {
    "another bucket": (record(BAD, bucket="elsewhere"), "other-bucket"),
    "outside the prefix": (record("other/public/items/LOAD00000001.csv"), "outside-prefix"),
    "a directory marker": (record("dms/public/items/"), "directory-marker"),
    "a removal": (record(BAD) | {"eventName": "ObjectRemoved:Delete"}, "not-a-creation"),
    "the test of a connection": (record("dms/dms_connection_test"), "connection-test"),
    "no table": (record("dms/readme.txt"), "not-a-table-object"),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_what_is_not_ours_is_skipped_counted_and_never_asked_for(s3: FakeS3, what: str) -> None:
    bad, reason = SKIPPED[what]
    answer, lines = load(s3, {"Records": [bad, record(GOOD)]})
    assert isinstance(answer, dict)
    assert (answer["copied"], answer["skipped"], answer["failed"]) == (1, 1, 0)
    assert answer["reasons"] == {reason: 1}
    assert [one["reason"] for one in lines if one.get("event") == "object_skipped"] == [reason]
    counted = [one["Skipped"] for one in lines if one.get("Reason") == reason]
    assert counted == [1]
    assert {request["Key"] for _, request in s3.calls if request["Bucket"] == "staging"} == {GOOD}


@pytest.mark.parametrize("what", SKIPPED)
def test_what_is_skipped_leaves_the_queue(s3: FakeS3, what: str) -> None:
    bad, _ = SKIPPED[what]
    answer, _ = load(s3, {"Records": [message("m-1", {"Records": [bad]})]})
    assert answer == {"batchItemFailures": []}


def refuse_look(s3: FakeS3) -> None:
    s3.before["HeadObject"].append(raiser(FakeClientError("HeadObject", "403", 403)))


def refuse_copy(code: str, status: int, times: int = 1) -> Callable[[FakeS3], None]:
    def refuse(s3: FakeS3) -> None:
        s3.fail("CopyObject", *[FakeClientError("CopyObject", code, status)] * times)

    return refuse


def raiser(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


REFUSED: dict[str, tuple[Callable[[FakeS3], None], str, bool]] = {
    "no right to read": (refuse_look, "AccessDenied", False),
    "no right to write": (refuse_copy("AccessDenied", 403), "AccessDenied", False),
    "no right to the key": (refuse_copy("KMS.AccessDeniedException", 400),
                            "KMS.AccessDeniedException", False),
    "the key is disabled": (refuse_copy("KMS.DisabledException", 400),
                            "KMS.DisabledException", False),
    "the lake is gone": (refuse_copy("NoSuchBucket", 404), "NoSuchBucket", False),
    "archived": (refuse_copy("InvalidObjectState", 403), "InvalidObjectState", False),
    "the clock is wrong": (refuse_copy("RequestTimeTooSkewed", 403, 9),
                           "RequestTimeTooSkewed", True),
    "throttled": (refuse_copy("SlowDown", 503, 9), "SlowDown", True),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_comes_again_and_is_told(what: str) -> None:
    refuse, code, temporary = REFUSED[what]
    s3 = FakeS3()
    s3.put(BAD)
    refuse(s3)
    answer, lines = load(s3, {"Records": [record(BAD)]})
    assert isinstance(answer, DeliveryError)
    assert code in str(answer)
    line = line_of(lines, BAD)
    assert (line["level"], line["event"], line["error_code"]) == ("ERROR", "object_failed", code)
    assert line.get("temporary", False) is temporary
    assert lines[-1]["Failed"] == 1
    assert s3.lake() == {}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_stays_in_the_queue_alone(s3: FakeS3, what: str) -> None:
    refuse, code, _ = REFUSED[what]
    s3.put(BAD)
    refuse(s3)
    loader = Loader(CONFIG, s3, now=lambda: ARRIVED, sleep=lambda _: None, threads=1)
    messages = [
        message(name, {"Records": [record(key)]}) for name, key in (("m-1", BAD), ("m-2", GOOD))
    ]
    stream = io.StringIO()
    if code in {"RequestTimeTooSkewed", "SlowDown"}:  # three tries each: the second is through
        s3.before["CopyObject"] = type(s3.before["CopyObject"])(list(s3.before["CopyObject"])[:3])
    answer = loader.load({"Records": messages}, request_id="r-1", stream=stream)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert len(s3.lake()) == 1


@pytest.mark.parametrize("what", REFUSED)
def test_what_was_refused_is_copied_once_the_cause_is_gone(what: str) -> None:
    refuse, _, _ = REFUSED[what]
    s3 = FakeS3()
    s3.put(BAD)
    refuse(s3)
    load(s3, {"Records": [record(BAD)]})
    s3.before.clear()
    answer, _ = load(s3, {"Records": [record(BAD)]})
    assert isinstance(answer, dict)
    assert answer["copied"] == len(s3.lake()) == 1


def test_a_staging_bucket_of_another_account_is_not_read(s3: FakeS3) -> None:
    s3.owner = "999999999999"
    answer, lines = load(s3, {"Records": [record(GOOD)]})
    assert isinstance(answer, DeliveryError)
    assert line_of(lines, GOOD)["error_code"] == "AccessDenied"
    assert s3.lake() == {}


def test_an_empty_object_is_a_copy_like_any_other(s3: FakeS3) -> None:
    s3.put(BAD, b"")
    answer, lines = load(s3, {"Records": [record(BAD)]})
    assert isinstance(answer, dict)
    assert (answer["copied"], line_of(lines, BAD)["bytes"]) == (1, 0)
    assert list(s3.lake().values()) == [b""]


def test_two_gigabytes_of_records_are_copied_and_none_is_read(s3: FakeS3) -> None:
    keys = [f"dms/public/big/LOAD{number:08X}.csv" for number in range(10)]
    for key in keys:
        s3.put(key, size=2 * 1024**3 // 10)
    answer, lines = load(s3, {"Records": [record(key) for key in keys]})
    assert isinstance(answer, dict)
    assert answer["copied"] == 10
    assert lines[-1]["Bytes"] == 10 * (2 * 1024**3 // 10)
    assert {operation for operation, _ in s3.calls} == {"HeadObject", "CopyObject"}


def test_an_object_that_is_gone_is_counted_and_not_delivered_again(s3: FakeS3) -> None:
    answer, lines = load(s3, {"Records": [record(BAD)]})
    assert isinstance(answer, dict)
    assert (answer["vanished"], answer["failed"]) == (1, 0)
    assert line_of(lines, BAD)["event"] == "object_vanished"
    assert lines[-1]["Vanished"] == 1


def test_a_key_that_no_layout_can_keep_is_told_not_dropped(s3: FakeS3) -> None:
    unsafe = "dms/public/../LOAD00000001.csv"
    answer, lines = load(s3, {"Records": [record(unsafe), record(GOOD)]})
    assert isinstance(answer, DeliveryError)
    assert line_of(lines, unsafe)["error_code"] == "unsafe-path"
    assert len(s3.lake()) == 1


def test_a_change_of_the_staged_object_within_its_second_leaves_the_last_content(
    s3: FakeS3,
) -> None:
    load(s3, {"Records": [record(GOOD)]})
    s3.put(GOOD, b"more")
    load(s3, {"Records": [record(GOOD)]})
    assert list(s3.lake().values()) == [b"more"]
