"""What a test hears on the wire: calls as IAM actions, and what botocore's model forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse

from dmslake.aws.clients import Clients

# Where the name of the API call is not the name of the IAM action.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_ALIASES = {
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:DeleteObject": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3:GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3:PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3:PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3:GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "s3:PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
}


@dataclass
class Calls:
    """What was called since the last `clear`."""

    actions: set[str] = field(default_factory=set)
    mistakes: list[str] = field(default_factory=list)
    deny: bool = False

    def clear(self) -> None:
        self.actions.clear()


def listen(session: Any) -> Calls:
    """Record every call of a boto3 session."""
    calls = Calls()

    def before_call(model: Any, **_: Any) -> AWSResponse | None:
        name = f"{model.service_model.signing_name}:{model.name}"
        calls.actions.update(_ALIASES.get(name, (name,)))
        return None

    def parameters(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.input_shape is not None:
            calls.mistakes += list(_check(model.input_shape, params, model.name))

    def before_send(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        return _denied(request, event_name.split(".")[1]) if calls.deny else None

    session.events.register("before-call.*.*", before_call)
    session.events.register("before-parameter-build.*.*", parameters)
    session.events.register("before-send.*.*", before_send)
    return calls


@contextmanager
def denied(calls: Calls) -> Iterator[None]:
    calls.deny = True
    try:
        yield
    finally:
        calls.deny = False


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


def _denied(request: Any, service: str) -> AWSResponse:
    """Answer like S3, IAM, EC2 (XML) or the JSON services; a HEAD has no body to say why."""
    xml = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    query = b"<ErrorResponse>" + xml + b"</ErrorResponse>"
    json_body = b'{"__type": "AccessDeniedException", "message": "no"}'
    if request.method == "HEAD":
        content = b""
    elif service == "iam":
        content = query
    elif service == "ec2":
        content = b"<Response><Errors>" + xml + b"</Errors></Response>"
    elif service == "s3":
        content = xml
    else:
        content = json_body
    headers: Any = {"x-amzn-errortype": "AccessDeniedException"}
    return AWSResponse(request.url, 403, headers, _Body(content))


def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield what boto3 does not check: enums, patterns, lengths and ranges."""
    limits = shape.metadata
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {shape.enum}"
    if isinstance(value, str):
        pattern = limits.get("pattern")
        # Java's \\p{…} classes are not known to Python: those patterns are left to the services.
        if pattern and "\\p{" not in pattern and not re.search(pattern, value):
            yield f"{path}: {value!r} does not match {pattern}"
    size = (
        value if isinstance(value, (int, float)) else len(value) if hasattr(value, "__len__") else 0
    )
    if limits.get("min") is not None and size < limits["min"]:
        yield f"{path}: {size} is less than {limits['min']}"
    if limits.get("max") is not None and size > limits["max"]:
        yield f"{path}: {size} is more than {limits['max']}"
    yield from _inner(shape, value, path)


def _inner(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members:
                yield from _check(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from _check(shape.member, item, f"{path}[]")


def clients_of(session: Any, account: Any) -> Clients:
    return Clients(session, account)
