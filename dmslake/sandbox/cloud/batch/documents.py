"""What S3 Control's requests and answers look like in XML, and what CreateJob accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from dmslake.sandbox.cloud.batch import manifests
from dmslake.sandbox.cloud.batch.model import Job

_FIELDS = (["Bucket", "Key"], ["Bucket", "Key", "VersionId"], ["Bucket", "Key", "Ignore"])
_CSV = "S3BatchOperations_CSV_20180820"
_REPORT = "Report_CSV_20180820"
_BUCKET_ARN = re.compile(r"arn:aws:s3:::[^/]+")
_FUNCTION_ARN = re.compile(r"arn:aws:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?")
_ARGUMENTS = 10


def parse(body: bytes) -> dict[str, Any]:
    """Return a request as boto3 was given it; raises ValueError for what is no such document."""
    try:
        found = _read(ET.fromstring(body))  # noqa: S314 - from this machine's own clients
    except ET.ParseError as error:
        raise ValueError("the request is not XML") from error
    if not isinstance(found, dict):
        raise ValueError("the request is empty")  # noqa: TRY004 - the request is wrong, not a type
    return found


def _read(element: ET.Element) -> Any:
    children = [(child.tag.rpartition("}")[2], child) for child in element]
    names = {name for name, _ in children}
    if names == {"member"}:
        return [_read(child) for _, child in children]
    if names == {"entry"}:
        pairs = (_read(child) for _, child in children)
        return {pair["key"]: pair["value"] for pair in pairs}
    if children:
        return {name: _read(child) for name, child in children}
    return element.text or ""


def answer(name: str, content: Mapping[str, Any]) -> bytes:
    """Write an answer."""
    root = ET.Element(name)
    _write(root, content)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _write(element: ET.Element, content: Any) -> None:
    if isinstance(content, Mapping):
        for name, value in content.items():
            _write(ET.SubElement(element, name), value)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for value in content:
            _write(ET.SubElement(element, "member"), value)
    else:
        text = str(content).lower() if isinstance(content, bool) else str(content)
        element.text = "".join(one if one.isprintable() else " " for one in text)


def problem(request: Mapping[str, Any]) -> str:
    """Return why a job cannot be made; empty when it can.

    Of the operations there is LambdaInvoke only, of the manifests the CSV, the inventory and those
    that S3 generates.
    """
    operation, report = request.get("Operation"), request.get("Report")
    invoke = operation.get("LambdaInvoke") if isinstance(operation, dict) else None
    if not isinstance(invoke, dict):
        return "the sandbox runs jobs of the operation LambdaInvoke only"
    manifest, generator = request.get("Manifest"), request.get("ManifestGenerator")
    if isinstance(manifest, dict) == isinstance(generator, dict):
        return "one of Manifest and ManifestGenerator is required"
    if not isinstance(report, dict) or not request.get("RoleArn"):
        return "Report and RoleArn are required"
    wrong = (
        _wrong_manifest(manifest)
        if isinstance(manifest, dict)
        else manifests.problem((generator or {}).get("S3JobManifestGenerator"))
    )
    return _wrong_function(invoke) or wrong or _wrong_report(report)


def _wrong_function(invoke: Mapping[str, Any]) -> str:
    version, arguments = invoke.get("InvocationSchemaVersion", "1.0"), invoke.get("UserArguments")
    if not _FUNCTION_ARN.fullmatch(str(invoke.get("FunctionArn"))):
        return "FunctionArn is not the ARN of a function"
    if version not in {"1.0", "2.0"}:
        return f"InvocationSchemaVersion {version} is not 1.0 or 2.0"
    if arguments and (version != "2.0" or len(arguments) > _ARGUMENTS):
        return "UserArguments need InvocationSchemaVersion 2.0, and are ten at most"
    return ""


def _wrong_manifest(manifest: Mapping[str, Any]) -> str:
    spec, location = manifest.get("Spec", {}), manifest.get("Location", {})
    if spec.get("Format") == manifests.INVENTORY:
        if "Fields" in spec:
            return "an inventory has no Fields"
    elif spec.get("Format") != _CSV or spec.get("Fields") not in _FIELDS:
        return f"the sandbox reads manifests of the format {_CSV} with Bucket and Key only"
    return "" if location.get("ObjectArn") and location.get("ETag") else "Location is not complete"


def _wrong_report(report: Mapping[str, Any]) -> str:
    if report.get("Enabled") != "true":
        return ""
    if report.get("Format") != _REPORT or not _BUCKET_ARN.fullmatch(str(report.get("Bucket"))):
        return f"an enabled report needs the ARN of a bucket and the format {_REPORT}"
    known = report.get("ReportScope") in {"AllTasks", "FailedTasksOnly"}
    return "" if known else "ReportScope is not AllTasks or FailedTasksOnly"


def descriptor(job: Job) -> dict[str, Any]:
    """Return what DescribeJob tells of a job."""
    request = job.request
    told: dict[str, Any] = {
        "JobId": job.id,
        "ConfirmationRequired": request.get("ConfirmationRequired", "false"),
        "Description": request.get("Description", ""),
        "JobArn": job.arn,
        "Status": job.state,
        **{name: request[name] for name in ("Manifest", "ManifestGenerator") if name in request},
        "Operation": _without_arguments(request["Operation"]),
        "Priority": job.priority,
        "ProgressSummary": _progress(job),
        "StatusUpdateReason": job.reason,
        "FailureReasons": job.failures,
        "Report": request["Report"],
        "CreationTime": job.created,
        "RoleArn": job.role,
    }
    return {**told, "TerminationDate": job.ended} if job.ended else told


def entry(job: Job) -> dict[str, Any]:
    """Return what ListJobs tells of a job."""
    told = {
        "JobId": job.id,
        "Description": job.request.get("Description", ""),
        "Operation": "LambdaInvoke",
        "Priority": job.priority,
        "Status": job.state,
        "CreationTime": job.created,
        "ProgressSummary": _progress(job),
    }
    return {**told, "TerminationDate": job.ended} if job.ended else told


def _without_arguments(operation: Mapping[str, Any]) -> dict[str, Any]:
    # Maps are written in another way than structures, and nobody reads this one.
    invoke = {k: v for k, v in operation["LambdaInvoke"].items() if k != "UserArguments"}
    return {"LambdaInvoke": invoke}


def _progress(job: Job) -> dict[str, Any]:
    return {
        "TotalNumberOfTasks": job.total,
        "NumberOfTasksSucceeded": job.succeeded,
        "NumberOfTasksFailed": job.failed,
        "Timers": {"ElapsedTimeInActiveSeconds": job.active_seconds},
    }
