"""An S3 in memory that answers in other threads, lists in pages and fails on request."""

from __future__ import annotations

import random
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from dmslake.backfill.listing import Listed, Page
from dmslake.backfill.mailbox import Mailbox
from dmslake.backfill.store import DONE, Answer, Copy, PageAsked, Store, StoreError

ARRIVED = 1_795_442_822  # 2026-11-23T14:07:02Z


@dataclass(frozen=True)
class Faults:
    """How often a copy fails, by what; the seed makes it the same each time.

    Attributes:
        before: answers of copies that were not made.
        after: answers of copies that were made all the same.
    """

    share: float = 0.0
    seed: int = 0
    before: tuple[Answer, ...] = ()
    after: tuple[Answer, ...] = ()


@dataclass
class FakeStore(Store):
    """`objects` by bucket and key; `copies` counts what was really written, by lake key."""

    objects: dict[str, dict[str, Listed]] = field(
        default_factory=lambda: {"staging": {}, "lake": {}}
    )
    faults: Faults = field(default_factory=Faults)
    page_size: int = 100
    copies: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    before_copy: Callable[[int], None] = lambda _: None
    refused_listings: int = 0

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(4)
        self._mailbox = Mailbox()
        self._lock = threading.Lock()
        self._chance = random.Random(self.faults.seed)  # noqa: S311 - for tests
        self._sorted: dict[str, list[str]] = {}

    def put(self, key: str, *, bucket: str = "staging", size: int = 3, etag: str = "e") -> None:
        self.objects[bucket][key] = Listed(key, ARRIVED, etag, size, "STANDARD")
        self._sorted.clear()

    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        self._threads.submit(self._copy, one, done)

    def _copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        with self._lock:
            self.before_copy(sum(self.copies.values()))
            answer = self._answer(one)
        self._mailbox.put(done, answer)

    def attend(self, seconds: float) -> None:
        self._mailbox.empty(seconds)

    def _answer(self, one: Copy) -> Answer:
        hit = self._chance.random() < self.faults.share
        if hit and self.faults.before:
            return self._chance.choice(self.faults.before)
        answer = self._copied(one)
        if hit and self.faults.after:
            return self._chance.choice(self.faults.after)
        return answer

    def _copied(self, one: Copy) -> Answer:
        found = self.objects["staging"].get(one.key)
        if found is None:
            return Answer(404, "NoSuchKey", "The specified key does not exist.")
        there = one.fresh and one.target in self.objects["lake"]
        if there or found.etag != one.etag:
            return Answer(412, "PreconditionFailed", "At least one condition did not hold")
        self.copies[one.target] += 1
        self.objects["lake"][one.target] = found._replace(key=one.target)
        return DONE

    def page(self, asked: PageAsked) -> Page:
        with self._lock:
            self.pages += 1
            if self.refused_listings:
                self.refused_listings -= 1
                raise StoreError(Answer(503, "SlowDown", "Please reduce your request rate."))
            return self._page(asked)

    def _page(self, asked: PageAsked) -> Page:
        held = self.objects[asked.bucket]
        if asked.bucket not in self._sorted or len(self._sorted[asked.bucket]) != len(held):
            self._sorted[asked.bucket] = sorted(held)
        keys = self._sorted[asked.bucket]
        at = bisect_right(keys, asked.token or asked.after)
        found: list[Listed] = []
        folders: list[str] = []
        while at < len(keys) and len(found) + len(folders) < min(asked.limit, self.page_size):
            key = keys[at]
            at += 1
            if not key.startswith(asked.prefix):
                continue
            rest = key[len(asked.prefix) :]
            if asked.delimiter and asked.delimiter in rest:
                folder = asked.prefix + rest.partition(asked.delimiter)[0] + asked.delimiter
                folders += [] if folders[-1:] == [folder] else [folder]
                at = bisect_right(keys, folder + chr(0x10FFFF))
            else:
                found.append(held[key])
        more = any(key.startswith(asked.prefix) for key in keys[at : at + 1])
        last = keys[at - 1] if more else None
        return Page(found, folders, last)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
