"""Turns decoded changes of one table into CSV rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dmslake.sandbox.dms.replication.catalog import Column, TableDefinition, TableName
from dmslake.sandbox.dms.replication.csv_rows import row_encoder
from dmslake.sandbox.dms.replication.lookups import RowLookup
from dmslake.sandbox.dms.replication.pgoutput import Unchanged, Value, Values
from dmslake.sandbox.dms.replication.rendering import Renderer
from dmslake.sandbox.dms.replication.row_shape import header, written_columns
from dmslake.sandbox.dms.replication.target_settings import TargetSettings

Rendering = Callable[[str], str]
_GONE = -1


@dataclass(frozen=True, kw_only=True)
class ChangeShape:
    """The columns of a table's change rows and where each value stands in a sent row.

    A place of None means that the stream does not carry the column: it is looked up. A place of -1
    means that the column is gone. `key` holds the key's columns with their places.
    """

    columns: tuple[Column, ...]
    places: tuple[int | None, ...]
    key: tuple[tuple[str, int], ...]


def change_shape(
    sent: Sequence[Column], definition: TableDefinition, *, supports_lobs: bool
) -> ChangeShape:
    """Return the shape of rows that carry `sent`, of a table that the catalog shows so now."""
    columns = _with_generated(sent, definition)
    written = written_columns(
        TableDefinition(columns=columns, key=definition.key), supports_lobs=supports_lobs
    )
    places = {column.name: place for place, column in enumerate(sent)}
    return ChangeShape(
        columns=written,
        places=tuple(places.get(column.name) for column in written),
        key=tuple((name, places[name]) for name in definition.key if name in places),
    )


def frozen_shape(shape: ChangeShape, first: ChangeShape) -> ChangeShape:
    """Return `shape` with the columns of `first`, as HandleSourceTableAltered = false asks for."""
    places = dict(zip((column.name for column in shape.columns), shape.places, strict=True))
    return ChangeShape(
        columns=first.columns,
        places=tuple(places.get(column.name, _GONE) for column in first.columns),
        key=shape.key,
    )


class ChangeRows:
    """Encodes the changes of one table while its shape stays the same."""

    def __init__(
        self,
        name: TableName,
        shape: ChangeShape,
        settings: TargetSettings,
        renderer: Renderer,
        lookup: RowLookup,
    ) -> None:
        self.shape = shape
        self._name = name
        self._lookup = lookup
        self._op = settings.op_in_changes
        self._timestamp = bool(settings.timestamp_column)
        self._encode = row_encoder(settings.framing)
        self._fields: tuple[tuple[int | None, Rendering | None], ...] = tuple(
            (place, renderer.function(column.data_type))
            for place, column in zip(shape.places, shape.columns, strict=True)
        )
        self.header = header(shape.columns, settings, op=self._op)

    def present(self, operation: str, time: str, new: Values, old: Values | None = None) -> bytes:
        """Return the row of an insert or an update: the row as it is after the change."""
        values = new
        if old is not None and Unchanged.TOAST in new:
            # An old key has no values but the key's; an old row under FULL identity has them all.
            values = [
                o if n is Unchanged.TOAST and o is not None else n
                for n, o in zip(new, old, strict=True)
            ]
        fields: list[str | None] = []
        missing: list[int] = []
        for position, (place, render) in enumerate(self._fields):
            value = _value(values, place)
            if value is Unchanged.TOAST:
                missing.append(position)
                fields.append(None)
            else:
                fields.append(render(value) if render and value is not None else value)
        if missing:
            self._fill(fields, missing, values)
        return self._row(operation, time, fields)

    def absent(self, time: str, old: Values) -> bytes:
        """Return the row of a delete: what the old row's identity says, the rest empty."""
        fields: list[str | None] = []
        for place, render in self._fields:
            value = _value(old, place)
            if value is None or value is Unchanged.TOAST:
                fields.append(None)
            else:
                fields.append(render(value) if render else value)
        return self._row("D", time, fields)

    def _row(self, operation: str, time: str, fields: list[str | None]) -> bytes:
        if self._timestamp:
            fields.insert(0, time)
        if self._op:
            fields.insert(0, operation)
        return self._encode(fields)

    def _fill(self, fields: list[str | None], missing: list[int], values: Values) -> None:
        key = [(name, values[place]) for name, place in self.shape.key]
        known = [(name, value) for name, value in key if not isinstance(value, Unchanged)]
        if len(known) < len(key):
            return
        columns = [self.shape.columns[position] for position in missing]
        for position, value in zip(
            missing, self._lookup.find(self._name, known, columns), strict=True
        ):
            fields[position] = value


def _value(values: Values, place: int | None) -> Value:
    if place is None:
        return Unchanged.TOAST
    return None if place == _GONE else values[place]


def _with_generated(sent: Sequence[Column], definition: TableDefinition) -> tuple[Column, ...]:
    columns = list(sent)
    names = {column.name for column in sent}
    before = 0
    for column in definition.columns:
        if column.name in names:
            before = next(i for i, c in enumerate(columns) if c.name == column.name) + 1
        elif column.is_generated:
            columns.insert(before, column)
            before += 1
    return tuple(columns)
