"""Objects that are not there: S3 says so only to those who may list the bucket.

MiniStack told everybody, so a role that lacks the right was never seen to take every object that is
gone for one that it may not read.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dmslake.sandbox.cloud.upstream import part, replace

_S3 = "services.s3"
_NOT_FOUND = 404
_CODES = (b"<Code>NoSuchKey</Code>", b"<Code>NoSuchVersion</Code>")


def install() -> None:
    """Let S3 answer 403 for what is not there to whoever may not list."""
    replace(_S3, "_get_object", _reading)
    replace(_S3, "_head_object", _looking)
    replace(_S3, "_copy_object", _copying)
    replace(_S3, "_upload_part_copy", _copying_a_part)


def _reading(get: Callable[..., Any]) -> Callable[..., Any]:
    def _get_object(bucket: str, key: str, headers: Any, query: Any = None) -> Any:
        answer = get(bucket, key, headers, query)
        return _withheld(answer, bucket, headers, query) or answer

    return _get_object


def _looking(head: Callable[..., Any]) -> Callable[..., Any]:
    def _head_object(bucket: str, key: str, headers: Any = None, query: Any = None) -> Any:
        answer = head(bucket, key, headers, query)
        if answer[0] != _NOT_FOUND or _may_list(bucket, headers or {}, query):
            return answer
        return (*_denial(bucket)[:2], b"")  # an answer to HEAD has no body

    return _head_object


def _copying(copy: Callable[..., Any]) -> Callable[..., Any]:
    def _copy_object(bucket: str, key: str, headers: Any) -> Any:
        answer = copy(bucket, key, headers)
        return _withheld(answer, _source(headers), headers, None) or answer

    return _copy_object


def _copying_a_part(copy: Callable[..., Any]) -> Callable[..., Any]:
    def _upload_part_copy(bucket: str, key: str, query: Any, headers: Any) -> Any:
        answer = copy(bucket, key, query, headers)
        return _withheld(answer, _source(headers), headers, query) or answer

    return _upload_part_copy


def _source(headers: Any) -> str:
    found = part("core.iam_actions", "_s3_source_object")(headers)
    return found[0].removeprefix("arn:aws:s3:::").partition("/")[0] if found else ""


def _withheld(answer: Any, bucket: str, headers: Any, query: Any) -> Any:
    """Return the answer for who may not be told that something in a bucket is missing, or None."""
    missing = answer[0] == _NOT_FOUND and any(code in answer[2] for code in _CODES)
    return None if not missing or _may_list(bucket, headers, query) else _denial(bucket)


def _may_list(bucket: str, headers: Any, query: Any) -> bool:
    if bucket not in part(_S3, "_buckets"):
        return True  # that there is no such bucket is no secret
    region = part("core.responses", "get_region")()
    caller = part("core.router", "extract_access_key_id")(headers, query)
    enforce = part("core.iam_evaluator", "enforce")
    return enforce(caller, "s3:ListBucket", "s3", region, f"arn:aws:s3:::{bucket}") is None


def _denial(bucket: str) -> Any:
    return part(_S3, "_error")("AccessDenied", "Access Denied", 403, f"/{bucket}")
