"""The buckets of the stand-in: what lies there, what was ever written, and what S3 would refuse."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import md5
from typing import NamedTuple

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STAGING, LAKE = "acme-shop-staging", "acme-lake"
ARRIVED = 1_795_442_822  # 2026-11-23T14:47:02Z


class Kept(NamedTuple):
    """An object; its content is told by its ETag alone."""

    etag: str
    size: int
    modified: int = ARRIVED
    storage_class: str = "STANDARD"


class Shown(NamedTuple):
    """A page of a listing."""

    objects: list[tuple[str, Kept]]
    folders: list[str]
    more: str


@dataclass
class Bucket:
    region: str = REGION
    owner: str = ACCOUNT
    objects: dict[str, Kept] = field(default_factory=dict)
    _sorted: list[str] = field(default_factory=list)
    _stale: bool = True

    def put(self, key: str, one: Kept) -> None:
        self._stale = self._stale or key not in self.objects
        self.objects[key] = one

    def remove(self, key: str) -> None:
        self._stale = True
        self.objects.pop(key, None)

    def page(self, prefix: str, after: str, delimiter: str, most: int) -> Shown:
        if self._stale:
            # S3 sorts by UTF-8, which is the order of code points.
            self._sorted, self._stale = sorted(self.objects), False
        keys = self._sorted
        at = bisect_right(keys, max(after, prefix)) - (prefix in self.objects and after < prefix)
        objects: list[tuple[str, Kept]] = []
        folders: list[str] = []
        last = ""
        while at < len(keys) and keys[at].startswith(prefix):
            if len(objects) + len(folders) >= most:
                return Shown(objects, folders, last)
            last = keys[at]
            name, slash, _ = keys[at][len(prefix) :].partition(delimiter or "\0")
            if delimiter and slash:
                folders.append(f"{prefix}{name}{slash}")
                last = folders[-1] + chr(0x10FFFF)
                at = bisect_right(keys, last)
            else:
                objects.append((keys[at], self.objects[keys[at]]))
                at += 1
        return Shown(objects, folders, "")


@dataclass
class World:
    """Both buckets, and what is asked of them.

    Attributes:
        written: how often each lake key was really written.
        denied: tells by the staged key and the lake key why a copy is refused; empty: it is not.
        restored: staged keys of archived objects that can be read for a while.
        expired: access keys that are valid no more.
        conditions: what `If-None-Match` on a copy is met with: honoured, ignored or refused.
        on_copy: called with the number of copies made, before each.
        on_request: called with the number of requests to S3, before each.
    """

    buckets: dict[str, Bucket] = field(default_factory=lambda: {STAGING: Bucket(), LAKE: Bucket()})
    written: Counter[str] = field(default_factory=Counter)
    denied: Callable[[str, str], str] = lambda _staged, _lake: ""
    expired: set[str] = field(default_factory=set)
    restored: set[str] = field(default_factory=set)
    conditions: str = "honoured"
    on_copy: Callable[[int], None] = lambda _: None
    on_request: Callable[[int], None] = lambda _: None
    copies: int = 0
    requests: int = 0

    def ask(self) -> None:
        self.requests += 1
        self.on_request(self.requests)

    @property
    def staging(self) -> Bucket:
        return self.buckets[STAGING]

    @property
    def lake(self) -> Bucket:
        return self.buckets[LAKE]

    def stage(self, keys: Iterable[str], size: int = 7) -> None:
        for key in keys:
            self.staging.put(key, Kept(md5(key.encode()).hexdigest(), size))  # noqa: S324 - S3's ETag

    def copied(self, source: Kept, target: str) -> Kept:
        """Write a copy; it has the content and the ETag of what was copied."""
        self.copies += 1
        self.written[target] += 1
        made = Kept(source.etag, source.size)
        self.lake.put(target, made)
        return made
