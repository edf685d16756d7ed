"""An S3 in memory that fails on request. It keeps the rules the mover relies on."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACCOUNT = "123456789012"
ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)


class FakeClientError(Exception):
    """Shaped like botocore's ClientError."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"An error occurred ({code}) when calling the {operation} operation")
        self.response = {"Error": {"Code": code}}


class FakeExceptions:
    ClientError: type[Exception] = FakeClientError


@dataclass(frozen=True)
class Stored:
    body: bytes
    last_modified: datetime
    size: int

    @property
    def etag(self) -> str:
        return f'"{hash(self.body):x}"'


@dataclass
class FakeS3:
    """`before` holds, per operation, what happens just before its next calls."""

    owner: str = ACCOUNT
    objects: dict[tuple[str, str, str | None], Stored] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    before: dict[str, deque[Callable[[], None]]] = field(default_factory=lambda: defaultdict(deque))
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
        size: int | None = None,
    ) -> None:
        stored = Stored(body, at, len(body) if size is None else size)
        self.objects[bucket, key, version_id] = stored

    def delete(self, key: str, *, bucket: str = "staging") -> None:
        del self.objects[bucket, key, None]

    def lake(self) -> dict[str, bytes]:
        stored = self.objects.items()
        return {key: item.body for (bucket, key, _), item in stored if bucket == "lake"}

    def requests(self, operation: str) -> list[Mapping[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def head_object(self, **request: Any) -> Mapping[str, Any]:
        self._arrive("HeadObject", request, request["Key"])
        if request["ExpectedBucketOwner"] != self.owner:
            raise FakeClientError("HeadObject", "403")
        place = (request["Bucket"], request["Key"], request.get("VersionId"))
        if place not in self.objects:
            raise FakeClientError("HeadObject", "404")
        found = self.objects[place]
        return {
            "ETag": found.etag,
            "ContentLength": found.size,
            "LastModified": found.last_modified,
        }

    def copy_object(self, **request: Any) -> Mapping[str, Any]:
        source = request["CopySource"]
        self._arrive("CopyObject", request, source["Key"])
        if {request["ExpectedBucketOwner"], request["ExpectedSourceBucketOwner"]} != {self.owner}:
            raise FakeClientError("CopyObject", "AccessDenied")
        found = self.objects.get((source["Bucket"], source["Key"], source.get("VersionId")))
        if found is None:
            raise FakeClientError("CopyObject", "NoSuchKey")
        if request["CopySourceIfMatch"] != found.etag:
            raise FakeClientError("CopyObject", "PreconditionFailed")
        self.put(request["Key"], found.body, bucket=request["Bucket"])
        return {"CopyObjectResult": {"ETag": found.etag}}

    def _arrive(self, operation: str, request: Mapping[str, Any], key: str) -> None:
        self.calls.append((operation, request))
        if self.together is not None:
            self.together.wait(timeout=10)
        if self.before[operation]:
            self.before[operation].popleft()()
        if key in self.refuse:
            raise self.refuse[key]
