"""The lake's files of one table, folded into the rows that the table then has, as text.

Files of the full load come first, in the order of their names, then files of changes by the time in
their names. A row may be in both, because a load shows changes that were committed while it ran;
all of a row's changes are then repeated, and the last of them decides. Only tables without a key
cannot tell a repetition from a second row.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dmslake.aws.errors import translating
from dmslake.errors import DifferenceError
from dmslake.lake.objects import Kind
from dmslake.sandbox.demo.listing import LakeObject

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

Key = Hashable
Fields = list[str]

_OPERATIONS = frozenset("IUD")
_INSERTS = frozenset("I")
_LEADING = 2  # the operation and the commit time stand before the columns
_CHUNK_BYTES = 256 * 1024
_FIRST_LOAD = "LOAD00000001."
# PostgreSQL has no text with it, so that a row can be kept as one string.
_SEPARATOR = "\x00"


@dataclass(kw_only=True)
class Replayed:
    """The rows of a table after all its files: by their keys, or how often each is there.

    A row is kept as one string, which `split` takes apart.

    `records` counts the rows of the files; `malformed` holds those that cannot be this table's: a
    wrong operation or number of fields.
    """

    keyed: dict[Key, str] = field(default_factory=dict)
    unkeyed: Counter[str] = field(default_factory=Counter)
    malformed: list[Fields] = field(default_factory=list)
    records: int = 0


def replay(
    rows: Iterable[Fields], *, columns: int, key_of: Callable[[Fields], Key] | None
) -> Replayed:
    """Fold rows in the order of their files.

    Args:
        rows: operation, commit time, and the columns, as text.
        columns: how many columns the table has.
        key_of: makes a row's primary key from its columns; None for a table without one.
    """
    replayed = Replayed()
    possible = _OPERATIONS if key_of else _INSERTS
    for row in rows:
        replayed.records += 1
        fields = row[_LEADING:]
        kept = _SEPARATOR.join(fields)
        if len(fields) != columns or row[0] not in possible or kept.count(_SEPARATOR) >= columns:
            replayed.malformed.append(row)
        elif key_of is None:
            replayed.unkeyed[kept] += 1
        elif row[0] == "D":
            replayed.keyed.pop(key_of(fields), None)
        else:
            replayed.keyed[key_of(fields)] = kept
    return replayed


def split(kept: str) -> Fields:
    """Return the fields of a row that `replay` kept as one string."""
    return kept.split(_SEPARATOR)


def in_order(objects: Iterable[LakeObject]) -> list[LakeObject]:
    """Return the files that make up a table, in the order in which they are replayed.

    A table that was loaded again replaces everything that arrived before its new load's first file.
    """
    found = list(objects)
    starts = [each.arrived for each in found if each.staged.rest.startswith(_FIRST_LOAD)]
    current = [each for each in found if not starts or each.arrived >= max(starts)]
    return sorted(current, key=_place)


def _place(found: LakeObject) -> tuple[bool, str, object, str]:
    # The names of either kind have a fixed width, so that they sort as numbers and times do.
    return (found.staged.kind is not Kind.LOAD, found.staged.file, found.arrived, found.key)


def read_files(s3: S3Client, bucket: str, objects: Iterable[LakeObject]) -> Iterator[Fields]:
    """Yield the rows of CSV files, one file after the other, without keeping them.

    Raises:
        DifferenceError: a file is not the CSV in UTF-8 that DMS writes.
        CloudError: a file cannot be read.
    """
    for found in objects:
        doing = f"reading s3://{bucket}/{found.key}"
        with translating(doing), s3.get_object(Bucket=bucket, Key=found.key)["Body"] as body:
            stream = io.BufferedReader(_Download(body.read), _CHUNK_BYTES)
            lines = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            try:
                yield from csv.reader(lines, strict=True)
            except (csv.Error, UnicodeDecodeError) as error:
                raise DifferenceError(
                    f"s3://{bucket}/{found.key} cannot be replayed",
                    why=f"it is not the CSV that DMS writes: {error}",
                ) from error


class _Download(io.RawIOBase):
    """A response as a file; botocore's own one counts as closed once it is read to its end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        content = self._read(len(view))
        view[: len(content)] = content
        return len(content)
