"""What is left to do by a ledger: objects and bytes by table and partition, requests, their cost.

Prices are those of us-east-1; other regions charge up to twice as much.
https://aws.amazon.com/s3/pricing/ and https://aws.amazon.com/kms/pricing/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dmslake.backfill.ledger import Ledger, Row

PRICED_REGION = "us-east-1"
LIST_USD = 0.005 / 1000
WRITE_USD = 0.005 / 1000  # PUT, COPY and POST
READ_USD = 0.0004 / 1000  # GET and HEAD
KMS_USD = 0.03 / 10_000
KEYS_PER_PAGE = 1000

_WINDOW = 4096


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests of one kind and what they cost in US dollars; `made` when that is spent already."""

    kind: str
    count: int
    usd: float
    made: bool = False


@dataclass(kw_only=True)
class Portion:
    """Objects to be copied and their bytes: of a table, or of a partition of it."""

    table: str
    partition: str = ""
    objects: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        self.objects += 1
        self.size += size


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is left to copy, the biggest portions first."""

    objects: int
    size: int
    tables: tuple[Portion, ...]
    partitions: tuple[Portion, ...]
    requests: tuple[Requests, ...]

    @property
    def usd(self) -> float:
        return sum(one.usd for one in self.requests)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """From which size on an object is copied in parts, and how big a part is; bytes."""

    threshold: int
    part: int


def work_of(
    ledger: Ledger, table_of: Callable[[str], str], sizes: Sizes, *, encrypted: bool
) -> Work:
    """Add up what a ledger has to copy.

    Takes what names the table of a staged key, and whether copies are encrypted with a key of KMS.
    """
    tables: dict[str, Portion] = {}
    partitions: dict[tuple[str, str], Portion] = {}
    objects = size = writes = heads = 0
    for row in _pending(ledger):
        table, folder = table_of(row.key), row.target.rpartition("/")[0]
        tables.setdefault(table, Portion(table=table)).add(row.size)
        place = (table, folder)
        if place not in partitions:
            partitions[place] = Portion(table=table, partition=folder)
        partitions[place].add(row.size)
        objects, size = objects + 1, size + row.size
        in_parts = row.size > sizes.threshold
        # A multipart copy is begun and completed by a request each, and looks at the object first.
        writes += -(-row.size // sizes.part) + 2 if in_parts else 1
        heads += in_parts
    listed = _pages(ledger)
    return Work(
        objects=objects,
        size=size,
        tables=_ordered(tables.values()),
        partitions=_ordered(partitions.values()),
        requests=tuple(_requests(listed, writes, heads, objects if encrypted else 0)),
    )


def _requests(listed: int, writes: int, heads: int, encrypted: int) -> Iterator[Requests]:
    yield Requests(kind="LIST", count=listed, usd=listed * LIST_USD, made=True)
    yield Requests(kind="COPY", count=writes, usd=writes * WRITE_USD)
    if heads:
        yield Requests(kind="HEAD", count=heads, usd=heads * READ_USD)
    if encrypted:
        # At most: with S3 Bucket Keys, which every copy asks for, most of them need no request.
        yield Requests(kind="KMS", count=encrypted, usd=encrypted * KMS_USD)


def _pending(ledger: Ledger) -> Iterator[Row]:
    behind = 0
    while window := ledger.pending(behind, _WINDOW):
        yield from window
        behind = window[-1].id


def _pages(ledger: Ledger) -> int:
    """Tell about how many pages the listings took."""
    (shards,) = ledger.base.execute("select count(*) from shards").fetchone()
    (lake,) = ledger.base.execute("select count(*) from lake").fetchone()
    (staged,) = ledger.base.execute("select count(*) from objects").fetchone()
    return int(max(shards, (lake + staged) // KEYS_PER_PAGE))


def _ordered(found: Iterable[Portion]) -> tuple[Portion, ...]:

    return tuple(sorted(found, key=lambda one: (-one.objects, one.table, one.partition)))
