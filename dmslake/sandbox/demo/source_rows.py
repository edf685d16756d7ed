"""The source's tables and rows, as values that the lake's text can be compared with.

Reads the catalog by itself: what the replication thinks of a table is what is being checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import Column
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.demo.values import Form, Value, form_of

Row = tuple[Value | None, ...]

_FETCHED_AT_ONCE = 5_000
_HIGHEST_PRECISION = 1_000  # of a numeric that declares one
_TABLES = """
SELECT nspname, relname, ARRAY(
    SELECT number::int
    FROM pg_index, unnest(indkey::int2[]) WITH ORDINALITY AS k(number, place)
    WHERE indrelid = c.oid AND indisprimary AND place <= indnkeyatts ORDER BY place)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = ANY (%s)
ORDER BY nspname, relname
"""
_TYPES = "SELECT oid::int8, typname FROM pg_type WHERE oid = ANY (%s::oid[])"


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
        # A result tells its columns with their domains resolved, and is refused where a column may
        # not be read.
        cursor.execute(sql.SQL("TABLE {} LIMIT 0").format(sql.Identifier(schema, name)))
        columns = cursor.description or ()
        cursor.execute(_TYPES, ([column.type_code for column in columns],))
        types = dict(cursor.fetchall())
    numbers = [column.table_column for column in columns]
    return SourceTable(
        schema=schema,
        name=name,
        columns=tuple(column.name for column in columns),
        forms=tuple(
            form_of(types[column.type_code], has_precision=_has_precision(column))
            for column in columns
        ),
        key=tuple(numbers.index(number) for number in key),
    )


def _has_precision(column: Column) -> bool:
    # For a numeric without one, psycopg2 reads the type modifier -1 as 65535.
    return column.precision is not None and column.precision <= _HIGHEST_PRECISION


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
