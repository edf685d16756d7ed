"""The manifest of a job, written from the ledger: a line for each object that is to be moved.

A CSV without a header; keys carry what the listing saw, so the loader asks nothing of S3 again.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/specify-batchjob-manifest.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from dmslake.backfill.ledger import Ledger, Result, Row, State
from dmslake.lake import manifest_key
from dmslake.lake.manifest_key import ManifestKey
from dmslake.lake.seen import Seen

UNWRITABLE = "KeyTooLongForManifest"
_WINDOW = 4096


class Manifest(NamedTuple):
    """What was written: the number of lines, and the ledger's last row among them.

    `again` is how many of the objects were tried before.
    """

    lines: int
    upto: int
    again: int = 0


def write_manifest(ledger: Ledger, bucket: str, path: Path, limit: int | None) -> Manifest:
    """Write a line for each pending object, `limit` at most, into a file.

    Objects whose keys fit no manifest are settled as failed.
    """
    lines = upto = again = 0
    with path.open("w", encoding="ascii", newline="") as opened:
        for row in pending(ledger, limit):
            text = line(bucket, row)
            if text is None:
                words = "its key cannot be written so that a job reads it"
                ledger.settle([Result(row.id, State.FAILED, row.attempts, UNWRITABLE, words)])
                continue
            opened.write(text)
            lines, upto, again = lines + 1, row.id, again + bool(row.attempts)
    ledger.commit()
    return Manifest(lines, upto, again)


def line(bucket: str, row: Row) -> str | None:
    """Return the line of an object; None when its key cannot be written."""
    seen = None  # known from a report alone: the loader looks at it
    if row.etag:
        seen = Seen(f'"{row.etag}"', row.size, datetime.fromtimestamp(row.modified, UTC))
    try:
        # URL-encoded, it holds neither commas nor quotes.
        return f"{bucket},{manifest_key.write(ManifestKey(row.key, seen=seen))}\n"
    except ValueError:
        return None


def pending(ledger: Ledger, limit: int | None = None) -> Iterator[Row]:
    """Yield the objects that are to be moved, in the order in which they were listed."""
    behind, left = 0, limit
    while window := ledger.pending(behind, _WINDOW if left is None else min(left, _WINDOW)):
        yield from window
        behind = window[-1].id
        left = None if left is None else left - len(window)
        if left == 0:
            return
