from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.layout import Layout
from dmslake.lake.mover import ATTEMPTS, MAX_COPY_BYTES, Mover, Places, utc_now
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.routing import Router
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeClientError, FakeS3

LOAD = "dms/public/orders/LOAD00000001.csv"
TARGET = "raw/public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv"


def ticks(step: float) -> Callable[[], float]:
    def count() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += step

    return count().__next__


def mover(
    s3: FakeS3,
    *,
    lake_bucket: str = "lake",
    lake_prefix: str = "raw",
    staging_prefix: str = "dms",
    template: str = "default",
    now: datetime = ARRIVED + timedelta(seconds=3),
) -> Mover:
    router = Router(staging_prefix=staging_prefix, lake_prefix=lake_prefix, layout=Layout(template))
    places = Places(staging_bucket="staging", lake_bucket=lake_bucket, account=ACCOUNT)
    return Mover(s3, router, places, now=lambda: now, timer=ticks(0.025))


@pytest.fixture
def s3() -> FakeS3:
    fake = FakeS3()
    fake.put(LOAD, b"one")
    return fake


def move(s3: FakeS3, key: str = LOAD) -> Outcome:
    return mover(s3).move(ObjectRef("staging", key))


def test_an_object_is_copied_where_it_belongs(s3: FakeS3) -> None:
    assert move(s3) == Outcome(
        status=Status.COPIED,
        source=f"s3://staging/{LOAD}",
        target=f"s3://lake/{TARGET}",
        size=3,
        ms=25.0,
        lag_s=3.0,
    )
    assert s3.lake() == {TARGET: b"one"}


def test_a_key_of_the_lake_encrypts_the_copy(s3: FakeS3) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
    places = Places(staging_bucket="staging", lake_bucket="lake", account=ACCOUNT, lake_kms_key=key)
    router = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout("default"))
    Mover(s3, router, places).move(ObjectRef("staging", LOAD))
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


def test_not_reaching_s3_is_raised(s3: FakeS3) -> None:
    s3.refuse[LOAD] = ConnectionError("no route to host")
    with pytest.raises(ConnectionError):
        move(s3)


@pytest.mark.parametrize(("size", "status"), [(0, Status.FAILED), (-1, Status.COPIED)])
def test_the_largest_object_that_one_copy_takes(s3: FakeS3, size: int, status: Status) -> None:
    s3.put(LOAD, size=MAX_COPY_BYTES + 1 + size)
    outcome = move(s3)
    assert outcome.status is status
    assert outcome.error_code == ("EntityTooLarge" if status is Status.FAILED else "")
    assert (TARGET in s3.lake()) is (status is Status.COPIED)


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
    made = mover(s3, lake_bucket="staging", staging_prefix=staging_prefix, lake_prefix=lake_prefix)
    outcome = made.move(ObjectRef("staging", key))
    assert (outcome.status, outcome.error_code) == (Status.FAILED, "inside-staging")
    assert s3.requests("CopyObject") == []


def test_one_bucket_with_two_prefixes_works(s3: FakeS3) -> None:
    outcome = mover(s3, lake_bucket="staging").move(ObjectRef("staging", LOAD))
    assert outcome.target == f"s3://staging/{TARGET}"


def test_the_clock_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)
