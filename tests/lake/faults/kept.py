"""What the stand-in for S3 keeps: versions, uploads, and the rules for copies that the mover needs.

Its own threads' only: the server's thread acts, the test looks and changes, both under one lock.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import md5

Properties = Mapping[str, str]


class RefusedError(Exception):
    """S3 says no."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Version:
    """One content of one key; `properties` are the headers that belong to it."""

    name: str
    body: bytes
    modified: datetime
    properties: Properties = field(default_factory=dict)
    tags: Properties = field(default_factory=dict)
    parts: int = 0

    @cached_property
    def etag(self) -> str:
        return f'"{md5(self.body).hexdigest()}"'  # noqa: S324 - S3's ETag is an MD5

    def holds_the_same(self, other: Version) -> bool:
        mine = (self.body, self.properties, self.tags)
        return mine == (other.body, other.properties, other.tags)


@dataclass
class Upload:
    """An upload in parts. `known` tells that its beginner has named it since."""

    key: str
    properties: Properties
    tags: Properties
    parts: dict[int, bytes] = field(default_factory=dict)
    known: bool = False
    abort_failed: bool = False


class Shelves:
    """The staging bucket with its history, the lake with every write to it, the open uploads."""

    def __init__(self, *, versioned: bool) -> None:
        self.versioned = versioned
        self.lake: dict[str, Version] = {}
        self.writes: list[tuple[str, Version]] = []
        self.uploads: dict[str, Upload] = {}
        self._staged: dict[str, list[Version]] = defaultdict(list)
        self._gone: set[str] = set()
        self._names = itertools.count(1)
        self._lock = threading.Lock()

    def stage(
        self, key: str, body: bytes, modified: datetime, properties: Properties, tags: Properties
    ) -> Version:
        with self._lock:
            made = Version(f"v{next(self._names)}", body, modified, properties, tags)
            self._staged[key].append(made)
            self._gone.discard(key)
            return made

    def unstage(self, key: str) -> None:
        with self._lock:
            self._gone.add(key)

    def current(self, key: str) -> Version | None:
        return None if key in self._gone else self._staged[key][-1]

    def remaining(self) -> list[tuple[str, Version]]:
        """List what S3 still has: all versions of a versioned bucket, else the current ones."""
        if self.versioned:
            return [(key, one) for key, found in self._staged.items() for one in found]
        return [(key, found[-1]) for key, found in self._staged.items() if key not in self._gone]

    def ever(self) -> list[tuple[str, Version]]:
        return [(key, one) for key, found in self._staged.items() for one in found]

    def find(self, key: str, version: str | None) -> Version:
        with self._lock:
            found = self._staged.get(key, [])
            if version is not None and self.versioned:
                named = [one for one in found if one.name == version]
                if named:
                    return named[0]
                raise RefusedError(404, "NoSuchVersion")
            if not found or key in self._gone:
                raise RefusedError(404, "NoSuchKey")
            return found[-1]

    def source(self, key: str, version: str | None, etag: str) -> Version:
        """Find the source of a copy, if it still has the ETag it is pinned to."""
        found = self.find(key, version)
        if etag.strip('"') != found.etag.strip('"'):
            raise RefusedError(412, "PreconditionFailed")
        return found

    def look(self, key: str) -> Version:
        with self._lock:
            if key in self.lake:
                return self.lake[key]
        raise RefusedError(404, "NoSuchKey")

    def write(self, key: str, made: Version) -> Version:
        with self._lock:
            self.lake[key] = made
            self.writes.append((key, made))
            return made

    def copy(self, found: Version, key: str) -> Version:
        now = datetime.now(UTC).replace(microsecond=0)
        return self.write(key, Version("", found.body, now, found.properties, found.tags))

    def begin(self, key: str, properties: Properties, tags: Properties) -> str:
        with self._lock:
            name = f"u{next(self._names)}"
            self.uploads[name] = Upload(key, properties, tags)
            return name

    def upload(self, name: str) -> Upload:
        with self._lock:
            if name not in self.uploads:
                raise RefusedError(404, "NoSuchUpload")
            return self.uploads[name]

    def complete(self, name: str, numbers: list[int]) -> Version:
        upload = self.upload(name)
        if numbers != sorted(upload.parts):
            raise RefusedError(400, "InvalidPart")
        body = b"".join(upload.parts[number] for number in numbers)
        now = datetime.now(UTC).replace(microsecond=0)
        made = Version("", body, now, upload.properties, upload.tags, len(numbers))
        self.abort(name)
        return self.write(upload.key, made)

    def abort(self, name: str) -> None:
        self.upload(name)
        with self._lock:
            del self.uploads[name]
