"""Requests that failed for the moment, and those of which nobody knows whether they were done."""

from datetime import timedelta
from itertools import count

import pytest

from dmslake.lake.deadline import Deadline
from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.layout import Layout
from dmslake.lake.mover import Mover
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.pace import DELAYS_S
from dmslake.lake.places import Places
from dmslake.lake.routing import Router
from tests.lake.fake_s3 import ARRIVED, Completed, FakeClientError, FakeS3
from tests.lake.movers import LOAD, PLACES, TARGET, move

SLOW_DOWN = FakeClientError("CopyObject", "SlowDown", 503)
BROKEN = FakeClientError("CopyObject", "InternalError", 500)
RESET = ConnectionResetError("connection reset by peer")
LATER = ARRIVED + timedelta(minutes=1)


class ReadTimeoutError(OSError):
    """Named like botocore's."""


@pytest.fixture
def s3() -> FakeS3:
    fake = FakeS3()
    fake.put(LOAD, b"one")
    return fake


@pytest.mark.parametrize("error", [SLOW_DOWN, BROKEN, RESET, ReadTimeoutError("20 s")])
def test_what_fails_for_the_moment_is_tried_again(s3: FakeS3, error: Exception) -> None:
    s3.fail("HeadObject", error)
    s3.fail("CopyObject", error, error)
    assert move(s3).status is Status.COPIED
    assert s3.lake() == {TARGET: b"one"}


@pytest.mark.parametrize("error", [SLOW_DOWN, BROKEN, RESET])
def test_what_keeps_failing_may_pass_later(s3: FakeS3, error: Exception) -> None:
    s3.fail("CopyObject", *[error] * 9)
    outcome = move(s3)
    assert (outcome.status, outcome.temporary) == (Status.FAILED, True)
    assert len(s3.requests("CopyObject")) == 1 + len(DELAYS_S)
    assert s3.lake() == {}


def test_a_copy_whose_answer_was_lost_is_found_and_not_made_again(s3: FakeS3) -> None:
    s3.lose("CopyObject", RESET)
    assert move(s3).status is Status.COPIED
    assert len(s3.requests("CopyObject")) == 1
    (_, look) = s3.requests("HeadObject")
    assert (look["Bucket"], look["Key"]) == ("lake", TARGET)


def test_an_answer_without_its_end_is_none(s3: FakeS3) -> None:
    class Whitespace(FakeS3):
        def copy_object(self, **request: object) -> dict[str, object]:
            if len(self.requests("CopyObject")) < 1:
                self.calls.append(("CopyObject", request))
                return {"CopyObjectResult": {}}
            return dict(super().copy_object(**request))

    broken = Whitespace(objects=s3.objects)
    assert move(broken).status is Status.COPIED
    assert len(broken.requests("CopyObject")) == 2
    assert broken.lake() == {TARGET: b"one"}


def test_a_copy_of_the_same_bytes_from_before_is_just_as_good(s3: FakeS3) -> None:
    move(s3)
    s3.fail("CopyObject", RESET)
    assert move(s3).status is Status.COPIED
    assert len(s3.requests("CopyObject")) == 2


def slow_copy(s3: FakeS3, *, seconds: float, places: Places = PLACES) -> Outcome:
    """Move while the clock runs on by so many seconds between any two looks at it."""
    clock = count(0.0, seconds)
    router = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
    timer = clock.__next__
    made = Mover(s3, router, places, now=lambda: LATER, timer=timer, sleep=lambda _: None)
    return made.move(ObjectRef("staging", LOAD))


def other_etag(s3: FakeS3) -> None:
    """Let the staged object be one of parts: the ETag of its copy will be another."""
    digests = b"x" * 32
    s3.objects["staging", LOAD, None] = Completed(b"one", ARRIVED, 3, parts=2, digests=digests)


def test_a_target_that_is_younger_than_the_request_is_the_copy(s3: FakeS3) -> None:
    other_etag(s3)
    s3.lose("CopyObject", RESET)
    s3.now = LATER
    assert slow_copy(s3, seconds=20).status is Status.COPIED
    assert len(s3.requests("CopyObject")) == 1


@pytest.mark.parametrize("age", [timedelta(seconds=21), timedelta(hours=1)])
def test_a_target_that_is_older_is_not_trusted(s3: FakeS3, age: timedelta) -> None:
    other_etag(s3)
    s3.put(TARGET, b"two", bucket="lake", at=LATER - age)
    s3.fail("CopyObject", RESET)
    s3.now = LATER
    assert slow_copy(s3, seconds=20).status is Status.COPIED
    assert s3.lake() == {TARGET: b"one"}


def test_a_target_that_others_write_too_is_not_trusted_for_its_age(s3: FakeS3) -> None:
    other_etag(s3)
    s3.put(TARGET, b"two", bucket="lake", at=LATER)
    s3.fail("CopyObject", RESET)
    s3.now = LATER
    places = PLACES._replace(may_overwrite=True)
    assert slow_copy(s3, seconds=20, places=places).status is Status.COPIED
    assert s3.lake() == {TARGET: b"one"}


def test_a_target_of_another_size_is_not_the_copy(s3: FakeS3) -> None:
    s3.put(TARGET, b"three", bucket="lake", at=LATER)
    s3.fail("CopyObject", RESET)
    assert slow_copy(s3, seconds=20).status is Status.COPIED
    assert s3.lake() == {TARGET: b"one"}


def test_a_target_that_must_not_be_looked_at_is_copied_to_again(s3: FakeS3) -> None:
    denied = FakeClientError("HeadObject", "403", 403)
    s3.lose("CopyObject", RESET)
    s3.after["CopyObject"].appendleft(lambda: s3.fail("HeadObject", denied))
    s3.before["CopyObject"].append(lambda: None)
    assert move(s3).status is Status.COPIED


def test_there_is_no_second_try_when_the_time_is_up(s3: FakeS3) -> None:
    s3.fail("CopyObject", SLOW_DOWN)
    outcome = move(s3, deadline=Deadline(lambda: 50))
    assert (outcome.error_code, outcome.temporary) == ("SlowDown", True)
    assert len(s3.requests("CopyObject")) == 1


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "RequestTimeTooSkewed", "OperationAborted", "ThrottlingException"]
)
def test_what_a_later_try_may_cure_is_temporary(s3: FakeS3, code: str) -> None:
    s3.fail("CopyObject", *[FakeClientError("CopyObject", code)] * 9)
    outcome = move(s3)
    assert (outcome.error_code, outcome.temporary) == (code, True)
