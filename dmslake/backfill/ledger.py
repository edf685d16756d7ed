"""The ledger of a run: every object, where it belongs and what became of it, in one SQLite file.

It is the only memory of a run: progress, resuming, report and verification read it. One thread
writes, in batches; a kill loses at most the last half second, which the next run finds out from S3.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from dmslake.backfill.clock import steady
from dmslake.backfill.etags import packed, unpacked
from dmslake.backfill.ledger_trouble import making, told
from dmslake.errors import LedgerError

VERSION = 1
_COMMIT_EVERY = 0.5
_PATIENCE = 1.0  # another run that holds the ledger does so for hours
_HASH_BYTES = 8
_SCHEMA = """
create table about(name text primary key, value text not null) without rowid;
create table shards(
    id integer primary key, side integer not null, prefix text not null, last text not null,
    before text, done integer not null default 0
);
create table lake(hash integer primary key, size integer not null);
create table errors(id integer primary key, code text not null, text text not null);
create table objects(
    id integer primary key, key text not null, target text not null, etag blob not null,
    size integer not null, modified integer not null, state integer not null,
    attempts integer not null default 0, error integer
);
"""


class State(IntEnum):
    """What became of an object."""

    PENDING = 0
    COPIED = 1
    PRESENT = 2
    SKIPPED = 3
    VANISHED = 4
    FAILED = 5


class Side(IntEnum):
    """Which bucket a shard of the listing lies in."""

    STAGING = 0
    LAKE = 1


class Row(NamedTuple):
    """An object to be copied; `modified` in seconds since 1970, `etag` without quotes."""

    id: int
    key: str
    target: str
    etag: str
    size: int
    modified: int
    attempts: int = 0


class NewObject(NamedTuple):
    """A listed object with what is decided about it already; a skipped one has a reason."""

    key: str
    target: str
    etag: str
    size: int
    modified: int
    state: State
    reason: str = ""


class Result(NamedTuple):
    """What became of the object of a row; `code` and `text` are S3's, of a failure."""

    id: int
    state: State
    attempts: int
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Shard:
    """A part of a listing: the keys below `prefix`, behind `last` and before `before`."""

    id: int
    side: Side
    prefix: str
    last: str
    before: str | None


class Tally(NamedTuple):
    """How many objects are in a state, and their bytes."""

    objects: int
    size: int


class Ledger:
    """An open ledger; to be used by one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._base.execute("pragma locking_mode = exclusive")
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute("pragma cache_size = -2000")
        self._errors: dict[tuple[str, str], int] = {}
        self._committed = steady()
        self._open = False

    @classmethod
    def create(cls, path: Path, about: Mapping[str, str]) -> Ledger:
        """Make a new ledger; `about` is what a later run has to agree with."""
        with making(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # It gets its name when it is whole: a kill meanwhile leaves nothing to be continued.
            begun = path.with_suffix(".new")
            begun.unlink(missing_ok=True)
            made = cls(begun)
            made._base.executescript(_SCHEMA)
            facts = {**about, "version": str(VERSION)}
            made._base.executemany("insert into about values (?, ?)", facts.items())
            made.close()
            begun.rename(path)
            return cls(path)

    @classmethod
    def resume(cls, path: Path) -> Ledger:
        """Open a ledger that a run left; raises LedgerError when it cannot be used."""
        with told(path):
            ledger = cls(path)
            version = ledger.about().get("version")
        if version != str(VERSION):
            ledger.close()
            raise LedgerError(
                f"the ledger {path} was written by another version of dmslake",
                why=f"it is of format {version}, this one writes {VERSION}",
                fix="finish it with that version, or forget it with --restart",
            )
        return ledger

    @property
    def base(self) -> sqlite3.Connection:
        """The base itself, for comparisons, which run in the ledger."""
        return self._base

    def about(self) -> dict[str, str]:
        return dict(self._base.execute("select name, value from about"))

    def note(self, name: str, value: str) -> None:
        """Remember something about the run."""
        self._begin()
        self._base.execute("insert or replace into about values (?, ?)", (name, value))

    def add_shards(self, side: Side, parts: Iterable[tuple[str, str, str | None]]) -> None:
        """Add parts of a listing: prefix, the key they begin behind, the key they end before."""
        self._begin()
        self._base.executemany(
            "insert into shards(side, prefix, last, before) values (?, ?, ?, ?)",
            [(side, *part) for part in parts],
        )

    def open_shards(self, side: Side) -> list[Shard]:
        """Return the parts of a listing that are not done."""
        found = self._base.execute(
            "select id, side, prefix, last, before from shards where side = ? and not done "
            "order by id",
            (side,),
        )
        return [Shard(one[0], Side(one[1]), *one[2:]) for one in found]

    def split(self, shard: int, before: str) -> None:
        """End a part earlier, and add what is cut off as a part of its own."""
        self._begin()
        self._base.execute(
            "insert into shards(side, prefix, last, before) "
            "select side, prefix, ?, before from shards where id = ?",
            (before, shard),
        )
        self._base.execute("update shards set before = ? where id = ?", (before, shard))

    def staged(self, objects: Sequence[NewObject], shard: int, last: str, *, done: bool) -> None:
        """Add a page of staging's listing, and how far its part has come: both or neither."""
        self._begin()
        self._base.executemany(
            "insert into objects(key, target, etag, size, modified, state, error) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            [
                (o.key, o.target, packed(o.etag), o.size, o.modified, o.state, self._reason(o))
                for o in objects
            ],
        )
        self._reached(shard, last, done=done)

    def in_lake(self, sizes: Mapping[int, int], shard: int, last: str, *, done: bool) -> None:
        """Add a page of the lake's listing: the size of each object by the hash of its key."""
        self._begin()
        self._base.executemany("insert or replace into lake values (?, ?)", sizes.items())
        self._reached(shard, last, done=done)

    def _reached(self, shard: int, last: str, *, done: bool) -> None:
        self._base.execute("update shards set last = ?, done = ? where id = ?", (last, done, shard))
        self._commit_in_time()

    def sizes(self, hashes: Sequence[int]) -> dict[int, int]:
        """Return the sizes of those lake keys, given by their hashes, that exist."""
        marks = ",".join("?" * len(hashes))
        asked = f"select hash, size from lake where hash in ({marks})"  # noqa: S608 - marks alone
        return dict(self._base.execute(asked, hashes))

    def pending(self, behind: int, limit: int) -> list[Row]:
        """Return the next objects to be copied, in the order in which they were listed."""
        found = self._base.execute(
            "select id, key, target, etag, size, modified, attempts from objects "
            "where id > ? and state = 0 order by id limit ?",
            (behind, limit),
        )
        return [Row(o[0], o[1], o[2], unpacked(o[3]), *o[4:]) for o in found]

    def settle(self, results: Sequence[Result]) -> None:
        """Record what became of objects."""
        if not results:
            return
        self._begin()
        self._base.executemany(
            "update objects set state = ?, attempts = ?, error = ? where id = ?",
            [(r.state, r.attempts, self._error(r.code, r.text), r.id) for r in results],
        )
        self._commit_in_time()

    def reported(self, key: str, state: State, code: str, text: str) -> None:
        """Add an object that was tried once, and of which only the key is known."""
        self._begin()
        self._base.execute(
            "insert into objects(key, target, etag, size, modified, state, attempts, error) "
            "values (?, '', '', 0, 0, ?, 1, ?)",
            (key, state, self._error(code, text)),
        )

    def moved(self, row: int, *, etag: str, size: int, modified: int, target: str) -> None:
        """Record that an object was written again after it was listed."""
        self._begin()
        self._base.execute(
            "update objects set etag = ?, size = ?, modified = ?, target = ? where id = ?",
            (packed(etag), size, modified, target, row),
        )

    def again(self) -> int:
        """Make what failed in an earlier run pending once more; returns how many."""
        self._begin()
        return self._base.execute(
            "update objects set state = 0, error = null where state = ?", (State.FAILED,)
        ).rowcount

    def tallies(self) -> dict[State, Tally]:
        """Count the objects by what became of them."""
        found = self._base.execute(
            "select state, count(*), coalesce(sum(size), 0) from objects group by state"
        )
        return {State(state): Tally(count, size) for state, count, size in found}

    def failures(self, limit: int = 100) -> list[tuple[str, str, int, str]]:
        """Return code, text, number of objects and an example of each different failure."""
        return self._base.execute(
            "select e.code, e.text, count(*), min(o.key) from objects o "
            "join errors e on e.id = o.error where o.state = ? "
            "group by e.id order by 3 desc limit ?",
            (State.FAILED, limit),
        ).fetchall()

    def all_objects(self) -> Iterator[tuple[Row, State, str, str]]:
        """Read every object with its state and the code and text of its failure, one by one."""
        found = self._base.execute(
            "select o.id, o.key, o.target, o.etag, o.size, o.modified, o.attempts, o.state, "
            "coalesce(e.code, ''), coalesce(e.text, '') "
            "from objects o left join errors e on e.id = o.error order by o.id"
        )
        for o in found:
            row = Row(o[0], o[1], o[2], unpacked(o[3]), o[4], o[5], o[6])
            yield row, State(o[7]), o[8], o[9]

    def commit(self) -> None:
        """Write to disk what is not yet there."""
        # SQLite has ended it already where the disk was full.
        if self._open and self._base.in_transaction:
            self._base.execute("commit")
        self._open = False
        self._committed = steady()

    def close(self) -> None:
        """Write everything, and let others use the file."""
        try:
            self.commit()
        finally:
            self._base.close()

    def _begin(self) -> None:
        if not self._open:
            self._base.execute("begin")
            self._open = True

    def _commit_in_time(self) -> None:
        if steady() - self._committed > _COMMIT_EVERY:
            self.commit()

    def _reason(self, one: NewObject) -> int | None:
        return self._error(one.reason, "") if one.reason else None

    def _error(self, code: str, text: str) -> int | None:
        """Keep each different error once: a million objects may share one."""
        if not code:
            return None
        if (code, text) not in self._errors:
            found = self._base.execute(
                "insert into errors(code, text) values (?, ?)", (code, text)
            ).lastrowid
            self._errors[code, text] = int(found or 0)
        return self._errors[code, text]


def hash_of(target: str) -> int:
    """Return 64 bits that stand for a lake key: a million of them fit into a few megabytes."""
    digest = blake2b(target.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)
