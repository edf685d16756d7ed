"""The request that makes a job, and its cancelling.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.backfill.batch.following import look
from dmslake.backfill.batch.jobs import GENERATED, JobNote, JobNotes
from dmslake.backfill.ledger import Ledger

_PRIORITY = 10
_MAY_BE_CANCELLED = frozenset({"New", "Preparing", "Suspended", "Ready", "Active", "Paused"})


class Chosen(NamedTuple):
    """What S3 puts into a manifest that it makes: keys that begin so, and were made in between."""

    prefix: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all jobs of a run have in common.

    Attributes:
        run: the name of the run, which makes its jobs' tokens.
        bucket: the ARN of the bucket of manifests and reports.
        reports: the prefix of the reports, without a slash at its end.
        function: the ARN of the loader, with its version.
        role: the ARN of the role that S3 takes.
        chosen: what a manifest that S3 makes is of.
    """

    pipeline: str
    run: str
    bucket: str
    reports: str
    function: str
    role: str
    chosen: Chosen


def job_request(account: str, terms: Terms, note: JobNote) -> dict[str, Any]:
    """Return the request for a job; the same for the same job, so that S3 makes it once."""
    return {
        "AccountId": account,
        "ConfirmationRequired": False,
        "ClientRequestToken": f"dmslake-{terms.pipeline}-{terms.run}-{note.number}",
        "Description": f"dmslake backfill of {terms.pipeline}, {terms.run}, job {note.number}",
        "Operation": {
            "LambdaInvoke": {"FunctionArn": terms.function, "InvocationSchemaVersion": "2.0"}
        },
        "Priority": _PRIORITY,
        "RoleArn": terms.role,
        "Report": {
            "Enabled": True,
            "Bucket": terms.bucket,
            "Prefix": terms.reports,
            "Format": "Report_CSV_20180820",
            "ReportScope": "AllTasks",
        },
        **_manifest(account, terms, note),
    }


def _manifest(account: str, terms: Terms, note: JobNote) -> dict[str, Any]:
    if note.manifest == GENERATED:
        return {"ManifestGenerator": {"S3JobManifestGenerator": _generator(account, terms)}}
    if note.is_whole:
        spec: dict[str, Any] = {"Format": "S3InventoryReport_CSV_20161130"}
        arn = note.manifest
    else:
        spec = {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]}
        arn = f"{terms.bucket}/{note.manifest}"
    return {"Manifest": {"Spec": spec, "Location": {"ObjectArn": arn, "ETag": note.etag}}}


def _generator(account: str, terms: Terms) -> dict[str, Any]:
    prefix, since, until = terms.chosen
    times = {"CreatedAfter": since, "CreatedBefore": until}
    return {
        "ExpectedBucketOwner": account,
        "SourceBucket": terms.bucket,
        "EnableManifestOutput": True,
        "ManifestOutputLocation": {
            "ExpectedManifestBucketOwner": account,
            "Bucket": terms.bucket,
            "ManifestPrefix": terms.reports,
            "ManifestEncryption": {"SSES3": {}},
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
        },
        "Filter": {
            "KeyNameConstraint": {"MatchAnyPrefix": [prefix]},
            **{name: time for name, time in times.items() if time is not None},
        },
    }


def begin_job(clients: Clients, terms: Terms, note: JobNote) -> str:
    """Make a job, or find the one that was made; returns its id. Raises CloudError."""
    with translating("starting the job of S3 Batch Operations"):
        request = job_request(clients.account.id, terms, note)
        return str(clients.s3control.create_job(**request)["JobId"])


def cancel_job(clients: Clients, ledger: Ledger) -> str:
    """Cancel the job of a run that is not over; returns its id, empty where there is none.

    What it has moved stays moved; the next run reads its report. Raises CloudError.
    """
    note = JobNotes(ledger).open()
    if note is None or not note.job:
        return ""
    account = clients.account.id
    if look(clients, note.job).state not in _MAY_BE_CANCELLED:
        return ""
    with translating("cancelling the job of S3 Batch Operations"):
        clients.s3control.update_job_status(
            AccountId=account,
            JobId=note.job,
            RequestedJobStatus="Cancelled",
            StatusUpdateReason="dmslake backfill cancel",
        )
    return note.job
