"""Files of a lake as DMS and the loader leave them, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOADER = LoaderConfig(
    pipeline="shop",
    staging_bucket="staging",
    staging_prefix="dms",
    lake_bucket="lake",
    lake_prefix="raw/shop",
    account="123456789012",
)
BEGAN = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LOAD = "LOAD00000001.csv"
Record = Sequence[str | None]


def change_file(seconds: float) -> str:
    """Return the name of a change file that is closed so long after `BEGAN`."""
    closed = BEGAN + timedelta(seconds=seconds)
    return f"{closed:%Y%m%d-%H%M%S}{closed.microsecond // 1000:03d}.csv"


def csv_of(records: Iterable[Record]) -> str:
    """Write rows as DMS does: operation, commit time, columns; NULL as \\N; Rfc4180."""
    stamped = ([record[0], "2026-11-23 14:00:00.000000", *record[1:]] for record in records)
    return "".join(",".join(map(_field, record)) + "\n" for record in stamped)


def _field(text: str | None) -> str:
    if text is None:
        return "\\N"
    if any(special in text for special in '",\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def lake_key(table: str, file: str, *, seconds: float = 0) -> str:
    """Return where the loader puts a file that arrived in staging so long after `BEGAN`."""
    staged = f"{LOADER.staging_prefix}/{table}/{file}"
    route = LOADER.router().route(staged, BEGAN + timedelta(seconds=seconds))
    assert isinstance(route, Route)
    return route.target


def put(
    s3: S3Client,
    table: str,
    file: str,
    content: str | bytes,
    *,
    seconds: float = 0,
    bucket: str = LOADER.lake_bucket,
) -> str:
    """Put a file of `schema/table` into the lake; return its key."""
    key = lake_key(table, file, seconds=seconds)
    body = content.encode() if isinstance(content, str) else content
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return key
