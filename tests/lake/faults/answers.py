"""S3's side of the protocol: requests as botocore writes them, answers as it reads them.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.lake.faults.kept import RefusedError, Shelves, Version

ACCOUNT = "123456789012"
STAGING = "staging"
KEPT = ("content-type", "cache-control", "content-encoding")
_OWNERS = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")


@dataclass(frozen=True)
class Request:
    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(cls, head: str, body: bytes) -> Request:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        # Not urlsplit alone: a path that starts with two slashes is no host.
        path, _, query = target.partition("?")
        _, bucket, key = unquote(path).split("/", 2)
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return cls(
            method, bucket, key, dict(parse_qsl(query, keep_blank_values=True)), headers, body
        )

    @property
    def operation(self) -> str:
        return _OPERATIONS[self.method, *sorted({"uploads", "uploadId", "tagging"} & {*self.query})]

    @property
    def source(self) -> tuple[str, str | None]:
        """Name the key and version that are copied."""
        parts = urlsplit(self.headers["x-amz-copy-source"])
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        return key, dict(parse_qsl(parts.query)).get("versionId")


_OPERATIONS = {
    ("HEAD",): "HeadObject",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT",): "CopyObject",
    ("PUT", "uploadId"): "UploadPartCopy",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None


def refusal(status: int, code: str) -> Answer:
    text = f"<?xml version='1.0'?>\n<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Answer(status, text.encode())


def answer(shelves: Shelves, request: Request) -> Answer:
    """Do what a request asks for."""
    owners = {request.headers.get(name) for name in _OWNERS if name in request.headers}
    needed = 2 if "x-amz-copy-source" in request.headers else 1
    stated = sum(name in request.headers for name in _OWNERS)
    if owners != {ACCOUNT} or stated < needed:
        return refusal(403, "AccessDenied")
    try:
        return _DONE[request.operation](shelves, request)
    except RefusedError as no:
        return refusal(no.status, no.code)


def _head(shelves: Shelves, request: Request) -> Answer:
    if request.bucket != STAGING:
        return Answer(200, headers=_described(shelves.look(request.key)))
    return Answer(
        200, headers=_described(shelves.find(request.key, request.query.get("versionId")))
    )


def _described(found: Version) -> dict[str, str]:
    return {
        "Content-Length": str(len(found.body)),
        "ETag": f'{found.etag[:-1]}-{found.parts}"' if found.parts else found.etag,
        "Last-Modified": format_datetime(found.modified, usegmt=True),
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        **found.properties,
    }


def _tags(shelves: Shelves, request: Request) -> Answer:
    found = shelves.find(request.key, request.query.get("versionId"))
    pairs = "".join(
        f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>"
        for key, value in found.tags.items()
    )
    return _xml("Tagging", f"<TagSet>{pairs}</TagSet>")


def _copy(shelves: Shelves, request: Request) -> Answer:
    made = shelves.copy(_source(shelves, request), request.key)
    return _xml("CopyObjectResult", f"<ETag>{made.etag}</ETag>")


def _source(shelves: Shelves, request: Request) -> Version:
    key, version = request.source
    pin = request.headers.get("x-amz-copy-source-if-match")
    return shelves.source(key, version, pin) if pin else shelves.find(key, version)


def _part(shelves: Shelves, request: Request) -> Answer:
    found = _source(shelves, request)
    upload = shelves.upload(request.query["uploadId"])
    wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["x-amz-copy-source-range"])
    assert wanted is not None
    body = found.body[int(wanted[1]) : int(wanted[2]) + 1]
    upload.parts[int(request.query["partNumber"])] = body
    tag = md5(body).hexdigest()  # noqa: S324 - S3's ETag is an MD5
    return _xml("CopyPartResult", f'<ETag>"{tag}"</ETag>')


def _begin(shelves: Shelves, request: Request) -> Answer:
    names = (name for name in request.headers if name in KEPT or name.startswith("x-amz-meta-"))
    properties = {name: request.headers[name] for name in names}
    tags = dict(parse_qsl(request.headers.get("x-amz-tagging", "")))
    upload = shelves.begin(request.key, properties, tags)
    return _xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")


def _complete(shelves: Shelves, request: Request) -> Answer:
    numbers = [int(one) for one in re.findall(rb"<PartNumber>(\d+)</PartNumber>", request.body)]
    made = shelves.complete(request.query["uploadId"], numbers)
    return _xml("CompleteMultipartUploadResult", f"<ETag>{made.etag}</ETag>")


def _abort(shelves: Shelves, request: Request) -> Answer:
    shelves.abort(request.query["uploadId"])
    return Answer(204)


_DONE: dict[str, Callable[[Shelves, Request], Answer]] = {
    "HeadObject": _head,
    "GetObjectTagging": _tags,
    "CopyObject": _copy,
    "UploadPartCopy": _part,
    "CreateMultipartUpload": _begin,
    "CompleteMultipartUpload": _complete,
    "AbortMultipartUpload": _abort,
}


def _xml(name: str, content: str) -> Answer:
    text = f"<?xml version='1.0' encoding='UTF-8'?>\n<{name}>{content}</{name}>"
    return Answer(200, text.encode())
