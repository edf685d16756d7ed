"""The source's tables and rows, as values that the lake's text can be compared with.

Reads the catalog by itself: what the replication thinks of a table is what is being checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.demo.values import Form, Value, form_of

Row = tuple[Value | None, ...]

_FETCHED_AT_ONCE = 5_000
_TABLES = """
SELECT t.table_schema, t.table_name, ARRAY(
    SELECT attnum::int FROM pg_index i, unnest(i.indkey) AS attnum
    WHERE i.indisprimary
      AND i.indrelid = format('%%I.%%I', t.table_schema, t.table_name)::regclass)
FROM information_schema.tables t
WHERE t.table_type = 'BASE TABLE' AND t.table_schema = ANY (%s)
ORDER BY 1, 2
"""
# `udt_name` is the type below a domain; a numeric without precision has no `numeric_precision`.
_COLUMNS = """
SELECT column_name, udt_name, numeric_precision IS NOT NULL, ordinal_position::int
FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY 4
"""


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A table: its columns in their order, and the places of its primary key's among them."""

    schema: str
    name: str
    columns: tuple[str, ...]
    forms: tuple[Form, ...]
    key: tuple[int, ...]

    @property
    def select(self) -> sql.Composable:
        """Return the query for the whole table."""
        expressions = [
            sql.SQL(form.select).format(sql.Identifier(column))
            for column, form in zip(self.columns, self.forms, strict=True)
        ]
        return sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(expressions), sql.Identifier(self.schema, self.name)
        )


def read_tables(connection: Connection, schemas: Sequence[str]) -> tuple[SourceTable, ...]:
    """Return the tables of the schemas, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, (list(schemas),))
        return tuple(
            _read_table(connection, schema, name, key) for schema, name, key in cursor.fetchall()
        )


def _read_table(connection: Connection, schema: str, name: str, key: Sequence[int]) -> SourceTable:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (schema, name))
        columns = cursor.fetchall()
    places = [number for *_, number in columns]
    return SourceTable(
        schema=schema,
        name=name,
        columns=tuple(column for column, *_ in columns),
        forms=tuple(form_of(type_, has_precision=exact) for _, type_, exact, _ in columns),
        key=tuple(places.index(number) for number in key),
    )


def source_rows(connection: Connection, table: SourceTable) -> Iterator[Row]:
    """Yield every row of a table, a few thousand fetched at a time."""
    conversions = [(place, form.convert) for place, form in enumerate(table.forms) if form.convert]
    with connection.cursor("source_rows") as cursor:
        cursor.itersize = _FETCHED_AT_ONCE
        cursor.execute(table.select)
        for fetched in cursor:
            row = list(fetched)
            for place, convert in conversions:
                if row[place] is not None:
                    row[place] = convert(row[place])
            yield tuple(row)
