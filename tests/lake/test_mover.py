"""What becomes of an object, told by its outcome and by what then lies in the lake."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from dmslake.lake.deadline import Deadline
from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.mover import ATTEMPTS, MAX_COPY_BYTES, utc_now
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.seen import Seen
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeClientError, FakeS3
from tests.lake.movers import LOAD, PLACES, TARGET, move, mover


@pytest.fixture
def s3() -> FakeS3:
    fake = FakeS3()
    fake.put(LOAD, b"one")
    return fake


def test_an_object_is_copied_where_it_belongs(s3: FakeS3) -> None:
    assert move(s3) == Outcome(
        status=Status.COPIED,
        source=f"s3://staging/{LOAD}",
        target=f"s3://lake/{TARGET}",
        size=3,
        ms=50.0,
        lag_s=3.0,
        table="public.orders",
    )
    assert s3.lake() == {TARGET: b"one"}


def test_a_key_of_the_lake_encrypts_the_copy(s3: FakeS3) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
    move(s3, places=PLACES._replace(lake_kms_key=key))
    (copy,) = s3.requests("CopyObject")
    assert copy["ServerSideEncryption"] == "aws:kms"
    assert copy["SSEKMSKeyId"] == key
    assert copy["BucketKeyEnabled"] is True


def test_requests_pin_the_object_and_both_owners(s3: FakeS3) -> None:
    move(s3)
    (head,) = s3.requests("HeadObject")
    (copy,) = s3.requests("CopyObject")
    assert head == {"Bucket": "staging", "Key": LOAD, "ExpectedBucketOwner": ACCOUNT}
    assert copy == {
        "Bucket": "lake",
        "Key": TARGET,
        "CopySource": {"Bucket": "staging", "Key": LOAD},
        "CopySourceIfMatch": s3.objects["staging", LOAD, None].etag,
        "ExpectedBucketOwner": ACCOUNT,
        "ExpectedSourceBucketOwner": ACCOUNT,
    }


def test_copying_twice_leaves_one_lake_object(s3: FakeS3) -> None:
    assert move(s3) == move(s3)
    assert len(s3.lake()) == 1


def test_an_overwritten_version_is_still_copied(s3: FakeS3) -> None:
    s3.put(LOAD, b"old", version_id="v1", at=ARRIVED - timedelta(hours=1))
    outcome = mover(s3).move(ObjectRef("staging", LOAD, version_id="v1"))
    assert outcome.target.endswith("/hour=13/LOAD00000001-20261123T134702Z.csv")
    assert list(s3.lake().values()) == [b"old"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [("dms/public/", "directory-marker"), ("elsewhere/a/b/c", "outside-prefix")],
)
def test_what_has_no_place_is_skipped_without_a_call(s3: FakeS3, key: str, reason: str) -> None:
    outcome = move(s3, key)
    assert (outcome.status, outcome.reason) == (Status.SKIPPED, reason)
    assert s3.calls == []


def test_an_object_of_another_bucket_is_not_touched(s3: FakeS3) -> None:
    outcome = mover(s3).move(ObjectRef("lake", LOAD))
    assert (outcome.status, outcome.reason) == (Status.SKIPPED, "other-bucket")
    assert s3.calls == []


def test_an_object_gone_before_the_look_has_vanished(s3: FakeS3) -> None:
    s3.delete(LOAD)
    outcome = move(s3)
    assert outcome.status is Status.VANISHED
    assert outcome.error == ""


def test_an_object_gone_between_look_and_copy_has_vanished(s3: FakeS3) -> None:
    s3.before["CopyObject"].append(lambda: s3.delete(LOAD))
    assert move(s3).status is Status.VANISHED


def test_an_object_rewritten_between_look_and_copy_is_routed_again(s3: FakeS3) -> None:
    later = ARRIVED + timedelta(hours=1)
    s3.before["CopyObject"].append(lambda: s3.put(LOAD, b"two", at=later))
    outcome = move(s3)
    assert outcome.status is Status.COPIED
    assert outcome.target.endswith("/hour=15/LOAD00000001-20261123T154702Z.csv")
    assert list(s3.lake().values()) == [b"two"]


def test_an_object_that_never_rests_fails_after_a_few_looks(s3: FakeS3) -> None:
    for number in range(ATTEMPTS + 2):
        s3.before["CopyObject"].append(partial(s3.put, LOAD, b"body %d" % number))
    outcome = move(s3)
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "PreconditionFailed")
    assert outcome.temporary
    assert len(s3.requests("CopyObject")) == ATTEMPTS
    assert s3.lake() == {}


def test_a_refused_look_is_a_failure_by_its_name(s3: FakeS3) -> None:
    s3.owner = "999999999999"
    outcome = move(s3)
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "AccessDenied")
    assert "HeadObject" in outcome.error
    assert s3.lake() == {}


def test_a_refused_copy_is_a_failure_that_names_its_target(s3: FakeS3) -> None:
    def close_the_account() -> None:
        s3.owner = "999999999999"

    s3.before["CopyObject"].append(close_the_account)
    outcome = move(s3)
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "AccessDenied")
    assert outcome.target == f"s3://lake/{TARGET}"
    assert s3.lake() == {}


def test_an_error_without_a_code_goes_by_its_type(s3: FakeS3) -> None:
    error = FakeClientError("HeadObject", "")
    s3.refuse[LOAD] = error
    assert move(s3).error_code == "FakeClientError"


def test_not_reaching_s3_is_a_failure_that_may_pass(s3: FakeS3) -> None:
    s3.refuse[LOAD] = ConnectionError("no route to host")
    outcome = move(s3)
    assert (outcome.status, outcome.temporary) == (Status.FAILED, True)
    assert outcome.error_code == "ConnectionError"
    assert "no route to host" in outcome.error


def test_a_bug_is_not_taken_for_a_failure_of_s3(s3: FakeS3) -> None:
    s3.refuse[LOAD] = ZeroDivisionError("bug")
    with pytest.raises(ZeroDivisionError):
        move(s3)


def test_the_largest_object_that_one_copy_takes(s3: FakeS3) -> None:
    places = PLACES._replace(multipart_threshold=MAX_COPY_BYTES * 2)
    s3.put(LOAD, size=MAX_COPY_BYTES)
    move(s3, places=places)
    assert len(s3.requests("CopyObject")) == 1
    s3.put(LOAD, size=MAX_COPY_BYTES + 1)
    move(s3, places=places)
    assert len(s3.requests("CopyObject")) == len(s3.requests("CreateMultipartUpload")) == 1


def test_an_empty_object_is_copied(s3: FakeS3) -> None:
    s3.put(LOAD, b"")
    assert move(s3).status is Status.COPIED


def test_a_lake_key_that_s3_would_refuse_is_a_failure(s3: FakeS3) -> None:
    key = f"dms/s/t/{'x' * 1000}"
    s3.put(key)
    outcome = move(s3, key)
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "key-too-long")
    assert "bytes long" in outcome.error
    assert s3.lake() == {}


@pytest.mark.parametrize(
    ("staging_prefix", "lake_prefix", "key"),
    [
        ("dms", "", "dms/dms/t/LOAD00000001.csv"),
        ("dms", "dms/lake", LOAD),
        ("", "raw", "public/orders/LOAD00000001.csv"),
    ],
)
def test_a_copy_that_would_be_staged_again_is_never_made(
    s3: FakeS3, staging_prefix: str, lake_prefix: str, key: str
) -> None:
    s3.put(key)
    one_bucket = PLACES._replace(lake_bucket="staging")
    made = mover(s3, one_bucket, staging_prefix=staging_prefix, lake_prefix=lake_prefix)
    outcome = made.move(ObjectRef("staging", key))
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "inside-staging")
    assert s3.requests("CopyObject") == []


def test_one_bucket_with_two_prefixes_works(s3: FakeS3) -> None:
    outcome = move(s3, places=PLACES._replace(lake_bucket="staging"))
    assert outcome.target == f"s3://staging/{TARGET}"


def test_its_own_output_is_not_touched(s3: FakeS3) -> None:
    places = PLACES._replace(lake_bucket="staging")
    move(s3, places=places)
    outcome = move(s3, TARGET, places)
    assert (outcome.status, outcome.reason) == (Status.SKIPPED, "outside-prefix")


def test_what_the_event_knew_saves_the_look(s3: FakeS3) -> None:
    seen = Seen(s3.objects["staging", LOAD, None].etag.strip('"'), 3, ARRIVED)
    outcome = mover(s3).move(ObjectRef("staging", LOAD, seen=seen))
    assert (outcome.status, outcome.size) == (Status.COPIED, 3)
    assert s3.lake() == {TARGET: b"one"}
    assert s3.requests("HeadObject") == []


def test_what_the_event_knew_may_be_out_of_date(s3: FakeS3) -> None:
    seen = Seen("0" * 32, 9, ARRIVED - timedelta(hours=5))
    outcome = mover(s3).move(ObjectRef("staging", LOAD, seen=seen))
    assert (outcome.target, outcome.size) == (f"s3://lake/{TARGET}", 3)
    assert s3.lake() == {TARGET: b"one"}


def test_an_event_knows_too_little_of_a_big_object(s3: FakeS3) -> None:
    seen = Seen(s3.objects["staging", LOAD, None].etag, 3, ARRIVED)
    places = PLACES._replace(multipart_threshold=2)
    outcome = mover(s3, places).move(ObjectRef("staging", LOAD, seen=seen))
    assert outcome.status is Status.COPIED
    assert len(s3.requests("HeadObject")) == 1
    s3.delete(LOAD)
    gone = mover(s3, places).move(ObjectRef("staging", LOAD, seen=seen))
    assert gone.status is Status.VANISHED


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"StorageClass": "GLACIER"}, Status.FAILED),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'}, Status.FAILED),
        (
            {"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"},
            Status.FAILED,
        ),
        (
            {"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="x"'},
            Status.COPIED,
        ),
        ({"StorageClass": "INTELLIGENT_TIERING"}, Status.COPIED),
        ({"StorageClass": "GLACIER_IR"}, Status.COPIED),
    ],
)
def test_an_archived_object_is_named_and_not_tried(
    s3: FakeS3, properties: dict[str, Any], status: Status
) -> None:
    s3.put(LOAD, b"one", **properties)
    outcome = move(s3)
    assert outcome.status is status
    assert not outcome.temporary
    if status is Status.FAILED:
        assert outcome.error_code == "InvalidObjectState"
        assert "restore it" in outcome.error
        assert s3.requests("CopyObject") == []


def test_an_archive_that_only_the_copy_finds_is_told_the_same(s3: FakeS3) -> None:
    s3.fail("CopyObject", FakeClientError("CopyObject", "InvalidObjectState", 403))
    outcome = move(s3)
    assert (outcome.error_code, outcome.temporary) == ("InvalidObjectState", False)
    assert "restore it" in outcome.error
    assert len(s3.requests("CopyObject")) == 1


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("AccessDenied", 403, "s3:PutObject"),
        ("KMS.DisabledException", 400, "the use of the buckets' KMS keys"),
        ("NoSuchBucket", 404, "the bucket is gone"),
    ],
)
def test_a_refusal_says_what_is_missing_where(
    s3: FakeS3, code: str, status: int, says: str
) -> None:
    s3.fail("CopyObject", FakeClientError("CopyObject", code, status))
    outcome = move(s3)
    assert (outcome.status, outcome.error_code) == (Status.FAILED, code)
    assert not outcome.temporary
    assert says in outcome.error
    assert f"s3://staging/{LOAD} to s3://lake/{TARGET}" in outcome.error
    assert "REQUEST1" in outcome.error
    assert len(s3.requests("CopyObject")) == 1


def test_a_refused_look_says_what_it_needs(s3: FakeS3) -> None:
    s3.owner = "999999999999"
    error = move(s3).error
    assert "s3:GetObject and, to see what is gone, s3:ListBucket in staging" in error
    assert ACCOUNT in error


def test_nothing_is_begun_when_the_time_is_up(s3: FakeS3) -> None:
    outcome = move(s3, deadline=Deadline(lambda: 0))
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "OutOfTime")
    assert outcome.temporary
    assert s3.calls == []


def test_a_clock_that_is_behind_s3s_makes_no_negative_lag(s3: FakeS3) -> None:
    made = mover(s3, now=ARRIVED - timedelta(minutes=5))
    assert made.move(ObjectRef("staging", LOAD)).lag_s == 0.0


def test_the_storage_class_is_the_lakes(s3: FakeS3) -> None:
    move(s3, places=PLACES._replace(storage_class="STANDARD_IA"))
    (copy,) = s3.requests("CopyObject")
    assert copy["StorageClass"] == "STANDARD_IA"


def test_the_clock_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)
