"""What the source's catalog says of tables: columns, keys, and whether updates can be captured.

Reads only. Identifiers go through `quoted`; values are parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case

from dmslake.sandbox.dms.replication.data_types import DataType


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that is replicated; `is_generated` ones are not part of the change stream."""

    name: str
    data_type: DataType
    is_generated: bool = False


@dataclass(frozen=True, kw_only=True)
class TableName:
    """Schema and table, as stored in the catalog."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def sql(self) -> str:
        """The name as SQL text."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """A table that could be replicated.

    `captures_updates` is false where PostgreSQL would refuse an UPDATE of a table whose updates are
    published: without a primary key, or with replica identity NOTHING. `roots` are the partitioned
    tables above it.
    """

    oid: int
    name: TableName
    is_partitioned: bool
    captures_updates: bool
    estimated_rows: int
    roots: tuple[int, ...] = ()

    def renamed(self, name: TableName) -> CatalogTable:
        """Return the same table under another name."""
        return replace(self, name=name)


@dataclass(frozen=True, kw_only=True)
class TableDefinition:
    """The columns of a table, and those of its primary key or, failing that, a unique index."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]


_TABLES = """
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p',
       c.relreplident IN ('d', 'f', 'i') AND EXISTS (
           SELECT FROM pg_index i
           WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND i.indisvalid),
       greatest(c.reltuples, 0)::int8,
       ARRAY(SELECT a.relid::oid::int8 FROM pg_partition_ancestors(c.oid) a WHERE a.relid <> c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^awsdms_'
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname, a.atttypid::int8, a.atttypmod, a.attgenerated <> ''
FROM pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
# The primary key first, then the smallest unique index that identifies every row.
_KEY = """
SELECT ARRAY(SELECT a.attname::text
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_index i
WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND NOT a.attnotnull
                  AND a.attnum = ANY (i.indkey::int2[]))
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1
"""
_TYPES = """
WITH RECURSIVE resolved(asked, oid, typmod) AS (
    SELECT oid, oid, -1 FROM pg_type WHERE oid = ANY (%s::oid[])
    UNION ALL
    SELECT r.asked, t.typbasetype, CASE WHEN r.typmod < 0 THEN t.typtypmod ELSE r.typmod END
    FROM resolved r JOIN pg_type t ON t.oid = r.oid AND t.typtype = 'd'
)
SELECT r.asked::int8, t.typname, t.typtype, t.typcategory = 'A', r.typmod
FROM resolved r JOIN pg_type t ON t.oid = r.oid AND t.typtype <> 'd'
"""


def quoted(identifier: str) -> str:
    """Return an identifier as SQL text."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string as an SQL literal, for statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def list_tables(connection: Connection) -> list[CatalogTable]:
    """Return every ordinary and partitioned table outside the system's schemas."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [
            CatalogTable(
                oid=oid,
                name=TableName(schema=schema, table=table),
                is_partitioned=partitioned,
                captures_updates=captures,
                estimated_rows=rows,
                roots=tuple(roots),
            )
            for oid, schema, table, partitioned, captures, rows, roots in cursor.fetchall()
        ]


def read_definition(connection: Connection, oid: int) -> TableDefinition:
    """Return the columns, in table order, and the key of a table; empty if it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (oid,))
        rows = cursor.fetchall()
        cursor.execute(_KEY, (oid,))
        key = cursor.fetchone()
    types = read_types(connection, [type_oid for _, type_oid, _, _ in rows])
    columns = tuple(
        Column(name=name, data_type=with_typmod(types[type_oid], typmod), is_generated=generated)
        for name, type_oid, typmod, generated in rows
    )
    return TableDefinition(columns=columns, key=tuple(key[0]) if key else ())


def read_types(connection: Connection, oids: Sequence[int]) -> dict[int, DataType]:
    """Return the types with these oids, domains resolved; types that are gone are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPES, (list(oids),))
        return {
            oid: DataType(name=name, kind=kind, is_array=is_array, typmod=typmod)
            for oid, name, kind, is_array, typmod in cursor.fetchall()
        }


def with_typmod(data_type: DataType, typmod: int) -> DataType:
    """Return the type as a column declares it; a domain brings its own modifier."""
    if typmod < 0:
        return data_type
    return replace(data_type, typmod=typmod)
