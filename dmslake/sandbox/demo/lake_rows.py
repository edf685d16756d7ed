"""The lake's rows of one table, as values that the source's can be compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dmslake.sandbox.demo.listing import LakeObject
from dmslake.sandbox.demo.replay import Fields, in_order, read_files, replay, split
from dmslake.sandbox.demo.source_rows import Row, SourceTable
from dmslake.sandbox.demo.values import NULL, Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISREADINGS = (ValueError, ArithmeticError)


class LakeRows:
    """What the files of a table add up to; rows are taken out as they are compared."""

    def __init__(
        self, table: SourceTable, s3: S3Client, bucket: str, objects: Sequence[LakeObject]
    ) -> None:
        self._readers = [form.read for form in table.forms]
        self._key = [(place, self._readers[place]) for place in table.key]
        replayed = replay(
            read_files(s3, bucket, in_order(objects)),
            columns=len(table.columns),
            key_of=self._key_of if table.key else None,
        )
        self.records = replayed.records
        self.malformed = replayed.malformed
        self._keyed = replayed.keyed
        self._unkeyed: Counter[Row] = Counter()
        for kept, times in replayed.unkeyed.items():
            self._unkeyed[self._values(kept)] += times

    def take(self, key: Row) -> Row | None:
        """Take out the row with this key; None if there is none."""
        kept = self._keyed.pop(key, None)
        return None if kept is None else self._values(kept)

    def take_equal(self, row: Row) -> bool:
        """Take out one of the rows that equal this one, of a table without a key."""
        left = self._unkeyed[row]
        if left > 0:
            self._unkeyed[row] = left - 1
        return left > 0

    def left(self) -> Iterator[Row]:
        """Yield the rows that were never taken."""
        yield from map(self._values, self._keyed.values())
        yield from self._unkeyed.elements()

    def _key_of(self, fields: Fields) -> Row:
        return tuple([_read(read, fields[place]) for place, read in self._key])

    def _values(self, kept: str) -> Row:
        pairs = zip(self._readers, split(kept), strict=True)
        try:
            return tuple([None if text == NULL else read(text) for read, text in pairs])
        except _MISREADINGS:
            return tuple(map(_read, self._readers, split(kept)))


def _read(read: Callable[[str], Value], text: str) -> Value | None:
    """Read one value; text that is none of its type stays text, and so equals no value of it."""
    if text == NULL:
        return None
    try:
        return read(text)
    except _MISREADINGS:
        return text
