"""What a backfill of so many objects takes: the arithmetic behind docs/scale.md.

    python bench/scale.py          prints the table, in Markdown

Prices are the list prices of us-east-1; the rate of one machine and the bytes per object are from
docs/benchmarks.md. Every object is listed once in staging and once in the lake, and copied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

SIZES = (10**5, 10**7, 10**9, 10**10)
PAGE = 1000
LIST_USD, COPY_USD = 0.005 / 1000, 0.005 / 1000
BATCH_JOB_USD, BATCH_OBJECT_USD = 0.25, 1.0 / 10**6
# A run of the loader is billed by request and by time: 256 MB for 60 ms.
LAMBDA_USD = 0.20 / 10**6 + 0.25 * 0.060 * 0.0000166667
S3_WRITES_PER_PREFIX = 3500
MACHINE_RATE = 3000
LEDGER_BYTES = 190
MEMORY_MB = 80


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the table's lines."""
    yield (
        "objects", "LIST", "COPY", "this machine", "S3 Batch Operations", "one machine",
        "S3, one prefix", "S3, 20 prefixes", "memory", "ledger",
    )  # fmt: skip
    for objects in SIZES:
        lists = 2 * objects // PAGE
        here = lists * LIST_USD + objects * COPY_USD
        batch = here + BATCH_JOB_USD * 2 + objects * (BATCH_OBJECT_USD + LAMBDA_USD)
        yield (
            f"{objects:,}", f"{lists:,}", f"{objects:,}", dollars(here), dollars(batch),
            duration(objects / MACHINE_RATE), duration(objects / S3_WRITES_PER_PREFIX),
            duration(objects / (20 * S3_WRITES_PER_PREFIX)), f"{MEMORY_MB} MB",
            size(objects * LEDGER_BYTES),
        )  # fmt: skip


def dollars(value: float) -> str:
    """Return a price."""
    return f"${value:,.2f}" if value < 100 else f"${value:,.0f}"  # noqa: PLR2004 - cents no more


def duration(seconds: float) -> str:
    """Return a time in the largest unit of which there is one."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.0f} s"


def size(count: float) -> str:
    """Return bytes in the largest unit of which there is one."""
    for unit, length in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= length:
            return f"{count / length:,.1f} {unit}"
    return f"{count:,.0f} B"


def main() -> int:
    head, *lines = rows()
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
