"""A staging bucket full of objects, what happens to it, and what the lake must hold at the end."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lake.events import eventbridge, record
from tests.lake.faults.account import PART, THRESHOLD
from tests.lake.faults.delivery import (
    Batch,
    Change,
    Event,
    LambdaService,
    MakeChange,
    Message,
    Work,
)
from tests.lake.faults.kept import Properties, Shelves, Version
from tests.lake.faults.named import addresses

TABLES = ("public/orders", "public/customers", "public/a b+c", "sales+eu/100%", "été/📦",
          "x=1&y=2/order items", "public/%2F", "s/f?versionId=x")  # fmt: skip
FILES = ("LOAD{0:08X}.csv", "20261123-14{0:07d}.csv.gz", "2026/11/23/LOAD{0:08X}.parquet",
         "SEGMENT1_LOAD{0:08X}.csv")  # fmt: skip
_TELLING = 8  # bytes
_FIRST = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


def target(key: str, modified: datetime) -> str:
    """Write the lake key by hand: the default layout, for the names above."""
    _, schema, table, rest = key.split("/", 3)
    folders, _, file = rest.rpartition("/")
    stem, _, extension = file.partition(".")
    path = f"{folders}/{stem}" if folders else stem
    partition = f"{modified:year=%Y/month=%m/day=%d/hour=%H}"
    return f"raw/{schema}/{table}/{partition}/{path}-{modified:%Y%m%dT%H%M%SZ}.{extension}"


@dataclass
class World:
    """One run's objects and events; all by the seed."""

    seed: int
    count: int
    shelves: Shelves
    changed: int = field(default=0, init=False)
    after: dict[tuple[str, str], MakeChange] = field(default_factory=dict, init=False)
    """What happens to a key right after S3 first did this with it."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - nothing secret
        self._messages = 0
        self.changes = self.count // 10

    def fill(self) -> list[Work]:
        """Stage everything; give the events, and what happens meanwhile, in no order."""
        records = [self._stage(key) for key in self._keys()]
        records += self._random.sample(records, self.count // 10)
        work = [*self._events(records), *self._changes()]
        self._random.shuffle(work)
        return work

    def _keys(self) -> Iterator[str]:
        for number in range(self.count):
            table = TABLES[number % len(TABLES)]
            file = FILES[number // len(TABLES) % len(FILES)]
            yield f"dms/{table}/{file.format(number // len(TABLES))}"

    def _stage(self, key: str, modified: datetime | None = None, size: int = -1) -> dict[str, Any]:
        # By the key, because changes come in no order.
        chance = random.Random(f"{self.seed} {key} {modified}")  # noqa: S311 - as above
        pick = chance.random
        big = pick() < 0.04
        length = chance.randrange(THRESHOLD + 1, 6 * PART + 7) if big else int(pick() * 90)
        at = modified or _FIRST + timedelta(seconds=chance.randrange(400_000))
        properties: Properties = {"content-type": "text/csv"}
        if pick() < 0.3:
            properties = {**properties, "x-amz-meta-run": "é".encode().hex(), "cache-control": "a"}
        tags = {"owner": "a b+c/=", "n": "1"} if pick() < 0.3 else {}
        body = chance.randbytes(size if size >= 0 else length)
        made = self.shelves.stage(key, body, at, properties, tags)
        return record(key, version_id=made.name if self.shelves.versioned else None)

    def _events(self, records: list[dict[str, Any]]) -> Iterator[Work]:
        """Cut records into events: of S3 in ones to tens, of EventBridge, and in a queue's."""
        self._random.shuffle(records)
        while records:
            some, records = self._cut(records)
            short = self._random.random() < 0.02
            yield self._event(some, 60 if short else 60_000)

    def _cut(self, records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Any]:
        size = self._random.randint(1, 10)
        return records[:size], records[size:]

    def _event(self, records: list[dict[str, Any]], left_ms: float) -> Work:
        way = self._random.random()
        if way < 0.45:
            return Event({"Records": records}, left_ms)
        bodies = [{"Records": [one]} for one in records]
        if way > 0.9 and not self.shelves.versioned:
            bodies = [eventbridge(next(iter(addresses(one))).split("/", 3)[3]) for one in bodies]
        return Batch([self._message(body) for body in bodies], left_ms)

    def _message(self, body: dict[str, Any]) -> Message:
        self._messages += 1
        return Message(f"m-{self.seed}-{self._messages}", json.dumps(body))

    def _changes(self) -> Iterator[Work]:
        """Give the changes that come at any time; the others come at the worst one."""
        keys = self._random.sample(sorted({key for key, _ in self.shelves.ever()}), self.changes)
        for number, key in enumerate(keys):
            change = self._remover(key) if number % 5 == 0 else self._replacer(key, number)
            if number % 3 == 0:
                yield Change(change)
            else:
                self.after[self._worst_time(key), key] = change

    def _worst_time(self, key: str) -> str:
        found = self.shelves.current(key)
        assert found is not None
        return "UploadPartCopy" if len(found.body) > THRESHOLD else "HeadObject"

    def _remover(self, key: str) -> MakeChange:
        def remove(_: LambdaService) -> None:
            self.changed += 1
            self.shelves.unstage(key)

        return remove

    def _replacer(self, key: str, number: int) -> MakeChange:
        def replace(service: LambdaService) -> None:
            before = self.shelves.current(key)
            assert before is not None
            self.changed += 1
            # Within one second, and of one size: all that tells the two apart is the ETag. Two
            # versions that both remain, or two long uploads, S3 itself would keep apart.
            together = number % 2 and not self.shelves.versioned and len(before.body) <= THRESHOLD
            later = timedelta(seconds=0 if together else 1 + number)
            # Long enough to differ: two empty objects have one ETag, and nothing to lose.
            size = max(len(before.body), _TELLING) if together or number % 4 else -1
            made = self._stage(key, before.modified + later, size)
            service.add(Event({"Records": [made]}))

        return replace

    def missing(self) -> list[tuple[str, str]]:
        """List what S3 still has and the lake has not, or not as it is: source and target."""
        pairs = [(key, target(key, one.modified), one) for key, one in self.shelves.remaining()]
        return [(key, to) for key, to, one in pairs if not self._arrived(to, one)]

    def _arrived(self, to: str, one: Version) -> bool:
        found = self.shelves.lake.get(to)
        return found is not None and found.holds_the_same(one)

    def wrong(self) -> list[str]:
        """List every write to the lake, at any time, of what never was staged for that key."""
        allowed = defaultdict(list)
        for key, one in self.shelves.ever():
            allowed[target(key, one.modified)].append(one)
        return [
            to
            for to, made in self.shelves.writes
            if not any(made.holds_the_same(one) for one in allowed.get(to, ()))
        ]
