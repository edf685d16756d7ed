"""The COPY statement of a full load: rendering is the server's work, row by row in C."""
# ruff: noqa: S608  # identifiers are quoted, literals escaped

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dmslake.sandbox.dms.replication.catalog import CatalogTable, Column, quoted
from dmslake.sandbox.dms.replication.csv_rows import copy_options
from dmslake.sandbox.dms.replication.rendering import LobLimit
from dmslake.sandbox.dms.replication.rendering_sql import SqlRendering, needs_cast
from dmslake.sandbox.dms.replication.target_settings import CsvFraming


@dataclass(frozen=True, kw_only=True)
class LoadQuery:
    """What a load reads. `utf8` tells whether the server's encoding is UTF-8."""

    table: CatalogTable
    columns: Sequence[Column]
    framing: CsvFraming
    lobs: LobLimit
    utf8: bool

    @property
    def framed_by_server(self) -> bool:
        """Whether COPY writes finished rows; otherwise its text format has to be framed here."""
        return copy_options(self.framing) is not None

    def copy(self) -> str:
        """Return the COPY statement."""
        rendering = self._rendering()
        expressions = [
            rendering.expression(_column(c, self.columns), c.data_type) for c in self.columns
        ]
        options = copy_options(self.framing) or "FORMAT text, ENCODING 'UTF8'"
        return f"COPY (SELECT {', '.join(expressions)} {self._source()}) TO STDOUT WITH ({options})"

    def count_cut(self) -> str:
        """Return a query for the number of values that the load cuts; empty if it cuts none."""
        rendering = self._rendering()
        counts = [
            f"count(*) FILTER (WHERE {rendering.cut_values(_column(c, self.columns), c.data_type)})"
            for c in self.columns
            if rendering.may_cut(c.data_type)
        ]
        return f"SELECT {' + '.join(counts)} {self._source()}" if counts else ""

    def _rendering(self) -> SqlRendering:
        null = self.framing.null if self.framed_by_server else None
        return SqlRendering(lobs=self.lobs, null=null, utf8=self.utf8)

    def _source(self) -> str:
        only = "" if self.table.is_partitioned else "ONLY "
        table = f"{only}{self.table.name.sql}"
        if not any(needs_cast(column.data_type) for column in self.columns):
            return f"FROM {table}"
        # Without OFFSET the planner would pull the casts up and do them as often as they are used.
        inner = ", ".join(
            f"{quoted(c.name)}::text AS {_column(c, self.columns)}"
            if needs_cast(c.data_type)
            else f"{quoted(c.name)} AS {_column(c, self.columns)}"
            for c in self.columns
        )
        return f"FROM (SELECT {inner} FROM {table} OFFSET 0) AS rows"


def _column(column: Column, columns: Sequence[Column]) -> str:
    # Inside the sub-select columns are numbered; outside they have their own names.
    if not any(needs_cast(other.data_type) for other in columns):
        return quoted(column.name)
    return f"c{list(columns).index(column)}"
