"""Rules of IAM, S3, SQS, Lambda and CloudWatch Logs, which their models do not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.truth.mistake import Found, Request

_SID = re.compile(r"[A-Za-z0-9]*")
_PATH = re.compile(r"/|/[\x21-\x7e]*/")
# The white space of a policy does not count. https://docs.aws.amazon.com/IAM/latest/UserGuide/
# reference_iam-quotas.html
_POLICY_SIZES = {
    ("PutRolePolicy", "PolicyDocument"): 10_240,
    ("CreateRole", "AssumeRolePolicyDocument"): 2_048,
    ("UpdateAssumeRolePolicy", "PolicyDocument"): 2_048,
    ("CreatePolicy", "PolicyDocument"): 6_144,
}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_BUCKET_POLICY, _LONGEST_KEY, _LONGEST_ID = 20_480, 1_024, 255
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_QUEUE_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARCHIVE, _ENVIRONMENT = 50 * 1024 * 1024, 4_096
_OF_LAMBDA = (
    "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "TZ",
)  # fmt: skip
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


def policies(request: Request) -> Found:
    """Policies fit their quotas, are JSON, and have statements with names of their own."""
    for (operation, member), most in _POLICY_SIZES.items():
        text = request.members.get(member)
        if request.operation != operation or not isinstance(text, str):
            continue
        size = len(re.sub(r"\s", "", text))
        if size > most:
            yield member, text, f"at most {most} characters without white space, not {size}"
        yield from _statements(member, text)


def _statements(member: str, text: str) -> Found:
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError:
        yield member, text, "JSON"
        return
    listed = found.get("Statement", [])
    sids = [
        one["Sid"] for one in ([listed] if isinstance(listed, dict) else listed) if "Sid" in one
    ]
    if len(set(sids)) < len(sids):
        yield member, sids, "each Sid once"
    for sid in sids:
        if not _SID.fullmatch(sid):
            yield f"{member}.Sid", sid, "letters and digits only"


def paths(request: Request) -> Found:
    """A path begins and ends with a slash."""
    path = request.members.get("Path")
    if isinstance(path, str) and not _PATH.fullmatch(path):
        yield "Path", path, "begins and ends with /"


def buckets(request: Request) -> Found:
    """Bucket names: DNS labels in lower case, no address, nothing that AWS keeps for itself."""
    name = request.members.get("Bucket")
    if not isinstance(name, str) or name.startswith("arn:"):
        return
    if not _BUCKET.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        yield (
            "Bucket", name,
            "3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends",
        )  # fmt: skip
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        yield "Bucket", name, "no prefix or suffix that S3 reserves"


def objects(request: Request) -> Found:
    """Keys are at most 1,024 bytes; nothing is put in the one region that has no name here."""
    key = request.members.get("Key")
    if isinstance(key, str) and len(key.encode()) > _LONGEST_KEY:
        yield "Key", key, "at most 1024 bytes"
    where = request.members.get("CreateBucketConfiguration")
    if isinstance(where, Mapping) and where.get("LocationConstraint") == "us-east-1":
        yield "CreateBucketConfiguration.LocationConstraint", "us-east-1", "left out"


def documents(request: Request) -> Found:
    """A bucket's policy fits; rules and notifications have ids of their own that fit."""
    policy = request.members.get("Policy")
    if isinstance(policy, str) and len(policy.encode()) > _BUCKET_POLICY:
        yield "Policy", policy, "at most 20480 bytes"
    rules = _of(request, "LifecycleConfiguration").get("Rules", [])
    yield from _ids("LifecycleConfiguration.Rules", [rule.get("ID") for rule in rules])
    entries = _of(request, "NotificationConfiguration")
    found = [one.get("Id") for listed in entries.values() if isinstance(listed, list)
             for one in listed]  # fmt: skip
    yield from _ids("NotificationConfiguration", found)


def _of(request: Request, member: str) -> Mapping[str, Any]:
    found = request.members.get(member)
    return found if isinstance(found, Mapping) else {}


def _ids(path: str, ids: list[str | None]) -> Found:
    named = [one for one in ids if one]
    if len(set(named)) < len(named):
        yield path, named, "each id once"
    for one in named:
        if len(one) > _LONGEST_ID:
            yield path, one, "ids of at most 255 characters"


def queues(request: Request) -> Found:
    """Queue names and the ranges of their attributes, which travel as text."""
    name = request.members.get("QueueName")
    if isinstance(name, str) and not _QUEUE.fullmatch(name.removesuffix(".fifo")):
        yield "QueueName", name, "1 to 80 letters, digits, hyphens and underscores"
    if request.operation not in ("CreateQueue", "SetQueueAttributes"):
        return
    for attribute, value in _of(request, "Attributes").items():
        least, most = _QUEUE_RANGES.get(attribute, (None, None))
        if least is not None and not (value.isdigit() and least <= int(value) <= (most or 0)):
            yield f"Attributes.{attribute}", value, f"{least} to {most}"
        if attribute == "RedrivePolicy" and value:
            count = int(json.loads(value).get("maxReceiveCount", 0))
            if not 1 <= count <= 1_000:
                yield f"Attributes.{attribute}", value, "maxReceiveCount from 1 to 1000"


def functions(request: Request) -> Found:
    """Function names, the size of the archive and of the environment, reserved variables."""
    name = request.members.get("FunctionName")
    if isinstance(name, str) and not name.startswith("arn:") and not _FUNCTION.fullmatch(name):
        yield "FunctionName", name, "1 to 64 letters, digits, hyphens and underscores"
    code = request.members.get("ZipFile") or _of(request, "Code").get("ZipFile")
    if isinstance(code, bytes) and len(code) > _ARCHIVE:
        yield "ZipFile", f"{len(code)} bytes", "at most 50 MB"
    variables = _of(request, "Environment").get("Variables", {})
    if sum(len(key.encode()) + len(value.encode()) for key, value in variables.items()) > (
        _ENVIRONMENT
    ):
        yield "Environment.Variables", sorted(variables), "at most 4096 bytes together"
    for key in variables:
        if key in _OF_LAMBDA or not _VARIABLE.fullmatch(key):
            yield "Environment.Variables", key, "a name that Lambda does not reserve"


RULES = {
    "iam": (policies, paths),
    "lambda": (functions,),
    "s3": (buckets, objects, documents),
    "sqs": (queues,),
}
