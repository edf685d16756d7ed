"""Makes the sample database: ten tables of a shop, with odd names and values, 225,300 rows."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class in lower case

from dmslake.errors import ConflictError
from dmslake.sandbox.demo.sessions import session
from dmslake.sandbox.demo.shop_tables import MARK, SCHEMA_OBJECTS, SCHEMAS, TABLES
from dmslake.sandbox.dms.replication.model import SourceDatabase

_COMMENT = "SELECT obj_description(to_regnamespace(quote_ident(%s)), 'pg_namespace')"
_EXISTS = "SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL"
_HAS_KEY = """
SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = %s::regclass AND indisprimary)
"""


@dataclass(frozen=True, kw_only=True)
class ShopTable:
    """A table of the shop; changes of one without a key are captured only where they insert."""

    schema: str
    table: str
    rows: int
    has_key: bool


@dataclass(frozen=True, kw_only=True)
class ShopSummary:
    """What was made."""

    tables: tuple[ShopTable, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def create(source: SourceDatabase, *, reader: str | None = None) -> ShopSummary:
    """Make the schemas of the shop, in one transaction; those of an earlier demo are replaced.

    Args:
        source: the database, and the account that will own the tables.
        reader: another account that replicates from them; it is granted SELECT.

    Raises:
        ConflictError: a schema of that name exists and was not made by a demo.
        SandboxError: PostgreSQL refused.
    """
    with session(source, "making the sample shop") as connection:
        with connection.cursor() as cursor:
            for schema in SCHEMAS:
                _replace_schema(cursor, schema, source.database)
            cursor.execute(SCHEMA_OBJECTS)
            tables = tuple(_create_tables(cursor))
            if reader is not None:
                _grant(cursor, reader)
        connection.commit()
    return ShopSummary(tables=tables)


def _replace_schema(cursor: Cursor, schema: str, database: str) -> None:
    if _scalar(cursor, _EXISTS, schema) and _scalar(cursor, _COMMENT, schema) != MARK:
        raise ConflictError(
            f"the demo needs the schema {schema!r} of database {database!r} for itself",
            why="a schema of that name is there, and it was not made by the demo",
            fix="rename it, or let the demo use its own database",
        )
    name = sql.Identifier(schema)
    cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(MARK)))


def _create_tables(cursor: Cursor) -> list[ShopTable]:
    made = []
    for table in TABLES:
        cursor.execute(table.statements)
        rows = max(cursor.rowcount, 0)
        # DMS plans its load by the number of rows that the catalog knows of.
        cursor.execute(f"ANALYZE {table.sql}")
        has_key = bool(_scalar(cursor, _HAS_KEY, table.sql))
        made.append(ShopTable(schema=table.schema, table=table.name, rows=rows, has_key=has_key))
    return made


def _grant(cursor: Cursor, reader: str) -> None:
    schemas = sql.SQL(", ").join(map(sql.Identifier, SCHEMAS))
    account = sql.Identifier(reader)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schemas, account))
    cursor.execute(
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schemas, account)
    )


def _scalar(cursor: Cursor, query: str, value: str) -> object:
    cursor.execute(query, (value,))
    row = cursor.fetchone()
    return row[0] if row else None
