"""Every form of name that DMS gives to a file in S3, with what has to be read out of it.

Source: the DMS user guide's page on S3 as a target, and real output of its tasks.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from dmslake.lake.objects import Kind

CHANGED = datetime(2026, 4, 1, 22, 41, 19, tzinfo=UTC)
"""The time in every change file's name here."""

_CHANGE = "20260401-224119166"
_EXTENSIONS = (".csv", ".csv.gz", ".parquet", ".parquet.gz")

DATE_FOLDERS = {
    "YYYYMMDD": ("2026/04/01", "2026-04-01", "2026_04_01", "20260401"),
    "YYYYMMDDHH": ("2026/04/01/22", "2026-04-01-22", "2026_04_01_22", "2026040122"),
    "YYYYMM": ("2026/04", "2026-04", "2026_04", "202604"),
    "MMYYYYDD": ("04/2026/01", "04-2026-01", "04_2026_01", "04202601"),
    "DDMMYYYY": ("01/04/2026", "01-04-2026", "01_04_2026", "01042026"),
}
"""By `DatePartitionSequence`; within, by delimiter: slash, dash, underscore, none."""


class Named(NamedTuple):
    """One name: the key below the prefix, and its parts."""

    path: str
    schema: str
    table: str
    folder: str
    stem: str
    ext: str
    kind: Kind
    named_at: datetime | None = None


def dms_names() -> Iterator[Named]:
    for ext in _EXTENSIONS:
        yield from _loads(ext)
        yield from _changes(ext)
    yield from _transactions()


def _loads(ext: str) -> Iterator[Named]:
    for number in ("00000001", "00000009", "0000000A", "0000000F", "00000010", "FFFFFFFF", "00001"):
        yield _table(f"LOAD{number}", ext, Kind.LOAD)
    # Ranges without names, and two series that go on through the segments.
    for segment in ("SEGMENT1_LOAD00000001", "SEGMENT2_LOAD00000009", "SEGMENT49_LOAD0000000A"):
        yield _table(segment, ext, Kind.LOAD)
    # Partitions, subpartitions and named ranges, each with a series of its own.
    for folder in (
        "p2026",
        "P_EU",
        "sys_p123",
        "my segment",
        "eu/west",
        "2026",
        "LOAD00000001.csv",
    ):
        yield _table("LOAD00000001", ext, Kind.LOAD, folder=folder)


def _changes(ext: str) -> Iterator[Named]:
    yield _table(_CHANGE, ext, Kind.CDC, named_at=CHANGED)
    # The guide's own example, with one digit too many.
    old = datetime(2014, 10, 29, 11, 34, 1, tzinfo=UTC)
    yield _table("20141029-1134010000", ext, Kind.CDC, named_at=old)
    for folders in DATE_FOLDERS.values():
        for folder in folders:
            yield _table(_CHANGE, ext, Kind.CDC, folder=folder, named_at=CHANGED)


def _transactions() -> Iterator[Named]:
    name = "CDC_TXN-20260401224119166"
    for ext in (".csv", ".csv.gz"):
        yield Named(
            f"transactions/{name}{ext}", "transactions", "CDC_TXN", "", name, ext,
            Kind.TRANSACTION, CHANGED,
        )  # fmt: skip
        # A CdcPath of two folders and of more reads like a schema and a table.
        yield Named(
            f"my/changes/{name}{ext}", "my", "changes", "", name, ext, Kind.TRANSACTION, CHANGED
        )
        yield Named(
            f"my/own/changes/{name}{ext}", "my", "own", "changes", name, ext,
            Kind.TRANSACTION, CHANGED,
        )  # fmt: skip


def _table(
    stem: str, ext: str, kind: Kind, *, folder: str = "", named_at: datetime | None = None
) -> Named:
    within = f"{folder}/" if folder else ""
    path = f"public/orders/{within}{stem}{ext}"
    return Named(path, "public", "orders", folder, stem, ext, kind, named_at)
