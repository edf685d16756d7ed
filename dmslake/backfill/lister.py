"""The listing of a bucket by many at once: a part per table, and a long part cut in two.

Each part is a range of keys, and the ledger knows how far each has come. So a run that was killed
lists nothing twice, and a table of a hundred million objects keeps all listers busy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import NamedTuple

from dmslake.backfill.keyspace import last_below, middle
from dmslake.backfill.ledger import Shard
from dmslake.backfill.listing import Listed, Page
from dmslake.backfill.refusals import is_everywhere
from dmslake.backfill.store import Answer, PageAsked, Store, StoreError

_TRIES = 8
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
_LASTING = frozenset({401, 403, 404})
_PAUSE = 0.05
_WORTH_CUTTING = 8
_PROBES = 256  # a name shares a dozen letters with the next, and each letter takes some seven


class Found(NamedTuple):
    """A page that was listed: of which part, how far it has come, and whether it ended."""

    shard: int
    objects: list[Listed]
    last: str
    done: bool


class Cut(NamedTuple):
    """A part that was cut in two: what comes after `at` is another's."""

    shard: int
    at: str


@dataclass
class _Part:
    """A part at work; `upto` is its last possible key, `ceiling` one that no key comes after."""

    shard: Shard
    last: str
    upto: str | None
    ceiling: str
    pages: int = 0


class Asking:
    """One page at a time from a store, again while the refusal may pass."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.stopped = threading.Event()

    def page(self, asked: PageAsked) -> Page:
        """List a page; raises StoreError for what does not pass, and when the run is stopped."""
        pause = _FIRST_PAUSE
        for _ in range(1, _TRIES):
            try:
                return self._store.page(asked)
            except StoreError as error:
                lasting = error.answer.status in _LASTING or is_everywhere(error.answer)
                if lasting or self.stopped.wait(pause):
                    raise
            pause = min(_LONGEST_PAUSE, pause * 2)
        return self._store.page(asked)

    def whole(self, asked: PageAsked) -> Iterator[Page]:
        """List page after page to the end."""
        page = self.page(asked)
        yield page
        while page.more:
            page = self.page(asked._replace(token=page.more))
            yield page


class Listing:
    """Listers at work on the parts of one bucket's listing.

    What they find comes by `take`, in any order between parts, in key order within one. They stop
    when too many pages wait to be taken, so memory does not grow with the bucket.
    """

    def __init__(self, asking: Asking, bucket: str, *, listers: int, ahead: int = 8) -> None:
        self._asking = asking
        self._bucket = bucket
        self._found: Queue[Found | StoreError] = Queue(ahead)
        self._changed = threading.Condition()
        self._waiting: list[Shard] = []
        self._working: dict[int, _Part] = {}
        self._cuts: list[Cut] = []
        self._unadded = 0
        self._over = False
        self._listers = listers

    def start(self, shards: list[Shard]) -> None:
        """Begin; what the ledger has no shard for is never listed."""
        self._waiting = list(reversed(shards))
        for number in range(self._listers if shards else 0):
            threading.Thread(target=self._lister, name=f"list-{number}", daemon=True).start()

    def take(self, seconds: float) -> Found | None:
        """Return a page that was found, or nothing within that time; raises StoreError."""
        try:
            found = self._found.get(timeout=seconds) if seconds else self._found.get_nowait()
        except Empty:
            return None
        if isinstance(found, StoreError):
            raise found
        return found

    def cuts(self) -> list[Cut]:
        """Return the cuts made so far: to be recorded before any page that was taken earlier."""
        with self._changed:
            found, self._cuts = self._cuts, []
            return found

    def add(self, shard: Shard) -> None:
        """Add the part that a recorded cut made."""
        with self._changed:
            self._waiting.append(shard)
            self._unadded -= 1
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether everything was listed and taken."""
        with self._changed:
            return not (self._is_busy() or self._found.qsize())

    def stop(self) -> None:
        """End as soon as the requests under way are answered."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _is_busy(self) -> bool:
        return bool(self._waiting or self._working or self._cuts or self._unadded)

    def _lister(self) -> None:
        """Work; a mistake of ours ends the run, which would wait for this lister without end."""
        well = False
        try:
            self._work()
            well = True
        finally:
            if not well:
                self._put(StoreError(Answer(0, "ListerFailed", "listing broke off")))

    def _work(self) -> None:
        while not self._over:
            part = self._next()
            if part is not None:
                self._list(part)
            elif not self._cut_longest():
                with self._changed:
                    if not self._is_busy():
                        return
                    self._changed.wait(_PAUSE)

    def _next(self) -> _Part | None:
        with self._changed:
            if not self._waiting:
                return None
            shard = self._waiting.pop()
            part = _Part(shard, shard.last, shard.before, _ceiling(shard))
            self._working[shard.id] = part
            return part

    def _list(self, part: _Part) -> None:
        done = False
        while not (done or self._over):
            try:
                page = self._asking.page(
                    PageAsked(self._bucket, part.shard.prefix, after=part.last)
                )
            except StoreError as error:
                self._put(error)
                break
            done = self._took(part, page)
        with self._changed:
            del self._working[part.shard.id]
            self._changed.notify_all()

    def _took(self, part: _Part, page: Page) -> bool:
        with self._changed:
            upto = part.upto
            objects = page.objects
            done = not page.more or not objects
            if upto is not None and objects and objects[-1].key > upto:
                objects = [one for one in objects if one.key <= upto]
                done = True
            part.last = page.objects[-1].key if page.objects else part.last
            part.pages += 1
        # Put before the part counts as finished, so that nobody thinks that all was taken.
        self._put(Found(part.shard.id, objects, part.last, done))
        return done

    def _put(self, found: Found | StoreError) -> None:
        while not self._over:
            try:
                self._found.put(found, timeout=_PAUSE)
            except Full:
                continue
            return

    def _cut_longest(self) -> bool:
        """Take a half of the part that has been listed longest; whether that was possible."""
        with self._changed:
            if self._unadded or self._cuts:
                return False  # one cut at a time: the next lister sees what it made of the parts
            long = [one for one in self._working.values() if one.pages >= _WORTH_CUTTING]
            if not long:
                return False
            part = max(long, key=lambda one: one.pages)
            self._unadded += 1
        at = self._half(part)
        with self._changed:
            overtaken = at is not None and at <= part.last  # it is worth another try
            if overtaken or at is None or (part.upto is not None and at >= part.upto):
                self._unadded -= 1
                part.pages *= overtaken
                return False
            part.pages = 0
            part.upto = part.ceiling = at
            self._cuts.append(Cut(part.shard.id, at))
        return True

    def _half(self, part: _Part) -> str | None:
        """Find a key in the middle of what is left of a part, with objects behind it."""
        ceiling = part.ceiling
        for _ in range(_PROBES):
            at = middle(part.last, ceiling)
            if at is None or self._over:
                return None
            try:
                page = self._asking.page(
                    PageAsked(self._bucket, part.shard.prefix, after=at, limit=1)
                )
            except StoreError:
                return None  # whoever lists the part says so
            if page.objects and (part.upto is None or page.objects[0].key <= part.upto):
                return at
            ceiling = part.ceiling = at
        return None


def _ceiling(shard: Shard) -> str:
    """Guess a key that few come after: the end of the table, two folders below the prefix."""
    below = shard.last[len(shard.prefix) :].split("/", 2)
    table = "".join(f"{folder}/" for folder in below[:-1])
    guess = last_below(shard.prefix + table)
    return guess if shard.before is None or guess < shard.before else shard.before
