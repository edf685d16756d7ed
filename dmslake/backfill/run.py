"""One run of the backfill: list, route, copy, record, all at the same time.

Listers fill a short queue; one thread routes, records and begins copies; what S3 answers comes back
by another queue. Everything in between is bounded, and whatever waits longer lies in the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from dmslake.backfill.clock import steady, utc_now
from dmslake.backfill.copier import Copier, Mender
from dmslake.backfill.ledger import Ledger, NewObject, Result, Row, Side, State, hash_of
from dmslake.backfill.lister import Asking, Found, Listing
from dmslake.backfill.listing import Listed
from dmslake.backfill.pace import Pace, Rests
from dmslake.backfill.refusals import EndingError
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import PageAsked, Store, Terms
from dmslake.backfill.tables import parts
from dmslake.backfill.window import Window
from dmslake.lake.objects import Skipped
from dmslake.lake.routing import Router

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOW = 4096
_RESTING = 20_000
_PAUSE = 0.02
_SLICE = 0.005
_AHEAD = 2  # so many wait for each connection, so that none is idle between two turns
_PAGES_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run goes about it.

    Attributes:
        listers: listing requests at once.
        connections: copies at once, at most.
        rate: copies per second, at most; None: as fast as S3 lets.
        max_errors: failures after which it gives up; None: never.
        overwrite: copy what is in the lake already, too.
        window: the hours in which copies may begin; None: any.
    """

    listers: int = 8
    connections: int = 256
    rate: float | None = None
    max_errors: int | None = None
    overwrite: bool = False
    window: Window | None = None


@dataclass
class Progress:
    """How far a run is; times in seconds, sizes in bytes.

    `left` are to be copied, of what was listed so far; `compared` are objects of the lake, when it
    is verified; `notes` are what the user should know about this S3; `closed_until` is when its
    window opens.
    """

    listed: int = 0
    left: int = 0
    compared: int = 0
    settled: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    copied_bytes: int = 0
    under_way: int = 0
    retries: int = 0
    rate: float | None = None
    listing: bool = True
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    closed_until: datetime | None = None


@dataclass
class Run:
    """A run over one ledger.

    Attributes:
        stop: set it to end the run early; what is under way is still finished.
    """

    ledger: Ledger
    store: Store
    mender: Mender
    router: Router
    terms: Terms
    selection: Selection
    options: Options
    on_progress: Callable[[Progress], None]
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)
    now: Callable[[], datetime] = utc_now

    def list_lake(self) -> None:
        """Learn what lies in the lake; done once for a ledger. Raises StoreError."""
        if self.options.overwrite or "lake_listed" in self.ledger.about():
            return
        for found in self.lake_pages():
            sizes = {hash_of(one.key): one.size for one in found.objects}
            self.ledger.in_lake(sizes, found.shard, found.last, done=found.done)
        if not self.stop.is_set():
            self.ledger.note("lake_listed", "yes")
            self.ledger.commit()

    def lake_pages(self) -> Iterator[Found]:
        """List the lake, page by page, until the run is stopped. Raises StoreError."""
        asking = Asking(self.store)
        bucket, folder = self.terms.lake.name, self.router.lake_folder
        if not self.ledger.open_shards(Side.LAKE):
            self.ledger.add_shards(Side.LAKE, parts(asking, bucket, folder, lambda _: True))
        listing = Listing(asking, bucket, listers=self.options.listers)
        listing.start(self.ledger.open_shards(Side.LAKE))
        yield from self._pages(listing, Side.LAKE)

    def list_staging(self) -> None:
        """List staging and decide what is to be copied, and copy nothing. Raises StoreError."""
        started = steady()
        listing = self._staging(Asking(self.store))
        idle = threading.Event()
        try:
            while not (listing.finished or self.stop.is_set()):
                if not self._take_pages(listing):
                    idle.wait(_PAUSE)
                self.progress.seconds = steady() - started
                self.on_progress(self.progress)
        finally:
            listing.stop()
            self.ledger.commit()

    def list_first(self, count: int) -> None:
        """List some objects of staging, a page at most, and copy nothing. Raises StoreError."""
        folder = self.router.staging_folder + self.selection.key_prefix
        page = Asking(self.store).page(PageAsked(self.terms.staging.name, folder, limit=count))
        self.ledger.staged(self._decided(page.objects), shard=0, last="", done=True)

    def copy(self) -> None:
        """List staging and copy what belongs into the lake.

        Raises StoreError when staging cannot be listed, EndingError when copies are refused for a
        reason that holds for all of them; what was copied until then is recorded.
        """
        started = steady()
        asking = Asking(self.store)
        known = self.ledger.tallies()
        self.progress.left = known[State.PENDING].objects if State.PENDING in known else 0
        listing = self._staging(asking)
        copier = Copier(
            store=self.store,
            mender=self.mender,
            pace=Pace(_AHEAD * self.options.connections, self.options.rate, steady),
            rests=Rests(steady),
            fresh=not self.options.overwrite,
            group_of=_group_of(self.router.staging_folder),
        )
        rows = _Rows(self.ledger, copier.group_of)
        try:
            while not self._over(listing, copier, rows):
                self._turn(listing, copier, rows)
                self._tell(copier, listing, started)
            if copier.ending is not None:
                raise EndingError(copier.ending)
        finally:
            listing.stop()
            copier.close()
            self.ledger.commit()
            self._tell(copier, listing, started)

    def _turn(self, listing: Listing, copier: Copier, rows: _Rows) -> None:
        worked = self._take_pages(listing)
        room = copier.pace.allowed(copier.under_way)
        if room and self._is_open() and not (self.stop.is_set() or copier.ending):
            due = copier.rests.due(room)
            copier.begin(due)
            more = rows.take(room - len(due)) if len(copier.rests) < _RESTING else []
            copier.begin(more)
            worked = worked or bool(due or more)
        results = list(copier.results(_SLICE if worked else _PAUSE))
        self.ledger.settle(results)
        for row in copier.moved:
            self.ledger.moved(
                row.id, etag=row.etag, size=row.size, modified=row.modified, target=row.target
            )
        copier.moved.clear()
        self._count(results)

    def _is_open(self) -> bool:
        window = self.options.window
        self.progress.closed_until = None if window is None else window.opens(self.now())
        return self.progress.closed_until is None

    def _over(self, listing: Listing, copier: Copier, rows: _Rows) -> bool:
        if self.stop.is_set() or copier.ending:
            return not copier.under_way
        return listing.finished and copier.idle and rows.exhausted

    def _staging(self, asking: Asking) -> Listing:
        folder = self.router.staging_folder + self.selection.key_prefix
        bucket = self.terms.staging.name
        if "parts" not in self.ledger.about():
            wanted = self.selection.takes_folder(self.router.staging_folder)
            self.ledger.add_shards(Side.STAGING, parts(asking, bucket, folder, wanted))
            self.ledger.note("parts", "known")
            self.ledger.commit()
        listing = Listing(asking, bucket, listers=self.options.listers)
        listing.start(self.ledger.open_shards(Side.STAGING))
        return listing

    def _take_pages(self, listing: Listing) -> bool:
        found = None
        for _ in range(_PAGES_AT_ONCE):
            found = listing.take(0)
            self._record_cuts(listing, Side.STAGING)
            if found is None:
                break
            objects = self._decided(found.objects)
            self.ledger.staged(objects, found.shard, found.last, done=found.done)
            self.progress.listed += len(objects)
            self.progress.left += sum(one.state is State.PENDING for one in objects)
        return found is not None

    def _pages(self, listing: Listing, side: Side) -> Iterator[Found]:
        while not (listing.finished or self.stop.is_set()):
            found = listing.take(_PAUSE)
            self._record_cuts(listing, side)
            if found is not None:
                yield found
        listing.stop()

    def _record_cuts(self, listing: Listing, side: Side) -> None:
        for cut in listing.cuts():
            self.ledger.split(cut.shard, cut.at)
            listing.add(self.ledger.open_shards(side)[-1])

    def _decided(self, listed: list[Listed]) -> list[NewObject]:
        """Route a page, and see what of it is in the lake already."""
        found = [one for one in map(self._routed, listed) if one is not None]
        if self.options.overwrite:
            return found
        hashes = [hash_of(one.target) if one.target else 0 for one in found]
        sizes = self.ledger.sizes(hashes)
        if not sizes:
            return found
        return [
            one._replace(state=State.PRESENT)
            if one.state is State.PENDING and sizes.get(place) == one.size
            else one
            for one, place in zip(found, hashes, strict=True)
        ]

    def _routed(self, one: Listed) -> NewObject | None:
        staged = self.router.stage(one.key)
        if isinstance(staged, Skipped):
            return _skipped(one, staged) if self.selection.is_everything else None
        if not self.selection.takes(staged, one.modified, in_parts="-" in one.etag):
            return None
        route = self.router.place(staged, _EPOCH + timedelta(seconds=one.modified))
        if isinstance(route, Skipped):
            return _skipped(one, route)
        # An archived object is tried as well: its class stays the same while it is restored.
        target = route.target
        return NewObject(one.key, target, one.etag, one.size, one.modified, State.PENDING)

    def _count(self, results: list[Result]) -> None:
        for result in results:
            self.progress.settled[result.state] += 1
        self.progress.left -= len(results)
        most = self.options.max_errors
        if most is not None and self.progress.settled[State.FAILED] > most:
            self.stop.set()

    def _tell(self, copier: Copier, listing: Listing, started: float) -> None:
        progress = self.progress
        progress.under_way, progress.retries = copier.under_way, copier.retries
        progress.notes = tuple(copier.notes)
        progress.rate, progress.listing = copier.pace.current, not listing.finished
        progress.seconds = steady() - started
        self.on_progress(progress)


class _Rows:
    """The objects that are to be copied, in an order in which tables take turns."""

    def __init__(self, ledger: Ledger, group_of: Callable[[str], str]) -> None:
        self._ledger = ledger
        self._group_of = group_of
        self._behind = 0
        self._ready: list[Row] = []

    @property
    def exhausted(self) -> bool:
        return not (self._ready or self._fill())

    def take(self, count: int) -> list[Row]:
        if count > 0 and not self._ready:
            self._fill()
        taken = self._ready[-count:] if count > 0 else []
        del self._ready[len(self._ready) - len(taken) :]
        return taken

    def _fill(self) -> bool:
        window = self._ledger.pending(self._behind, _WINDOW)
        if not window:
            return False
        self._behind = window[-1].id
        groups: dict[str, list[Row]] = {}
        for row in window:
            groups.setdefault(self._group_of(row.key), []).append(row)
        turns = zip_longest(*groups.values())
        self._ready = [row for turn in turns for row in turn if row is not None]
        self._ready.reverse()
        return True


def _group_of(folder: str) -> Callable[[str], str]:
    start = len(folder)

    def group_of(key: str) -> str:
        return key[: key.find("/", key.find("/", start) + 1)]

    return group_of


def _skipped(one: Listed, skipped: Skipped) -> NewObject:
    state = State.FAILED if skipped.reason.withholds_data else State.SKIPPED
    return NewObject(one.key, "", one.etag, one.size, one.modified, state, skipped.reason.value)
