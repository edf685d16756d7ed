"""Plays a table's files back, as a reader of the lake would."""

from __future__ import annotations

from tests.sandbox.replication.bucket import Bucket

Row = tuple[str, ...]


def replay(bucket: Bucket, table: str) -> dict[str, Row]:
    """Return the rows that a table's files come to, by their first column.

    Rows begin with Op and timestamp. Load files come first, then change files by name; the last
    word on a key counts.
    """
    rows: dict[str, Row] = {}
    for operation, _, key, *values in (*bucket.loaded(table), *bucket.changed(table)):
        if operation == "D":
            rows.pop(key, None)
        else:
            rows[key] = tuple(values)
    return rows
