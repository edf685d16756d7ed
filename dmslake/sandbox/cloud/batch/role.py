"""What a job does in the name of its role: it reads the manifest, calls the function, reports."""

from __future__ import annotations

import base64
import contextvars
import csv
import io
import threading
import uuid
from collections.abc import Callable
from typing import Any

from dmslake.sandbox.cloud.batch import manifests
from dmslake.sandbox.cloud.batch.model import Job, Result, Task
from dmslake.sandbox.cloud.permissions import may_assume, role_allows
from dmslake.sandbox.cloud.upstream import part

SERVICE = "batchoperations.s3.amazonaws.com"
TEMPORARY, PERMANENT = "TemporaryFailure", "PermanentFailure"
_S3, _LAMBDA = "services.s3", "services.lambda_svc"
_CODES = frozenset({"Succeeded", TEMPORARY, PERMANENT})
_OK, _DENIED, _THROTTLED = 200, 403, 429
_ARN = "arn:aws:s3:::"
_THROTTLE_SECONDS = 0.2
_THROTTLES = 50


class JobError(Exception):
    """Why a job fails as a whole: S3's code and its words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class JobRole:
    """The role of a job at work; `sees` tells whether services see a role already."""

    def __init__(self, job: Job, sees: Callable[[str], bool]) -> None:
        self._job = job
        self._sees = sees
        self._pause = threading.Event()

    def check(self) -> None:
        """Raise JobError when S3 cannot take the role."""
        job = self._job
        source = {"aws:SourceAccount": job.account, "aws:SourceArn": job.arn}
        if not (self._sees(job.role) and self._here(lambda: may_assume(SERVICE, job.role, source))):
            raise JobError("AccessDenied", f"the role {job.role} cannot be assumed by {SERVICE}")

    def tasks(self) -> list[Task]:
        """Read the manifest, or make it; raises JobError."""
        request = self._job.request
        if "ManifestGenerator" in request:
            return self._generated(request["ManifestGenerator"]["S3JobManifestGenerator"])
        location = request["Manifest"]["Location"]
        arn, version = location["ObjectArn"], location.get("ObjectVersionId") or None
        content, headers = self._object(arn, version)
        if headers["etag"].strip('"') != location["ETag"].strip('"'):
            raise JobError("PreconditionFailed", "the manifest is not the one of this ETag")
        if request["Manifest"]["Spec"]["Format"] == manifests.INVENTORY:
            return self._inventory(arn.removeprefix(_ARN).partition("/")[0], content)
        if "kms" in headers["encryption"]:
            raise JobError("InvalidManifest", "a CSV manifest cannot be encrypted with SSE-KMS")
        fields = request["Manifest"]["Spec"]["Fields"]
        return list(_lines(content, has_version="VersionId" in fields))

    def _inventory(self, bucket: str, manifest: bytes) -> list[Task]:
        def read(key: str) -> bytes:
            return self._object(f"{_ARN}{bucket}/{key}", None)[0]

        try:
            return list(manifests.inventory(manifest, read))
        except (ValueError, LookupError, OSError) as error:
            raise JobError("InvalidManifest", f"the inventory cannot be read: {error}") from error

    def _generated(self, generator: Any) -> list[Task]:
        bucket = generator["SourceBucket"]
        if not self._may("s3:PutInventoryConfiguration", bucket):
            raise JobError("AccessDenied", f"making a manifest of {bucket} is forbidden")
        found: list[Task] = self._here(lambda: manifests.generated(generator))
        if not found:
            raise JobError("EmptyManifest", "no object matches the manifest generator's filter")
        if generator["EnableManifestOutput"] == "true":
            place = generator["ManifestOutputLocation"]["Bucket"].removeprefix(_ARN)
            manifests.write(
                found, generator, self._job.id, lambda key, content: self.put(place, key, content)
            )
        return found

    def _object(self, arn: str, version: str | None) -> tuple[bytes, dict[str, str]]:
        bucket, _, key = arn.removeprefix(_ARN).partition("/")
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        if not self._may(action, arn):
            raise JobError("AccessDenied", f"reading the manifest {arn} is forbidden")
        content, headers = self._here(lambda: _read(bucket, key, version))
        if content is None:
            raise JobError("NoSuchKey", f"the manifest {arn} does not exist")
        return content, headers

    def invoke(self, task: Task) -> Result:
        """Call the function for one task."""
        function = str(self._job.invoke["FunctionArn"])
        if not self._may("lambda:InvokeFunction", function):
            text = f"{self._job.role} is not authorized to perform: lambda:InvokeFunction"
            return Result(succeeded=False, status=_DENIED, code="AccessDenied", text=text)
        event = self._event(task)
        for _ in range(_THROTTLES):
            found = _run(function, event)
            if found is None:
                text = f"Function not found: {function}"
                return Result(succeeded=False, status=404, code=PERMANENT, text=text)
            if not found.get("throttle"):
                return _understood(found, event)
            self._pause.wait(_THROTTLE_SECONDS)
        return Result(succeeded=False, status=_THROTTLED, code=TEMPORARY, text="Rate exceeded")

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Write a file of the report, or of a manifest; raises JobError."""
        if not self._may("s3:PutObject", f"{_ARN}{bucket}/{key}"):
            raise JobError("AccessDenied", f"writing to {bucket} is forbidden")
        # Reports are never encrypted with a key of KMS.
        headers = {"x-amz-server-side-encryption": "AES256", "content-type": "text/csv"}
        status, _, body = self._here(
            lambda: part(_S3, "_put_object")(bucket, key, content, headers)
        )
        if status != _OK:
            raise JobError("InvalidRequest", f"the report cannot be written: {body.decode()}")

    def _event(self, task: Task) -> dict[str, Any]:
        name = base64.b64encode(uuid.uuid4().bytes).decode()
        told: dict[str, Any] = {
            "taskId": name,
            "s3Key": task.key,
            "s3VersionId": task.version or None,
        }
        job: dict[str, Any] = {"id": self._job.id}
        if self._job.schema == "2.0":
            told["s3Bucket"] = task.bucket
            job["userArguments"] = self._job.invoke.get("UserArguments") or {}
        else:
            told["s3BucketArn"] = f"{_ARN}{task.bucket}"
        invocation = base64.b64encode(uuid.uuid4().bytes).decode()
        return {
            "invocationSchemaVersion": self._job.schema,
            "invocationId": invocation,
            "job": job,
            "tasks": [told],
        }

    def _may(self, action: str, resource: str) -> bool:
        return bool(self._here(lambda: role_allows(self._job.role, action, resource)))

    def _here(self, work: Callable[[], Any]) -> Any:
        """Do something in the job's account and region."""

        def scoped() -> Any:
            part("core.responses", "_request_account_id").set(self._job.account)
            part("core.responses", "_request_region").set(self._job.region)
            # As a service of AWS, over TLS: buckets commonly refuse everything else.
            part("core.iam_evaluator", "pin_request_origin")("", True)  # noqa: FBT003 - theirs
            return work()

        return contextvars.copy_context().run(scoped)


def _read(bucket: str, key: str, version: str | None) -> tuple[bytes | None, dict[str, str]]:
    content = part(_S3, "_get_object_data")(bucket, key, version)
    record = part(_S3, "_buckets").get(bucket, {}).get("objects", {}).get(key, {})
    kept = record.get("preserved_headers", {})
    encryption = str(kept.get("x-amz-server-side-encryption", ""))
    return content, {"etag": str(record.get("etag", "")), "encryption": encryption}


def _lines(content: bytes, *, has_version: bool) -> Any:
    rows = csv.reader(io.StringIO(content.decode("utf-8")))
    for number, row in enumerate(row for row in rows if row):
        yield Task(number, row[0], row[1], row[2] if has_version else "")


def _run(function: str, event: dict[str, Any]) -> dict[str, Any] | None:
    spec = function.split(":")
    record, config, _ = part(_LAMBDA, "_get_func_record_for_ref_in_scope")(
        function, account_id=spec[4], region=spec[3]
    )
    if not record or not config:
        return None
    record = part(_LAMBDA, "_execution_record_for_config")(record, config)
    found: dict[str, Any] = part(_LAMBDA, "_execute_function_with_config_scope")(record, event)
    return found


def _understood(found: dict[str, Any], event: dict[str, Any]) -> Result:
    """Read a function's answer; one that broke off failed for good, with HTTP's 200."""
    body = found.get("body")
    if found.get("error") or not isinstance(body, dict):
        return Result(succeeded=False, status=_OK, code=PERMANENT, text=f"Lambda failed: {body}")
    (asked,) = event["tasks"]
    named = {one.get("taskId"): one for one in body.get("results", [])}
    code = named.get(asked["taskId"], {}).get("resultCode") or body.get("treatMissingKeysAs")
    same = (body.get("invocationSchemaVersion"), body.get("invocationId")) == (
        event["invocationSchemaVersion"],
        event["invocationId"],
    )
    if not same or code not in _CODES:
        text = "the function's answer does not follow the schema of the invocation"
        return Result(succeeded=False, status=_OK, code=PERMANENT, text=text)
    text = str(named.get(asked["taskId"], {}).get("resultString", ""))
    done = code == "Succeeded"
    return Result(succeeded=done, status=_OK, code="" if done else code, text=text)
