# ruff: noqa: S608  # the statements are constant; values are parameters
"""A burst of changes to the sample shop, in transactions of every kind that a log can hold.

Primary keys are never changed: DMS writes such an update with the new key only, so that the row
with the old one stays in the lake for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class in lower case

from dmslake.sandbox.demo.sessions import session
from dmslake.sandbox.demo.shop_tables import ARCHIVE, SHOP
from dmslake.sandbox.demo.type_samples import TYPE_SAMPLES
from dmslake.sandbox.dms.replication.model import SourceDatabase

_DOING = "changing the sample shop"
_POSITION = "SELECT (pg_current_wal_lsn() - '0/0')::int8"
_TYPE_COLUMNS = ", ".join(sample.column for sample in TYPE_SAMPLES)


@dataclass(frozen=True, kw_only=True)
class TableChanges:
    """The row changes of one table, as DMS counts them."""

    schema: str
    table: str
    inserts: int
    updates: int
    deletes: int


@dataclass(frozen=True, kw_only=True)
class BurstSummary:
    """What was committed. All of it lies before `last_lsn` in the log (a `pg_lsn` as a number)."""

    transactions: int
    rolled_back: int
    tables: tuple[TableChanges, ...]
    last_lsn: int

    @property
    def changes(self) -> int:
        return sum(table.inserts + table.updates + table.deletes for table in self.tables)


@dataclass(kw_only=True)
class _Tally:
    transactions: int = 0
    rolled_back: int = 0
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def tables(self) -> tuple[TableChanges, ...]:
        names = sorted({(schema, table) for schema, table, _ in self.changes})
        return tuple(
            TableChanges(
                schema=schema,
                table=table,
                inserts=self.changes[schema, table, "INSERT"],
                updates=self.changes[schema, table, "UPDATE"],
                deletes=self.changes[schema, table, "DELETE"],
            )
            for schema, table in names
        )


class _Transaction:
    """An open transaction; counts the rows that its statements change."""

    def __init__(self, cursor: Cursor, seed: int) -> None:
        self._cursor = cursor
        self._seed = seed
        self.changes: Counter[tuple[str, str, str]] = Counter()

    def insert(self, table: str, what: str, *, schema: str = SHOP) -> None:
        """Insert; `what` follows the table's name."""
        self._change("INSERT", f"INSERT INTO {_quoted(schema, table)}", what, (schema, table))

    def update(self, table: str, what: str, *, schema: str = SHOP) -> None:
        """Update; `what` follows `UPDATE table AS t SET`."""
        self._change("UPDATE", f"UPDATE {_quoted(schema, table)} AS t SET", what, (schema, table))

    def delete(self, table: str, where: str, *, schema: str = SHOP) -> None:
        """Delete; `where` is the condition."""
        self._change(
            "DELETE", f"DELETE FROM {_quoted(schema, table)} WHERE", where, (schema, table)
        )

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Roll back what is done inside, and nothing else of the transaction."""
        before = self.changes.copy()
        self._cursor.execute("SAVEPOINT undone")
        yield
        self._cursor.execute("ROLLBACK TO SAVEPOINT undone")
        self.changes = before

    def _change(self, operation: str, start: str, rest: str, table: tuple[str, str]) -> None:
        self._cursor.execute(f"{start} {rest}", {"seed": self._seed})
        self.changes[*table, operation] += self._cursor.rowcount


def burst(source: SourceDatabase, *, seed: int = 1) -> BurstSummary:
    """Change the shop that `shop.create` made; the seed decides which rows.

    May be called again on the same shop, with the same seed or another.

    Raises:
        SandboxError: PostgreSQL refused.
    """
    tally = _Tally()
    with session(source, _DOING) as first, session(source, _DOING) as second:
        for work in _TRANSACTIONS:
            with _transaction(first, tally, seed) as transaction:
                work(transaction)
        _roll_back(first, tally, seed)
        # Changes of the outer transaction stand in the log before those of the inner one, and are
        # committed after them.
        with _transaction(first, tally, seed) as outer:
            _restock(outer)
            with _transaction(second, tally, seed) as inner:
                _take_order(inner)
            _reprice(outer)
        position = _position(first)
    return BurstSummary(
        transactions=tally.transactions,
        rolled_back=tally.rolled_back,
        tables=tally.tables(),
        last_lsn=position,
    )


@contextmanager
def _transaction(connection: Connection, tally: _Tally, seed: int) -> Iterator[_Transaction]:
    with connection.cursor() as cursor:
        transaction = _Transaction(cursor, seed)
        yield transaction
    connection.commit()
    tally.transactions += 1
    tally.changes += transaction.changes


def _roll_back(connection: Connection, tally: _Tally, seed: int) -> None:
    with connection.cursor() as cursor:
        transaction = _Transaction(cursor, seed)
        transaction.delete("order items", "true")
        transaction.update("customers", "vip = NOT vip, note = 'never'")
        transaction.insert("events", "VALUES (now(), 'rolled back')")
    connection.rollback()
    tally.rolled_back += 1


def _position(connection: Connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_POSITION)
        (position,) = cursor.fetchone() or (0,)
    connection.rollback()
    return int(position)


def _take_orders(t: _Transaction) -> None:
    t.insert(
        "orders",
        """SELECT newest + n, 1 + shop.pick(newest + n, %(seed)s, 8000), 'new',
               timestamptz '2026-11-23 09:00:00Z' + n * interval '1.5 s', NULL,
               shop.pick(newest + n, %(seed)s + 1, 90000) / 100.0, 'EUR', 'web'
           FROM (SELECT max(id) AS newest FROM shop.orders) AS o, generate_series(1, 800) AS n""",
    )
    t.insert(
        "order items",
        r"""SELECT id, line, 'SKU-000001', line, 9.99, NULL,
                CASE line WHEN 2 THEN E'ring "twice",\nplease' END
            FROM (SELECT id FROM shop.orders ORDER BY id DESC LIMIT 800) AS o,
                generate_series(1, 3) AS line""",
    )


def _ship_orders(t: _Transaction) -> None:
    # Touches many rows at once; fills a column that was NULL.
    t.update(
        "orders",
        """status = 'shipped', shipped_at = placed_at + interval '1 day 0.000001 s'
           WHERE shipped_at IS NULL AND shop.pick(id, %(seed)s + 2, 12) = 0""",
    )
    # ... and empties it again.
    t.update(
        "orders",
        """status = 'returned', shipped_at = NULL, channel = NULL
           WHERE shipped_at IS NOT NULL AND shop.pick(id, %(seed)s + 3, 90) = 0""",
    )


def _edit_customers(t: _Transaction) -> None:
    t.update(
        "customers",
        r"""email = CASE WHEN email IS NULL THEN 'back' || id || '@example.com' END,
            note = CASE shop.pick(id, %(seed)s + 4, 4) WHEN 0 THEN E'"new" note,\r\nsecond line'
                WHEN 1 THEN '' WHEN 2 THEN 'NULL' END,
            credit = coalesce(credit + 0.01, 0), vip = NOT vip
        WHERE shop.pick(id, %(seed)s + 5, 15) = 0""",
    )
    t.delete("customers", "shop.pick(id, %(seed)s + 6, 150) = 0")
    t.insert(
        "customers",
        """SELECT newest + n, md5('new' || newest + n)::uuid, 'Newcomer, the ' || n, NULL, 'XX',
               false, NULL, NULL, timestamptz '2026-11-23 10:00:00Z', E'line 1\\nline 2'
           FROM (SELECT max(id) AS newest FROM shop.customers) AS c,
               generate_series(1, 100) AS n""",
    )


def _short_lives(t: _Transaction) -> None:
    """Insert, update and delete the same rows; delete others and insert them anew."""
    t.insert("orders", f"SELECT -n, n, 'new', now(), NULL, n, 'EUR' FROM {_ONE_TO_TWENTY}")
    t.update("orders", "status = 'paid', total = total * 2, channel = 'app' WHERE id < 0")
    t.update("orders", "channel = NULL WHERE id < 0")
    t.delete("orders", "id < 0")
    t.delete("a+b", "id <= 20")
    t.insert("a+b", f"SELECT n, 'again', NULL, -n / 3.0, NULL FROM {_ONE_TO_TWENTY}")
    t.update("a+b", "\"variant, b\" = 'and again' WHERE id <= 10")


def _edit_odd_names(t: _Transaction) -> None:
    t.update(
        "a+b",
        """"uplift in %%" = "uplift in %%" / 7, "started at" = "started at" + interval '1 us'
           WHERE shop.pick(id, %(seed)s + 7, 5) = 0""",
    )
    t.update(
        "Ünï%cøde",
        """"текст" = nullif("текст" || '→', '→'), "emoji 😀" = '😀,"' || chr(10)
           WHERE shop.pick(hashtext("Schlüssel"::text), %(seed)s + 15, 5) = 0""",
    )
    t.delete("Ünï%cøde", """shop.pick(hashtext("Schlüssel"::text), %(seed)s + 16, 40) = 0""")
    t.delete("order items", "line = 1 AND shop.pick(order_id, %(seed)s + 8, 60) = 0")
    t.update("order items", "discount = 0.1 WHERE shop.pick(order_id, %(seed)s + 9, 90) = 0")


def _edit_products(t: _Transaction) -> None:
    # Long descriptions that are not touched are not in the log (TOAST).
    t.update("products", "price = price + 1 WHERE length(description) > 8000")
    with t.undone():
        t.delete("products", "price > 0")
    t.update(
        "products",
        """tags = CASE WHEN tags IS NULL THEN '{x,NULL}'::text[] END, weight = -weight,
               attributes = attributes || jsonb_build_object('seed', %(seed)s::bigint),
               picture = CASE WHEN picture IS NULL THEN ''::bytea END
           WHERE shop.pick(hashtext(sku), %(seed)s + 10, 8) = 0""",
    )


def _edit_types(t: _Transaction) -> None:
    """Insert and update rows with every sample of every type, and delete some."""
    t.insert(
        "types",
        f"""SELECT newest + id, {_TYPE_COLUMNS} FROM shop.types,
                (SELECT max(id) AS newest FROM shop.types) AS n
            WHERE id <= 30 OR shop.pick(id, %(seed)s + 11, 6) = 0""",
    )
    t.update(
        "types",
        f"""({_TYPE_COLUMNS}) = (SELECT {_TYPE_COLUMNS} FROM shop.types AS o WHERE o.id = t.id - 50)
            WHERE t.id BETWEEN 51 AND 90""",
    )
    t.update("types", "a_boolean = NOT a_boolean WHERE shop.pick(id, %(seed)s + 12, 4) = 0")
    t.delete("types", "id > 90 AND shop.pick(id, %(seed)s + 13, 9) = 0")


def _archive_orders(t: _Transaction) -> None:
    """Move rows to the table of the same name in another schema."""
    oldest = "SELECT id FROM shop.orders ORDER BY id LIMIT 300"
    t.insert(
        "orders",
        f"""SELECT id, 'Customer ' || customer_id, total, placed_at::date
            FROM shop.orders WHERE id IN ({oldest})""",
        schema=ARCHIVE,
    )
    t.delete("orders", f"id IN ({oldest})")
    t.update("orders", "archived_on = NULL WHERE shop.pick(id, %(seed)s, 30) = 0", schema=ARCHIVE)
    t.delete("orders", "shop.pick(id, %(seed)s + 1, 200) = 0", schema=ARCHIVE)


def _log_events(t: _Transaction) -> None:
    # Inserts only, some of them twice: without a key DMS captures nothing else of a table.
    t.insert(
        "events",
        """SELECT timestamptz '2026-11-23 11:00:00Z' + (n / 2) * interval '1 ms', 'buy',
               shop.pick(n / 2, %(seed)s, 8000), NULL, (n / 2) / 3.0
           FROM generate_series(2, 1501) AS n""",
    )


def _restock(t: _Transaction) -> None:
    t.update("products", "weight = NULL WHERE shop.pick(hashtext(sku), %(seed)s + 14, 20) = 0")


def _reprice(t: _Transaction) -> None:
    t.update("products", "price = 0.01 WHERE shop.pick(hashtext(sku), %(seed)s + 14, 40) = 0")


def _take_order(t: _Transaction) -> None:
    t.insert(
        "orders",
        "SELECT max(id) + 1, 1, 'on hold, ask', now(), NULL, 0, 'EUR' FROM shop.orders",
    )
    t.update("products", "updated_at = now() WHERE shop.pick(hashtext(sku), %(seed)s + 14, 20) = 1")


def _quoted(schema: str, table: str) -> str:
    return f'{schema}."{table}"'.replace("%", "%%")


_ONE_TO_TWENTY = "generate_series(1, 20) AS n"
_TRANSACTIONS: tuple[Callable[[_Transaction], None], ...] = (
    _take_orders,
    _ship_orders,
    _edit_customers,
    _short_lives,
    _edit_odd_names,
    _edit_products,
    _edit_types,
    _archive_orders,
    _log_events,
)
