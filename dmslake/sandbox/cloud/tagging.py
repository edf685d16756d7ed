"""Tags of objects: whoever copies or sets them needs the right to, and uploads in parts keep them.

MiniStack asks nobody, and forgets the tags that an upload in parts begins with.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from dmslake.sandbox.cloud.upstream import part, replace

_S3, _ACTIONS = "services.s3", "core.iam_actions"
_HEADER = "x-amz-tagging"
_UPLOAD = re.compile(rb"<UploadId>([^<]+)<")
_OK = 200

Check = tuple[str, str]


def install() -> None:
    """Let S3 ask IAM about tags, and keep those of uploads."""
    replace(_ACTIONS, "s3_additional_checks", _asking)
    replace(_S3, "_create_multipart_upload", _noting)
    replace(_S3, "_complete_multipart_upload", _setting)


def _asking(checks: Callable[..., list[Check]]) -> Callable[..., list[Check]]:
    def s3_additional_checks(
        method: str, path: str, headers: Any, body: bytes, query: Any
    ) -> list[Check]:
        known = checks(method, path, headers, body, query)
        if method not in {"PUT", "POST"} or {"tagging", "partNumber"} & set(query):
            return known
        target = f"arn:aws:s3:::{path.lstrip('/')}"
        return [*known, *_rights(headers, target)]

    return s3_additional_checks


def _rights(headers: Any, target: str) -> Iterator[Check]:
    source = part(_ACTIONS, "_s3_source_object")(headers)
    replaced = headers.get("x-amz-tagging-directive", "COPY").upper() == "REPLACE"
    copied = not replaced and source is not None and _tags(*source)
    if copied:
        arn, version = source
        yield f"s3:GetObject{'Version' if version else ''}Tagging", arn
    if copied or headers.get(_HEADER):
        yield "s3:PutObjectTagging", target


def _tags(arn: str, version: str) -> Mapping[str, str]:
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    objects = part(_S3, "_buckets").get(bucket, {}).get("objects", {})
    current = objects.get(key, {}).get("version_id")
    found: Mapping[str, str] = part(_S3, "_object_tags").get((bucket, key, version or current), {})
    return found


def _noting(create: Callable[..., Any]) -> Callable[..., Any]:
    def _create_multipart_upload(bucket: str, key: str, headers: Any) -> Any:
        answer = create(bucket, key, headers)
        begun = _UPLOAD.search(answer[2]) if answer[0] == _OK else None
        if begun:
            tags = dict(parse_qsl(headers.get(_HEADER, ""), keep_blank_values=True))
            part(_S3, "_multipart_uploads")[begun[1].decode()]["tags"] = tags
        return answer

    return _create_multipart_upload


def _setting(complete: Callable[..., Any]) -> Callable[..., Any]:
    def _complete_multipart_upload(
        bucket: str, key: str, body: bytes, query: Any, headers: Any = None
    ) -> Any:
        number = part(_S3, "_qp")(query, "uploadId")
        upload = part(_S3, "_multipart_uploads").get(number) or {}
        answer = complete(bucket, key, body, query, headers)
        if answer[0] == _OK and upload.get("tags"):
            version = answer[1].get("x-amz-version-id")
            part(_S3, "_object_tags")[bucket, key, version] = upload["tags"]
        return answer

    return _complete_multipart_upload
