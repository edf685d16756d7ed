"""Tasks of S3 Batch Operations, which calls the function with the keys of a manifest.

Shape: S3 User Guide, "Invoke AWS Lambda function", schemas 1.0 (buckets by ARN) and 2.0 (by name).
Keys are URL-encoded, and may carry what the manifest's author saw (`manifest_key`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dmslake.lake import manifest_key
from dmslake.lake.envelopes.base import Entry, Envelope, EnvelopeError, reference, unreadable
from dmslake.lake.outcome import Outcome, Status

# How long a result's text may be is not documented; the job's report repeats it for every task.
_MAX_TEXT = 250
# AWS's own samples write a region and an account into it, which the ARN of a real bucket lacks.
_BUCKET_ARN = re.compile(r"arn:aws[a-z-]*:s3:[^:/]*:[^:/]*:([^:/]+)")


class S3BatchTasks(Envelope):
    """One call of a job; `tasks` holds, for each entry, the id of its task."""

    shape = "tasks of S3 Batch Operations (invocationSchemaVersion 1.0 or 2.0)"
    source = "s3-batch"

    def __init__(
        self, entries: Iterable[Entry], tasks: Iterable[str], *, version: str, invocation: str
    ) -> None:
        super().__init__(entries)
        self.tasks = tuple(tasks)
        self.version = version
        self.invocation = invocation

    @classmethod
    def open(cls, event: Mapping[str, Any]) -> "S3BatchTasks | None":
        """Read the tasks; one that cannot be read becomes a failure of its own.

        Raises EnvelopeError for tasks that could not be answered: of another schema, or without
        the names that an answer has to repeat.
        """
        version, tasks = event.get("invocationSchemaVersion"), event.get("tasks")
        if version is None or not isinstance(tasks, list):
            return None
        if version not in tuple(_BUCKETS):
            known = " and ".join(_BUCKETS)
            raise EnvelopeError(
                f"schema {version!r:.40} of S3 Batch Operations is not one of {known}"
            )
        invocation = event.get("invocationId")
        if not isinstance(invocation, str) or not all(_has_id(task) for task in tasks):
            raise EnvelopeError("the tasks of S3 Batch Operations lack a taskId or invocationId")
        entries = (_entry(task, version) for task in tasks)
        names = (task["taskId"] for task in tasks)
        return cls(entries, names, version=version, invocation=invocation)

    def reply(self, outcomes: Sequence[Outcome]) -> dict[str, object]:
        """Give each task its result; `TemporaryFailure` makes the job try it again."""
        pairs = zip(self.tasks, outcomes, strict=True)
        return {
            "invocationSchemaVersion": self.version,
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": self.invocation,
            "results": [
                {"taskId": task, "resultCode": _code(one), "resultString": _text(one)}
                for task, one in pairs
            ],
        }


def _has_id(task: object) -> bool:
    return isinstance(task, dict) and isinstance(task.get("taskId"), str)


def _entry(task: Mapping[str, Any], version: str) -> Entry:
    place = f"task {task['taskId']}"
    try:
        found = manifest_key.read(task["s3Key"])
        bucket = _BUCKETS[version](task)
        ref = reference(bucket, found.key, task.get("s3VersionId") or found.version_id)
    except (KeyError, TypeError, ValueError) as error:
        return unreadable(place, error, "UnreadableTask")
    return ref._replace(seen=found.seen) if found.seen else ref


def _named_by_arn(task: Mapping[str, Any]) -> object:
    arn = task["s3BucketArn"]
    match = _BUCKET_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if match is None:
        raise ValueError(f"{arn!r} is not the ARN of a bucket")
    return match[1]


def _named(task: Mapping[str, Any]) -> object:
    return task["s3Bucket"]


_BUCKETS = {"1.0": _named_by_arn, "2.0": _named}


def _code(outcome: Outcome) -> str:
    if outcome.status is Status.FAILED:
        return "TemporaryFailure" if outcome.temporary else "PermanentFailure"
    # A key that never was cannot be told from one that is gone, and neither is in the lake.
    return "PermanentFailure" if outcome.status is Status.VANISHED else "Succeeded"


def _text(outcome: Outcome) -> str:
    details = (outcome.reason, outcome.error_code, outcome.error)
    text = ": ".join(part for part in (outcome.status.value, *details) if part)
    return "".join(one if one.isprintable() else " " for one in text)[:_MAX_TEXT]
