"""Big objects: copied in parts with everything that belongs to them, or not at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.deadline import Deadline
from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.multipart import MAX_PARTS, cut
from dmslake.lake.outcome import Status
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeClientError, FakeS3
from tests.lake.movers import LOAD, PLACES, TARGET, move, mover

BIG = PLACES._replace(multipart_threshold=4, part_size=3)
BODY = b"0123456789"
RESET = ConnectionResetError("connection reset by peer")
NO_UPLOAD = FakeClientError("CompleteMultipartUpload", "NoSuchUpload", 404)
GIB = 1024**3


@pytest.fixture
def s3() -> FakeS3:
    fake = FakeS3()
    fake.put(LOAD, BODY)
    return fake


def test_a_big_object_arrives_whole(s3: FakeS3) -> None:
    outcome = move(s3, places=BIG)
    assert (outcome.status, outcome.size) == (Status.COPIED, len(BODY))
    assert outcome.target == f"s3://lake/{TARGET}"
    assert s3.lake() == {TARGET: BODY}
    assert s3.uploads == {}
    assert s3.requests("CopyObject") == []
    ranges = sorted(str(part["CopySourceRange"]) for part in s3.requests("UploadPartCopy"))
    assert ranges == ["bytes=0-2", "bytes=3-5", "bytes=6-8", "bytes=9-9"]


def test_an_object_of_the_threshold_is_not_big(s3: FakeS3) -> None:
    s3.put(LOAD, b"1234")
    move(s3, places=BIG)
    assert s3.requests("CreateMultipartUpload") == []


def test_every_property_goes_along(s3: FakeS3) -> None:
    properties: dict[str, Any] = {
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "en",
        "ContentType": "text/csv",
        "Expires": datetime(2027, 1, 1, tzinfo=UTC),
        "Metadata": {"source": "dms"},
    }
    tags = {"ta ble": "a&b=c+d/é", "empty": ""}
    s3.put(LOAD, BODY, tags=tags, **properties)
    places = BIG._replace(storage_class="STANDARD_IA", lake_kms_key="arn:aws:kms:key")
    move(s3, places=places)
    (begun,) = s3.requests("CreateMultipartUpload")
    assert {name: begun[name] for name in properties} == properties
    assert begun["Tagging"] == "ta%20ble=a%26b%3Dc%2Bd%2F%C3%A9&empty="
    assert begun["StorageClass"] == "STANDARD_IA"
    assert begun["SSEKMSKeyId"] == "arn:aws:kms:key"


def test_every_part_is_pinned_to_version_etag_and_owners(s3: FakeS3) -> None:
    s3.put(LOAD, BODY, version_id="v1")
    etag = s3.objects["staging", LOAD, "v1"].etag
    outcome = mover(s3, BIG).move(ObjectRef("staging", LOAD, version_id="v1"))
    assert outcome.status is Status.COPIED
    for part in s3.requests("UploadPartCopy"):
        assert part["CopySource"] == {"Bucket": "staging", "Key": LOAD, "VersionId": "v1"}
        assert part["CopySourceIfMatch"] == etag
        assert part["ExpectedSourceBucketOwner"] == part["ExpectedBucketOwner"] == ACCOUNT
    (tags,) = s3.requests("GetObjectTagging")
    assert tags["VersionId"] == "v1"


def test_an_object_replaced_while_its_parts_are_copied_is_routed_again(s3: FakeS3) -> None:
    later = ARRIVED.replace(hour=16)
    s3.before["UploadPartCopy"].extend(
        [lambda: None, lambda: s3.put(LOAD, b"new content", at=later)]
    )
    outcome = move(s3, places=BIG)
    assert outcome.target.endswith("/hour=16/LOAD00000001-20261123T164702Z.csv")
    assert list(s3.lake().values()) == [b"new content"]
    assert s3.uploads == {}


def test_an_object_gone_while_its_parts_are_copied_has_vanished(s3: FakeS3) -> None:
    s3.before["UploadPartCopy"].extend([lambda: None, lambda: s3.delete(LOAD)])
    assert move(s3, places=BIG).status is Status.VANISHED
    assert (s3.lake(), s3.uploads) == ({}, {})


@pytest.mark.parametrize(
    "operation", ["GetObjectTagging", "CreateMultipartUpload", "UploadPartCopy",
                  "CompleteMultipartUpload"]
)  # fmt: skip
def test_a_step_that_fails_for_the_moment_is_tried_again(s3: FakeS3, operation: str) -> None:
    s3.fail(operation, RESET, FakeClientError(operation, "SlowDown", 503))
    assert move(s3, places=BIG).status is Status.COPIED
    assert s3.lake() == {TARGET: BODY}


@pytest.mark.parametrize(
    "operation", ["GetObjectTagging", "CreateMultipartUpload", "UploadPartCopy",
                  "CompleteMultipartUpload"]
)  # fmt: skip
@pytest.mark.parametrize(
    ("error", "temporary"),
    [(FakeClientError("x", "AccessDenied", 403), False), (RESET, True)],
)
def test_an_upload_that_fails_is_thrown_away(
    s3: FakeS3, operation: str, error: Exception, *, temporary: bool
) -> None:
    s3.fail(operation, *[error] * 99)
    outcome = move(s3, places=BIG)
    assert (outcome.status, outcome.temporary) == (Status.FAILED, temporary)
    assert outcome.target == f"s3://lake/{TARGET}"
    assert (s3.lake(), s3.uploads) == ({}, {})


def test_a_bug_leaves_no_upload_behind(s3: FakeS3) -> None:
    s3.fail("UploadPartCopy", ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError):
        move(s3, places=BIG)
    assert s3.uploads == {}


def test_an_upload_that_cannot_be_thrown_away_does_not_hide_why(s3: FakeS3) -> None:
    s3.fail("UploadPartCopy", *[FakeClientError("UploadPartCopy", "AccessDenied", 403)] * 9)
    s3.fail("AbortMultipartUpload", FakeClientError("AbortMultipartUpload", "AccessDenied", 403))
    assert "UploadPartCopy" in move(s3, places=BIG).error


@pytest.mark.parametrize("first", [RESET, FakeClientError("x", "InternalError", 500)])
def test_a_lost_completion_is_found_at_the_target(s3: FakeS3, first: Exception) -> None:
    s3.lose("CompleteMultipartUpload", first)
    assert move(s3, places=BIG).status is Status.COPIED
    assert len(s3.requests("CompleteMultipartUpload")) == 1
    assert s3.lake() == {TARGET: BODY}


def test_a_lost_completion_of_parts_with_other_etags_is_found_by_its_age(s3: FakeS3) -> None:
    class Encrypted(FakeS3):
        def upload_part_copy(self, **request: Any) -> dict[str, Any]:
            super().upload_part_copy(**request)
            return {"CopyPartResult": {"ETag": '"not-an-md5"'}}

    encrypted = Encrypted(objects=s3.objects)
    encrypted.lose("CompleteMultipartUpload", RESET)
    assert move(encrypted, places=BIG).status is Status.COPIED
    assert len(encrypted.requests("CompleteMultipartUpload")) == 1


def test_an_upload_that_is_gone_without_its_object_has_failed(s3: FakeS3) -> None:
    s3.fail("CompleteMultipartUpload", *[NO_UPLOAD] * 9)
    outcome = move(s3, places=BIG)
    assert (outcome.error_code, outcome.temporary) == ("NoSuchUpload", True)


def test_an_older_object_of_the_same_size_is_not_taken_for_the_completed_one(s3: FakeS3) -> None:
    s3.put(TARGET, b"9876543210", bucket="lake", at=ARRIVED)
    s3.fail("CompleteMultipartUpload", *[NO_UPLOAD] * 9)
    assert move(s3, places=BIG).status is Status.FAILED


def test_parts_stop_when_the_time_is_up(s3: FakeS3) -> None:
    left = iter([60_000.0] * 4)
    outcome = move(s3, places=BIG, deadline=Deadline(lambda: next(left, 0.0)))
    assert (outcome.error_code, outcome.temporary) == ("OutOfTime", True)
    assert (s3.lake(), s3.uploads) == ({}, {})


@pytest.mark.parametrize(
    ("size", "parts"),
    [(1, 1), (300 * 1024**2, 5), (8 * GIB, 32), (100 * GIB, 400), (5 * 1024 * GIB, MAX_PARTS)],
)
def test_how_many_parts_an_object_has(size: int, parts: int) -> None:
    assert len(list(cut(size, 64 * 1024**2))) == parts


@given(st.integers(5 * 1024**2, 50 * 10**12))
def test_parts_are_the_object_within_the_limits_of_s3(size: int) -> None:
    end, number = 0, 0
    for number, part in enumerate(cut(size, 64 * 1024**2), 1):
        assert part["PartNumber"] == number
        span = str(part.get("CopySourceRange", f"bytes=0-{size - 1}")).removeprefix("bytes=")
        first, last = map(int, span.split("-"))
        assert first == end
        assert last - first < 5 * GIB
        end = last + 1
        assert end == size or last - first + 1 >= 5 * 1024**2
    assert (end, number <= MAX_PARTS) == (size, True)
