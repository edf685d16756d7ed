"""Which columns of a table reach its files, and how the rows of a file begin.

Op, the timestamp, then the source's columns in table order (DMS files; see also the guide's
"Limitations": LOB columns of a table without a key are not replicated).
"""

from __future__ import annotations

from collections.abc import Sequence

from dmslake.sandbox.dms.replication.catalog import Column, TableDefinition
from dmslake.sandbox.dms.replication.csv_rows import row_encoder
from dmslake.sandbox.dms.replication.target_settings import TargetSettings


def written_columns(definition: TableDefinition, *, supports_lobs: bool) -> tuple[Column, ...]:
    """Return the columns that are written.

    Columns of the key always are; LOB columns only if `supports_lobs` (SupportLobs) and the table
    has a primary key or a unique index to find its rows by.
    """
    lobs = supports_lobs and bool(definition.key)
    return tuple(
        column
        for column in definition.columns
        if lobs or column.name in definition.key or not column.data_type.form.is_lob
    )


def header(columns: Sequence[Column], settings: TargetSettings, *, op: bool) -> bytes:
    """Return the header row of a file, empty unless AddColumnName is set."""
    if not settings.header:
        return b""
    first = ["Op"] if op else []
    stamp = [settings.timestamp_column] if settings.timestamp_column else []
    names = [column.name for column in columns]
    return row_encoder(settings.framing)([*first, *stamp, *names])
