"""A staged object: the parts of a key that DMS wrote, told by the key alone.

Must not know buckets, layouts or the time of day.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

TRANSACTION_TABLE = "CDC_TXN"
"""Table under which transaction files are filed: they hold rows of many tables and lie in one
folder (DMS `CdcPath`), so their keys name no table."""

OWN_FOLDER = ".dmslake/"
"""Folder of the staging bucket for what dmslake itself keeps there; never a schema's."""

_TRANSACTION_START = "CDC_TXN-"
# Text, which `re` compiles when it is first needed: hardly any invocation needs one of them.
_LOAD = r"(?:SEGMENT[0-9]+_)?LOAD[0-9A-F]{5,16}(?:\.|\Z)"
_CHANGE = r"([0-9]{8})-([0-9]{6})([0-9]{3,})(?:\.|\Z)"
_TRANSACTION = r"CDC_TXN-([0-9]{8})([0-9]{6})([0-9]{3,})(?:\.|\Z)"
_UNSAFE_SEGMENT = r"(?:\A|/)\.{0,2}(?:/|\Z)"
_INNER_EXTENSIONS = frozenset({"csv", "parquet"})


class Kind(StrEnum):
    """What DMS wrote the file for, told by its name."""

    LOAD = "load"
    CDC = "cdc"
    TRANSACTION = "transaction"
    OTHER = "other"


class SkipReason(StrEnum):
    """Why an object is not taken to the lake."""

    OTHER_BUCKET = "other-bucket"
    NOT_A_CREATION = "not-a-creation"
    OUTSIDE_PREFIX = "outside-prefix"
    OWN_OBJECT = "own-object"
    DIRECTORY_MARKER = "directory-marker"
    CONNECTION_TEST = "connection-test"
    NOT_A_TABLE_OBJECT = "not-a-table-object"
    UNSAFE_PATH = "unsafe-path"
    KEY_TOO_LONG = "key-too-long"
    INSIDE_STAGING = "inside-staging"

    @property
    def withholds_data(self) -> bool:
        """Tell whether a table's data stays out of the lake, so that somebody has to act."""
        return self in _WITHHOLDING


_WITHHOLDING = frozenset(
    {SkipReason.UNSAFE_PATH, SkipReason.KEY_TOO_LONG, SkipReason.INSIDE_STAGING}
)


class Skipped(NamedTuple):
    """An object that has no place in the lake."""

    reason: SkipReason
    detail: str = ""


class StagedObject(NamedTuple):
    """An object that DMS staged: `<prefix>/<schema>/<table>/<rest>`.

    `rest` keeps the folders below the table (parallel-load segments, date folders). Build it with
    `parse`; `key` is the inverse.
    """

    schema: str
    table: str
    rest: str

    @classmethod
    def parse(cls, key: str, prefix: str = "") -> "StagedObject | Skipped":
        """Take a staged key apart.

        Takes the true (not URL-encoded) key and the staging prefix, with or without slashes at its
        ends. Keys that could not be written to a lake and read back by every tool, because a
        folder in them is empty, `.` or `..`, are skipped as `unsafe-path`.
        """
        folder = as_folder(prefix)
        if not key.startswith(folder):
            return Skipped(SkipReason.OUTSIDE_PREFIX)
        if key.startswith(OWN_FOLDER):
            return Skipped(SkipReason.OWN_OBJECT)
        if key.endswith("/"):
            return Skipped(SkipReason.DIRECTORY_MARKER)
        path = key[len(folder) :]
        schema, _, below = path.partition("/")
        table, _, rest = below.partition("/")
        if not rest:
            return cls._from_shallow(path)
        staged = cls(schema, table, rest)
        if _is_unsafe(path) or staged._is_filed_transaction:
            return _unsafe(path)
        return staged

    @classmethod
    def _from_shallow(cls, path: str) -> "StagedObject | Skipped":
        folder, _, file = path.rpartition("/")
        if folder and file.startswith(_TRANSACTION_START):
            if _is_unsafe(path):
                return _unsafe(path)
            return cls(folder, TRANSACTION_TABLE, file)
        # AWS does not document the name of the object that a connection test leaves behind. The
        # label changes nothing but the count: a key this short names no table either way.
        if "test" in file.lower():
            return Skipped(SkipReason.CONNECTION_TEST)
        return Skipped(SkipReason.NOT_A_TABLE_OBJECT)

    @property
    def path(self) -> str:
        """The staged key below the prefix."""
        if self._is_filed_transaction:
            return f"{self.schema}/{self.rest}"
        return f"{self.schema}/{self.table}/{self.rest}"

    def key(self, prefix: str = "") -> str:
        """Give the staged key back: the inverse of `parse`."""
        return as_folder(prefix) + self.path

    @property
    def _is_filed_transaction(self) -> bool:
        # A staged key of the very form `<folder>/CDC_TXN/CDC_TXN-…` would share its lake key with
        # `<folder>/CDC_TXN-…`; `parse` refuses it, so that this form always means the latter.
        return (
            self.table == TRANSACTION_TABLE
            and self.rest.startswith(_TRANSACTION_START)
            and "/" not in self.rest
        )

    @property
    def file(self) -> str:
        """The file name, without folders."""
        return self.rest.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """`rest` without its extension, folders kept."""
        return split_extension(self.rest)[0]

    @property
    def ext(self) -> str:
        """The extension with its dot, or nothing; `.csv.gz` is one extension."""
        return split_extension(self.rest)[1]

    @property
    def kind(self) -> Kind:
        """What DMS wrote the file for."""
        file = self.file
        if re.match(_LOAD, file):
            return Kind.LOAD
        if re.match(_CHANGE, file):
            return Kind.CDC
        return Kind.TRANSACTION if file.startswith(_TRANSACTION_START) else Kind.OTHER

    @property
    def named_at(self) -> datetime | None:
        """The time in the name of a change or transaction file, read as UTC.

        DMS names these files in UTC unless the endpoint sets `DatePartitionTimezone`; the router
        then reads it anew.
        """
        file = self.file
        match = re.match(_CHANGE, file) or re.match(_TRANSACTION, file)
        return read_time(match[1], match[2]) if match else None


def as_folder(prefix: str) -> str:
    """Write a prefix the way keys start with it: `/dms/` as `dms/`, nothing as nothing."""
    bare = prefix.strip("/")
    return f"{bare}/" if bare else ""


def split_extension(path: str) -> tuple[str, str]:
    """Split a path into stem and extension; joined, the two are the path again.

    An extension is a dot and ASCII letters or digits, after at least one other character of the
    file name. That alphabet is what lets a layout be read backwards.
    """
    start = path.rfind("/") + 2
    dot = path.rfind(".", start)
    extension = path[dot + 1 :]
    if dot < 0 or not (extension.isascii() and extension.isalnum()):
        return path, ""
    if extension.lower() == "gz":
        inner = path.rfind(".", start, dot)
        if inner >= 0 and path[inner + 1 : dot].lower() in _INNER_EXTENSIONS:
            dot = inner
    return path[:dot], path[dot:]


def read_time(date: str, time: str) -> datetime | None:
    """Read `YYYYMMDD` and `HHMMSS` as UTC; nothing when there is no such time.

    Years before S3's epoch and the calendar's last one, which a time zone could push over its
    end, count as no such time.
    """
    if not "1970" <= date[:4] < "9999":
        return None
    numbers = (date[:4], date[4:6], date[6:], time[:2], time[2:4], time[4:])
    year, month, day, hour, minute, second = map(int, numbers)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _unsafe(path: str) -> Skipped:
    return Skipped(SkipReason.UNSAFE_PATH, f"{path!r} has no lake key that reads back to it")


def _is_unsafe(path: str) -> bool:
    # The plain searches settle nearly every key; the expression is ten times slower.
    if "//" in path or "/." in path or path.startswith((".", "/")):
        return re.search(_UNSAFE_SEGMENT, path) is not None
    return False
