"""Tasks of S3 Batch Operations: what each names, and the result that each gets."""

from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmslake.lake.envelopes import EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.outcome import Outcome, Status
from tests.lake.events import tasks

COPIED = Outcome(status=Status.COPIED, source="s3://staging/a", target="s3://lake/a", size=1)


def results(*outcomes: Outcome) -> list[tuple[str, str]]:
    answer = open_envelope(tasks(*["k"] * len(outcomes))).reply(outcomes)
    given_ = cast("list[dict[str, str]]", answer["results"])
    assert [one["taskId"] for one in given_] == [f"t-{n + 1}" for n in range(len(outcomes))]
    return [(one["resultCode"], one["resultString"]) for one in given_]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_answer_repeats_what_names_the_call(version: str) -> None:
    answer = open_envelope(tasks("a", version=version)).reply([COPIED])
    assert answer == {
        "invocationSchemaVersion": version,
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": "i-1",
        "results": [{"taskId": "t-1", "resultCode": "Succeeded", "resultString": "copied"}],
    }


def failure(*, temporary: bool) -> Outcome:
    return Outcome.failed("s3://staging/a", code="SlowDown", error="Slow", temporary=temporary)


def test_every_end_has_its_code_and_its_text() -> None:
    skipped = Outcome.skipped("s3://staging/a", Skipped(SkipReason.DIRECTORY_MARKER))
    withheld = Outcome.skipped("s3://staging/a", Skipped(SkipReason.KEY_TOO_LONG, "1025 bytes"))
    assert results(
        COPIED, skipped, withheld, failure(temporary=True), failure(temporary=False),
        Outcome.vanished("s3://staging/a"),
    ) == [
        ("Succeeded", "copied"),
        ("Succeeded", "skipped: directory-marker"),
        ("PermanentFailure", "failed: key-too-long: 1025 bytes"),
        ("TemporaryFailure", "failed: SlowDown: Slow"),
        ("PermanentFailure", "failed: SlowDown: Slow"),
        ("PermanentFailure", "vanished"),
    ]  # fmt: skip


@given(st.text(), st.text(max_size=2000))
@example("SlowDown", "please reduce your request rate, " * 50)
@example("AccessDenied", "line\nbreak\t\u0000\ud800")
def test_a_results_text_is_one_short_line(code: str, error: str) -> None:
    ((_, text),) = results(Outcome.failed("s3://staging/a", code=code, error=error))
    assert len(text) <= 250
    assert text.isprintable()


def test_a_task_that_cannot_be_read_fails_alone_and_for_good() -> None:
    event = tasks("a", "%FF", "c")
    del event["tasks"][2]["s3Bucket"]
    good, bad, homeless = open_envelope(event).entries
    assert isinstance(good, ObjectRef)
    assert isinstance(bad, Outcome)
    assert isinstance(homeless, Outcome)
    assert bad.source == "task t-2"
    assert "task t-3 cannot be read: it lacks a member" in homeless.error
    assert [code for code, _ in results(COPIED, bad, homeless)] == [
        "Succeeded", "PermanentFailure", "PermanentFailure",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"s3Key": None}, "not text"),
        ({"s3Key": 7}, "not text"),
        ({"s3Key": ""}, "empty or not text"),
        ({"s3Key": "%ED%A0%80"}, "can't decode"),
        ({"s3Key": "\ud800"}, "can't encode"),
        ({"s3BucketArn": None}, "None is not the ARN of a bucket"),
        ({"s3BucketArn": "staging"}, "'staging' is not the ARN of a bucket"),
        ({"s3BucketArn": "arn:aws:s3:::"}, "is not the ARN of a bucket"),
        ({"s3BucketArn": "arn:aws:s3:::staging/dms"}, "is not the ARN of a bucket"),
        ({"s3BucketArn": "arn:aws:sqs:::staging"}, "is not the ARN of a bucket"),
        ({"s3VersionId": 7}, "its version is not text"),
    ],
)
def test_what_a_task_may_not_say(changed: dict[str, Any], says: str) -> None:
    event = tasks("a", version="1.0")
    event["tasks"][0] |= changed
    (entry,) = open_envelope(event).entries
    assert isinstance(entry, Outcome)
    assert (entry.status, entry.error_code) == (Status.FAILED, "UnreadableTask")
    assert says in entry.error


@pytest.mark.parametrize(
    "arn", ["arn:aws-cn:s3:::staging", "arn:aws:s3:us-east-1:123456789012:staging"]
)
def test_arns_of_buckets_anywhere(arn: str) -> None:
    event = tasks("a", version="1.0")
    event["tasks"][0]["s3BucketArn"] = arn
    assert open_envelope(event).entries == (ObjectRef("staging", "a"),)


@pytest.mark.parametrize(
    ("version", "text", "found"),
    [
        (None, "a", None),
        ("null", "a", None),
        ("", "a", None),
        ("v1", "a", "v1"),
        (None, "%7B%22k%22%3A%22a%22%2C%22v%22%3A%22v2%22%7D", "v2"),
        ("v1", "%7B%22k%22%3A%22a%22%2C%22v%22%3A%22v2%22%7D", "v1"),
    ],
)
def test_a_version_comes_in_its_column_or_in_the_key(
    version: str | None, text: str, found: str | None
) -> None:
    event = tasks(text)
    event["tasks"][0]["s3VersionId"] = version
    assert open_envelope(event).entries == (ObjectRef("staging", "a", found),)


@pytest.mark.parametrize("version", ["1.1", "2.1", "3.0", "", 2, 1.0, True, ["1.0"], "9" * 999])
def test_another_schema_is_refused(version: object) -> None:
    event = tasks("a") | {"invocationSchemaVersion": version}
    with pytest.raises(EnvelopeError, match=r"^schema .* is not one of 1\.0 and 2\.0$"):
        open_envelope(event)


@pytest.mark.parametrize("change", [{"invocationId": None}, {"tasks": [{}]}, {"tasks": ["a"]}])
def test_tasks_that_could_not_be_answered_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError, match="lack a taskId or invocationId"):
        open_envelope(tasks("a") | change)


@pytest.mark.parametrize("member", ["invocationSchemaVersion", "tasks"])
def test_what_is_no_call_of_a_job_is_refused_by_its_shape(member: str) -> None:
    event = tasks("a")
    del event[member]
    with pytest.raises(EnvelopeError, match=r"or tasks of S3 Batch Operations .* got an object"):
        open_envelope(event)


def test_no_tasks_have_no_results() -> None:
    assert open_envelope(tasks()).reply([])["results"] == []
