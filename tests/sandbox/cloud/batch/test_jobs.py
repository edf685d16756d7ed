"""Jobs of S3 Batch Operations in the sandbox: as documented, over a function that really runs."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.processes import wait_until
from tests.sandbox.calls import Calls

SERVICE = "batchoperations.s3.amazonaws.com"
FUNCTION = """
import tempfile
import time
from pathlib import Path

def is_first(function, key):
    # More than one process may run the function.
    try:
        Path(tempfile.gettempdir(), f"{function}-{key}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

def handler(event, context):
    (task,) = event["tasks"]
    key = task["s3Key"]
    if key.startswith("slow"):
        time.sleep(0.2)
    if key.startswith("broken"):
        raise ValueError("no")
    code = "Succeeded"
    if key.startswith("bad"):
        code = "PermanentFailure"
    if key.startswith("tired"):
        code = "TemporaryFailure"
    if key.startswith("shy") and is_first(context.function_name, key):
        code = "TemporaryFailure"
    bucket = task.get("s3Bucket") or task["s3BucketArn"]
    results = [{"taskId": task["taskId"], "resultCode": code, "resultString": f"{bucket}, {key}"}]
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "invocationId": event["invocationId"],
        "treatMissingKeysAs": "PermanentFailure",
        "results": results,
    }
"""


class Jobs:
    """A function with a version, a role for jobs, and a bucket for manifests and reports."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.control = calls.client("s3control")
        self.account = calls.sandbox.account
        self.bucket = calls.bucket()
        function = calls.function(calls.role(), FUNCTION)
        self.function = calls.functions.publish_version(FunctionName=function)["FunctionArn"]
        source = {"StringEquals": {"aws:SourceAccount": self.account}}
        self.role = calls.role(SERVICE, **source)
        calls.allow(self.role, self.function, "lambda:InvokeFunction")
        calls.allow(self.role, f"arn:aws:s3:::{self.bucket}/*", "s3:GetObject", "s3:PutObject")

    def manifest(self, keys: list[str], **put: Any) -> dict[str, Any]:
        text = "".join(f"stg,{key}\n" for key in keys)
        name = f"manifest-{uuid.uuid4().hex}.csv"
        made = self.calls.s3.put_object(Bucket=self.bucket, Key=name, Body=text.encode(), **put)
        return {
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
            "Location": {"ObjectArn": f"arn:aws:s3:::{self.bucket}/{name}", "ETag": made["ETag"]},
        }

    def request(self, keys: list[str], **other: Any) -> dict[str, Any]:
        invoke = {"FunctionArn": self.function, "InvocationSchemaVersion": "2.0"}
        report = {
            "Enabled": True,
            "Bucket": f"arn:aws:s3:::{self.bucket}",
            "Prefix": "reports",
            "Format": "Report_CSV_20180820",
            "ReportScope": "AllTasks",
        }
        return {
            "AccountId": self.account,
            "ClientRequestToken": uuid.uuid4().hex,
            "ConfirmationRequired": False,
            "Operation": {"LambdaInvoke": invoke},
            "Priority": 10,
            "Report": report,
            "RoleArn": self.role,
            "Manifest": self.manifest(keys),
            **other,
        }

    def create(self, keys: list[str], **other: Any) -> str:
        found: str = self.control.create_job(**self.request(keys, **other))["JobId"]
        return found

    def key(self) -> str:
        made: str = self.calls.client("kms").create_key()["KeyMetadata"]["Arn"]
        return made

    def job(self, name: str) -> Any:
        return self.control.describe_job(AccountId=self.account, JobId=name)["Job"]

    def ended(self, name: str) -> Any:
        over = {"Complete", "Failed", "Cancelled"}
        assert wait_until(lambda: self.job(name)["Status"] in over, 30), self.job(name)
        return self.job(name)

    def rows(self, name: str) -> list[list[str]]:
        about = json.loads(self._get(f"reports/job-{name}/manifest.json"))
        texts = (self._get(one["Key"]) for one in about["Results"])
        return sorted(row for text in texts for row in csv.reader(io.StringIO(text)))

    def _get(self, key: str) -> str:
        return self.calls.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()


@pytest.fixture(scope="module")
def jobs(calls: Calls) -> Jobs:
    return Jobs(calls)


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        work()
    return caught.value.response["Error"]["Code"]


def test_every_task_is_in_the_report_with_the_status_before_the_code(jobs: Jobs) -> None:
    name = jobs.create(["good%20one", "bad", "broken", "tired", "shy"])
    found = jobs.ended(name)
    assert found["Status"] == "Complete"
    progress = found["ProgressSummary"]
    assert (progress["NumberOfTasksSucceeded"], progress["NumberOfTasksFailed"]) == (2, 3)
    rows = {row[1]: row for row in jobs.rows(name)}
    assert rows["good%20one"] == [
        "stg", "good%20one", "", "succeeded", "200", "", "stg, good%20one",
    ]  # fmt: skip
    assert rows["bad"][3:6] == ["failed", "200", "PermanentFailure"]
    assert rows["broken"][3:6] == ["failed", "200", "PermanentFailure"]
    assert rows["tired"][3:6] == ["failed", "200", "TemporaryFailure"]
    assert rows["shy"][3:6] == ["succeeded", "200", ""]


def test_a_job_comes_over_tls(jobs: Jobs) -> None:
    arn = f"arn:aws:s3:::{jobs.bucket}"
    refused_without = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [refused_without]}
    jobs.calls.s3.put_bucket_policy(Bucket=jobs.bucket, Policy=json.dumps(document))
    assert jobs.ended(jobs.create(["one"]))["Status"] == "Complete"


def test_the_first_schema_names_buckets_by_their_arn(jobs: Jobs) -> None:
    invoke = {"FunctionArn": jobs.function, "InvocationSchemaVersion": "1.0"}
    name = jobs.create(["one"], Operation={"LambdaInvoke": invoke})
    jobs.ended(name)
    assert jobs.rows(name)[0][6] == "arn:aws:s3:::stg, one"


def test_a_job_goes_through_its_states(jobs: Jobs) -> None:
    seen: list[str] = []
    name = jobs.create(["slow"])

    def is_over() -> bool:
        state = jobs.job(name)["Status"]
        if state not in seen:
            seen.append(state)
        return bool(state == "Complete")

    assert wait_until(is_over, 30)
    order = ["New", "Preparing", "Ready", "Active", "Completing", "Complete"]
    assert [state for state in order if state in seen] == seen
    assert "Active" in seen


def test_the_same_token_makes_one_job(jobs: Jobs) -> None:
    request = jobs.request(["one"])
    first = jobs.control.create_job(**request)["JobId"]
    assert jobs.control.create_job(**request)["JobId"] == first
    other = {**request, "Priority": 11}
    assert refused(lambda: jobs.control.create_job(**other)) == "IdempotencyException"
    listed = jobs.control.list_jobs(AccountId=jobs.account)["Jobs"]
    assert [one["JobId"] for one in listed].count(first) == 1


def test_a_cancelled_job_reports_what_it_did(jobs: Jobs) -> None:
    name = jobs.create([f"slow{number}" for number in range(400)])

    def has_begun() -> bool:
        return bool(jobs.job(name)["ProgressSummary"]["NumberOfTasksSucceeded"])

    assert wait_until(has_begun, 20)
    told = jobs.control.update_job_status(
        AccountId=jobs.account, JobId=name, RequestedJobStatus="Cancelled", StatusUpdateReason="why"
    )
    assert told["Status"] == "Cancelling"
    found = jobs.ended(name)
    assert (found["Status"], found["StatusUpdateReason"]) == ("Cancelled", "why")
    assert 0 < len(jobs.rows(name)) < 400
    again = lambda: jobs.control.update_job_status(  # noqa: E731 - called once, below
        AccountId=jobs.account, JobId=name, RequestedJobStatus="Cancelled"
    )
    assert refused(again) == "JobStatusException"


def test_a_job_waits_for_its_confirmation(jobs: Jobs) -> None:
    name = jobs.create(["one"], ConfirmationRequired=True)
    assert wait_until(lambda: jobs.job(name)["Status"] == "Suspended", 20)
    jobs.control.update_job_status(AccountId=jobs.account, JobId=name, RequestedJobStatus="Ready")
    assert jobs.ended(name)["Status"] == "Complete"


def test_a_job_fails_when_half_of_a_thousand_tasks_did(jobs: Jobs) -> None:
    role = jobs.calls.role(SERVICE)
    jobs.calls.allow(role, f"arn:aws:s3:::{jobs.bucket}/*", "s3:GetObject", "s3:PutObject")
    name = jobs.create([f"k{number}" for number in range(2000)], RoleArn=role)
    found = jobs.ended(name)
    assert found["Status"] == "Failed"
    rows = jobs.rows(name)
    assert 1000 <= len(rows) < 2000
    assert rows[0][3:6] == ["failed", "403", "AccessDenied"]


def test_fewer_failures_than_a_thousand_fail_no_job(jobs: Jobs) -> None:
    found = jobs.ended(jobs.create([f"bad{number}" for number in range(20)]))
    assert (found["Status"], found["ProgressSummary"]["NumberOfTasksFailed"]) == ("Complete", 20)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("etag", "ETag"), ("kms", "KMS"), ("trust", "assumed"), ("manifest", "forbidden")],
)
def test_what_cannot_be_prepared_fails(jobs: Jobs, wrong: str, why: str) -> None:
    request = jobs.request(["one"])
    if wrong == "etag":
        request["Manifest"]["Location"]["ETag"] = "0" * 32
    elif wrong == "kms":
        request["Manifest"] = jobs.manifest(
            ["one"], ServerSideEncryption="aws:kms", SSEKMSKeyId=jobs.key()
        )
    elif wrong == "trust":
        request["RoleArn"] = jobs.calls.role()
    else:
        request["RoleArn"] = jobs.calls.role(SERVICE)
    found = jobs.ended(jobs.control.create_job(**request)["JobId"])
    assert found["Status"] == "Failed"
    assert why in found["FailureReasons"][0]["FailureReason"]


def test_a_job_is_refused_to_who_may_not_make_or_see_it(jobs: Jobs) -> None:
    calls = jobs.calls
    nobody = calls.client("s3control", calls.user("s3:ListBucket"))
    assert refused(lambda: nobody.create_job(**jobs.request(["one"]))) == "AccessDenied"
    maker = calls.client("s3control", calls.user("s3:CreateJob"))
    assert refused(lambda: maker.create_job(**jobs.request(["one"]))) == "AccessDenied"
    assert refused(lambda: nobody.list_jobs(AccountId=jobs.account)) == "AccessDenied"
    both = calls.client("s3control", calls.user("s3:CreateJob", "iam:PassRole"))
    name = both.create_job(**jobs.request(["one"]))["JobId"]
    assert refused(lambda: both.describe_job(AccountId=jobs.account, JobId=name)) == "AccessDenied"
    assert refused(lambda: jobs.job("00000000-0000-0000-0000-000000000000")) == "NotFoundException"


class Generating:
    """Jobs over a manifest that S3 makes of a bucket."""

    def __init__(self, jobs: Jobs, *staged: str) -> None:
        self.jobs = jobs
        self.bucket = jobs.calls.bucket()
        for key in staged:
            jobs.calls.s3.put_object(Bucket=self.bucket, Key=key, Body=b"x")
        jobs.calls.allow(jobs.role, f"arn:aws:s3:::{self.bucket}", "s3:PutInventoryConfiguration")

    def request(self, **chosen: Any) -> dict[str, Any]:
        request = self.jobs.request([])
        del request["Manifest"]
        output = {
            "Bucket": f"arn:aws:s3:::{self.jobs.bucket}",
            "ManifestPrefix": "made",
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
        }
        generator = {
            "SourceBucket": f"arn:aws:s3:::{self.bucket}",
            "EnableManifestOutput": True,
            "ManifestOutputLocation": output,
            "Filter": chosen,
        }
        return {**request, "ManifestGenerator": {"S3JobManifestGenerator": generator}}

    def ended(self, **chosen: Any) -> Any:
        made = self.jobs.control.create_job(**self.request(**chosen))
        return self.jobs.ended(made["JobId"])


def test_a_generated_manifest_holds_what_its_filter_takes(jobs: Jobs) -> None:
    generating = Generating(jobs, "a/1", "a/2 +", "b/1")
    found = generating.ended(KeyNameConstraint={"MatchAnyPrefix": ["a/"]})
    assert found["Status"] == "Complete"
    assert [row[1] for row in jobs.rows(found["JobId"])] == ["a/1", "a/2+%2B"]
    kept = jobs.calls.s3.list_objects_v2(
        Bucket=jobs.bucket, Prefix=f"made/job-{found['JobId']}-manifest/"
    )["Contents"]
    assert [one["Key"].rpartition(".")[2] for one in kept] == ["gz", "json"]
    later = datetime(2099, 1, 1, tzinfo=UTC)
    assert generating.ended(CreatedAfter=later)["Status"] == "Failed"
    assert generating.ended(CreatedBefore=later)["ProgressSummary"]["TotalNumberOfTasks"] == 3


def test_a_manifest_is_generated_only_with_the_right_to_it(jobs: Jobs) -> None:
    generating = Generating(jobs, "a/1")
    request = generating.request()
    request["RoleArn"] = jobs.calls.role(SERVICE)
    found = jobs.ended(jobs.control.create_job(**request)["JobId"])
    assert found["Status"] == "Failed"
    assert "forbidden" in found["FailureReasons"][0]["FailureReason"]


def test_a_generator_that_the_sandbox_does_not_know_is_refused(jobs: Jobs) -> None:
    request = Generating(jobs).request(ObjectSizeGreaterThanBytes=5)
    assert refused(lambda: jobs.control.create_job(**request)) == "InvalidRequest"
    request = jobs.request(["one"], ManifestGenerator=request["ManifestGenerator"])
    assert refused(lambda: jobs.control.create_job(**request)) == "InvalidRequest"


def test_what_the_sandbox_cannot_run_is_refused(jobs: Jobs) -> None:
    request = jobs.request(["one"], Operation={"S3DeleteObjectTagging": {}})
    assert refused(lambda: jobs.control.create_job(**request)) == "InvalidRequest"
