"""An S3 in memory that fails on request. It keeps the rules the mover relies on."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import md5
from typing import Any
from urllib.parse import parse_qsl

ACCOUNT = "123456789012"
ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
SYSTEM = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage",
          "ContentType", "Expires", "Metadata")  # fmt: skip


class FakeClientError(Exception):
    """Shaped like botocore's ClientError."""

    def __init__(self, operation: str, code: str, status: int = 400) -> None:
        super().__init__(f"An error occurred ({code}) when calling the {operation} operation")
        self.response = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "REQUEST1"},
        }


class FakeExceptions:
    ClientError: type[Exception] = FakeClientError


@dataclass(frozen=True)
class Stored:
    body: bytes
    last_modified: datetime
    size: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    parts: int = 0

    @property
    def etag(self) -> str:
        return f'"{digest(self.body).hex()}{f"-{self.parts}" if self.parts else ""}"'


@dataclass
class Upload:
    request: Mapping[str, Any]
    begun: datetime
    parts: dict[int, bytes] = field(default_factory=dict)


Place = tuple[str, str, str | None]


@dataclass
class FakeS3:
    """`before` and `after` hold, per operation, what happens just before or after its next calls.

    `now` is S3's own clock.
    """

    owner: str = ACCOUNT
    now: datetime = ARRIVED + timedelta(seconds=3)
    objects: dict[Place, Stored] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    before: dict[str, deque[Callable[[], None]]] = field(default_factory=lambda: defaultdict(deque))
    after: dict[str, deque[Callable[[], None]]] = field(default_factory=lambda: defaultdict(deque))
    refuse: dict[str, Exception] = field(default_factory=dict)
    together: threading.Barrier | None = None

    @property
    def exceptions(self) -> FakeExceptions:
        return FakeExceptions()

    def put(
        self,
        key: str,
        body: bytes = b"data",
        *,
        bucket: str = "staging",
        at: datetime = ARRIVED,
        version_id: str | None = None,
        **properties: Any,
    ) -> None:
        """Store an object; `size` and `tags` are among its properties."""
        size = properties.pop("size", len(body))
        stored = Stored(body, at, size, properties, properties.pop("tags", {}))
        self.objects[bucket, key, version_id] = stored

    def delete(self, key: str, *, bucket: str = "staging") -> None:
        del self.objects[bucket, key, None]

    def lake(self) -> dict[str, bytes]:
        stored = self.objects.items()
        return {key: item.body for (bucket, key, _), item in stored if bucket == "lake"}

    def requests(self, operation: str) -> list[Mapping[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def fail(self, operation: str, *errors: Exception) -> None:
        """Let the next calls of an operation fail before anything is done."""
        self.before[operation].extend(raising(error) for error in errors)

    def lose(self, operation: str, *errors: Exception) -> None:
        """Let the next calls of an operation be carried out, and their answers get lost."""
        self.after[operation].extend(raising(error) for error in errors)

    def head_object(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("HeadObject", request, request["Key"])
        if request["ExpectedBucketOwner"] != self.owner:
            raise FakeClientError("HeadObject", "403", 403)
        found = self.objects.get(_place(request))
        if found is None:
            raise FakeClientError("HeadObject", "404", 404)
        return {
            "ETag": found.etag,
            "ContentLength": found.size,
            "LastModified": found.last_modified,
            "Metadata": {},
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self.now, usegmt=True)}},
            **found.properties,
        }

    def get_object_tagging(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("GetObjectTagging", request, request["Key"])
        tags = self.objects[_place(request)].tags
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def copy_object(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("CopyObject", request, request["CopySource"]["Key"])
        found = self._source("CopyObject", request)
        copied = replace(found, last_modified=self.now, parts=0)
        self.objects[request["Bucket"], request["Key"], None] = copied
        self._leave("CopyObject")
        return {"CopyObjectResult": {"ETag": copied.etag}}

    def create_multipart_upload(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("CreateMultipartUpload", request, request["Key"])
        name = f"upload-{len(self.uploads) + 1}"
        self.uploads[name] = Upload(request, self.now)
        return {"UploadId": name}

    def upload_part_copy(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("UploadPartCopy", request, request["CopySource"]["Key"])
        found = self._source("UploadPartCopy", request)
        part = _cut(found.body, request.get("CopySourceRange"))
        self._upload("UploadPartCopy", request).parts[request["PartNumber"]] = part
        self._leave("UploadPartCopy")
        return {"CopyPartResult": {"ETag": f'"{digest(part).hex()}"'}}

    def complete_multipart_upload(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("CompleteMultipartUpload", request, request["Key"])
        upload = self._upload("CompleteMultipartUpload", request)
        numbers = [part["PartNumber"] for part in request["MultipartUpload"]["Parts"]]
        assert numbers == sorted(upload.parts)
        bodies = [upload.parts[number] for number in numbers]
        made = Completed(
            b"".join(bodies),
            upload.begun,
            sum(map(len, bodies)),
            {name: upload.request[name] for name in SYSTEM if name in upload.request},
            dict(parse_qsl(upload.request.get("Tagging", ""))),
            len(bodies),
            b"".join(map(digest, bodies)),
        )
        self.objects[request["Bucket"], request["Key"], None] = made
        del self.uploads[request["UploadId"]]
        self._leave("CompleteMultipartUpload")
        return {"ETag": made.etag}

    def abort_multipart_upload(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("AbortMultipartUpload", request, request["Key"])
        self._upload("AbortMultipartUpload", request)
        del self.uploads[request["UploadId"]]
        return {}

    def _source(self, operation: str, request: Mapping[str, Any]) -> Stored:
        if {request["ExpectedBucketOwner"], request["ExpectedSourceBucketOwner"]} != {self.owner}:
            raise FakeClientError(operation, "AccessDenied", 403)
        found = self.objects.get(_place(request["CopySource"]))
        if found is None:
            raise FakeClientError(operation, "NoSuchKey", 404)
        if request["CopySourceIfMatch"].strip('"') != found.etag.strip('"'):
            raise FakeClientError(operation, "PreconditionFailed", 412)
        return found

    def _upload(self, operation: str, request: Mapping[str, Any]) -> Upload:
        if request["UploadId"] not in self.uploads:
            raise FakeClientError(operation, "NoSuchUpload", 404)
        return self.uploads[request["UploadId"]]

    def _arrive(self, operation: str, request: Mapping[str, Any], key: str) -> None:
        self.calls.append((operation, request))
        if self.together is not None:
            self.together.wait(timeout=10)
        if self.before[operation]:
            self.before[operation].popleft()()
        if key in self.refuse:
            raise self.refuse[key]

    def _leave(self, operation: str) -> None:
        if self.after[operation]:
            self.after[operation].popleft()()


@dataclass(frozen=True)
class Completed(Stored):
    """An object of parts; its ETag is the MD5 of theirs."""

    digests: bytes = b""

    @property
    def etag(self) -> str:
        return f'"{digest(self.digests).hex()}-{self.parts}"'


def digest(body: bytes) -> bytes:
    return md5(body, usedforsecurity=False).digest()


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _place(request: Mapping[str, Any]) -> Place:
    return request["Bucket"], request["Key"], request.get("VersionId")


def _cut(body: bytes, span: str | None) -> bytes:
    if span is None:
        return body
    first, last = span.removeprefix("bytes=").split("-")
    return body[int(first) : int(last) + 1]
