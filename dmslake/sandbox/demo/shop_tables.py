# ruff: noqa: S608  # all of it is constant
"""The tables of the sample shop: their columns, and the queries that fill them.

Plain data. Values are pseudo-random but the same on every machine: `shop.pick(n, salt, size)`, a
number from 0 to size - 1, is the only source of variety. Columns that DMS counts as LOBs (text,
json, arrays, bytea) stand only in tables with a primary key, because DMS leaves them out elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.sandbox.demo.type_samples import TYPE_SAMPLES

SHOP = "shop"
ARCHIVE = "shop_archive"
SCHEMAS = (SHOP, ARCHIVE)
MARK = "Made by `dmslake demo`, which drops it with everything in it at its next run."

SCHEMA_OBJECTS = """
CREATE FUNCTION shop.pick(n bigint, salt bigint, size integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT ((pg_catalog.hashint8extended(n, salt) & 2147483647) % size)::integer';
CREATE TYPE shop.order_status AS ENUM ('new', 'paid', 'shipped', 'returned', 'on hold, ask');
CREATE DOMAIN shop.percentage AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
"""


@dataclass(frozen=True, kw_only=True)
class SampleTable:
    """A table: `columns` is what CREATE TABLE takes, `rows` the query that fills it."""

    schema: str = SHOP
    name: str
    columns: str
    rows: str = ""

    @property
    def sql(self) -> str:
        """The table's name as SQL text; none of the names holds a quote."""
        return f'{self.schema}."{self.name}"'

    @property
    def statements(self) -> str:
        """Return the statements that make and fill the table."""
        create = f"CREATE TABLE {self.sql} ({self.columns});"
        return f"{create} INSERT INTO {self.sql} {self.rows};" if self.rows else create


_CUSTOMERS = SampleTable(
    name="customers",
    columns="""
        id integer PRIMARY KEY, uid uuid NOT NULL, name varchar(80) NOT NULL, email varchar(120),
        country char(2) NOT NULL, vip boolean NOT NULL, credit numeric(12,2), born date,
        registered_at timestamptz NOT NULL, note text
    """,
    rows=r"""
        SELECT n, md5('customer' || n)::uuid,
            (ARRAY['Zoë', 'Ada', 'Łukasz', '李雷', 'José "Pepe"', 'Seán', 'Ingeborg', 'Нина'])
                [1 + shop.pick(n, 1, 8)] || ' ' ||
            (ARRAY['O''Brien', 'Müller', 'García, Jr.', 'Nguyễn', 'Smith', 'Δημητρίου'])
                [1 + shop.pick(n, 2, 6)],
            CASE WHEN shop.pick(n, 3, 10) > 0 THEN 'customer' || n || '@example.com' END,
            (ARRAY['DE', 'FR', 'IE', 'PL', 'US', 'JP'])[1 + shop.pick(n, 4, 6)],
            shop.pick(n, 5, 20) = 0,
            CASE WHEN shop.pick(n, 6, 3) > 0 THEN (shop.pick(n, 7, 2000000) - 500000) / 100.0 END,
            CASE WHEN shop.pick(n, 8, 4) > 0 THEN date '1940-01-01' + shop.pick(n, 9, 25000) END,
            timestamptz '2020-01-01 00:00:00Z' + shop.pick(n, 10, 2000000000) * interval '0.1 s',
            CASE shop.pick(n, 11, 6)
                WHEN 0 THEN 'calls "urgent", then waits'
                WHEN 1 THEN E'first line\nsecond line\r\n'
                WHEN 2 THEN ''
                WHEN 3 THEN 'C:\temp\N, 100% sure'
            END
        FROM generate_series(1, 8000) AS n
    """,
)
_PRODUCTS = SampleTable(
    name="products",
    columns="""
        sku varchar(16) PRIMARY KEY, name varchar(80) NOT NULL, description text,
        price numeric(10,2) NOT NULL, weight real, tags text[], attributes jsonb, picture bytea,
        available_from date, updated_at timestamp NOT NULL
    """,
    # Some descriptions hardly compress, so that PostgreSQL stores them apart from their rows.
    rows=r"""
        SELECT 'SKU-' || lpad(n::text, 6, '0'),
            (ARRAY['Lamp', 'Café "au lait" cup', 'Box, 3 m³', 'Ünïcode mug', '1/2" screw'])
                [1 + shop.pick(n, 1, 5)] || ' #' || n,
            CASE WHEN shop.pick(n, 2, 50) = 0
                THEN (SELECT string_agg(md5(n || ',' || i), E'\n') FROM generate_series(1, 250) i)
                WHEN shop.pick(n, 2, 50) < 30 THEN E'Made of "oak";\nsize: ' || n || ', blue' END,
            shop.pick(n, 3, 100000) / 100.0, nullif(shop.pick(n, 4, 5000), 0) / 7.0,
            CASE WHEN shop.pick(n, 5, 5) > 0 THEN (ARRAY['sale', 'new, hot', 'NULL', NULL])
                [1 + shop.pick(n, 6, 4) : 4] END,
            jsonb_build_object(
                'color', 'c' || shop.pick(n, 7, 9), 'size', shop.pick(n, 8, 100) / 4.0),
            CASE WHEN shop.pick(n, 9, 3) = 0 THEN decode(md5(n::text), 'hex') END,
            CASE WHEN shop.pick(n, 10, 9) > 0 THEN date '2024-02-28' + shop.pick(n, 11, 800) END,
            timestamp '2026-01-01' + n * interval '61.000001 s'
        FROM generate_series(1, 2000) AS n
    """,
)
# The table that the query through Athena reads: its values need no unescaping by any reader.
ORDER_COLUMNS = (
    "id", "customer_id", "status", "placed_at", "shipped_at", "total", "currency", "channel",
)  # fmt: skip
_ORDERS = SampleTable(
    name="orders",
    columns="""
        id bigint PRIMARY KEY, customer_id integer NOT NULL, status shop.order_status NOT NULL,
        placed_at timestamptz NOT NULL, shipped_at timestamptz, total numeric(12,2) NOT NULL,
        currency char(3) NOT NULL, channel varchar(20)
    """,
    rows="""
        SELECT n, 1 + shop.pick(n, 1, 8000), status, placed_at,
            CASE WHEN status IN ('shipped', 'returned')
                THEN placed_at + (1 + shop.pick(n, 3, 300000)) * interval '1 s' END,
            shop.pick(n, 4, 5000000) / 100.0, (ARRAY['EUR', 'USD', 'PLN'])[1 + shop.pick(n, 5, 3)],
            (ARRAY['web', 'app', 'phone'])[1 + shop.pick(n, 6, 4)]
        FROM (
            SELECT n, timestamptz '2025-01-01 00:00:00Z' + n * interval '151.337 s' AS placed_at,
                (enum_range(NULL::shop.order_status))[1 + shop.pick(n, 2, 5)] AS status
            FROM generate_series(1, 110000) AS n
        ) AS drawn
    """,
)
_ORDER_ITEMS = SampleTable(
    name="order items",
    columns="""
        order_id bigint, line smallint, sku varchar(16) NOT NULL, quantity integer NOT NULL,
        price numeric(10,2) NOT NULL, discount real, wish varchar(60),
        PRIMARY KEY (order_id, line)
    """,
    # The newest 33,000 orders have theirs; older ones are history.
    rows=r"""
        SELECT n, line, 'SKU-' || lpad((1 + shop.pick(n, line, 2000))::text, 6, '0'),
            1 + shop.pick(n, line + 10, 9), shop.pick(n, line + 20, 100000) / 100.0,
            CASE WHEN shop.pick(n, line + 30, 4) = 0 THEN shop.pick(n, line + 40, 30) / 100.0 END,
            CASE WHEN shop.pick(n, line + 50, 9) = 0 THEN E'gift, "wrapped"\nplease' END
        FROM generate_series(77001, 110000) AS n, generate_series(1, 2) AS line
    """,
)
_EVENTS = SampleTable(
    name="events",
    columns="""
        at timestamptz NOT NULL, kind varchar(20) NOT NULL, customer_id integer,
        page varchar(200), millis double precision
    """,
    # Without a key, and every fifth row stands there twice.
    rows="""
        SELECT timestamptz '2026-11-01 00:00:00Z' + n * interval '7.000123 s',
            (ARRAY['view', 'search', 'basket', 'buy'])[1 + shop.pick(n, 1, 4)],
            nullif(shop.pick(n, 2, 8000), 0), '/p/' || shop.pick(n, 3, 2000) || '?a=1,2&q="x"',
            shop.pick(n, 4, 1000000) / 977.0
        FROM (
            SELECT i - CASE WHEN mod(i, 5) = 0 THEN 1 ELSE 0 END AS n
            FROM generate_series(1, 30000) AS i
        ) AS drawn
    """,
)
_A_PLUS_B = SampleTable(
    name="a+b",
    columns="""
        id integer PRIMARY KEY, "variant a" text, "variant, b" text,
        "uplift in %" double precision, "started at" timestamp
    """,
    rows=r"""
        SELECT n, 'A' || n, nullif(repeat('b', shop.pick(n, 1, 4)), ''),
            (shop.pick(n, 2, 20001) - 10000) / 300.0,
            CASE WHEN shop.pick(n, 3, 4) > 0 THEN timestamp '2026-05-05' + n * interval '1 h' END
        FROM generate_series(1, 1500) AS n
    """,
)
_UNICODE = SampleTable(
    name="Ünï%cøde",
    columns="""
        "Schlüssel" uuid PRIMARY KEY, "Größe" numeric(8,3), "текст" text,
        "emoji 😀" varchar(40), "50% ""off"" now" boolean
    """,
    rows=r"""
        SELECT md5('unicode' || n)::uuid, shop.pick(n, 1, 99999999) / 1000.0,
            (ARRAY['Съешь ещё', '早上好', 'שלום', 'tschüß', E'e\u0301', ''])
                [1 + shop.pick(n, 2, 8)],
            repeat('😀', shop.pick(n, 3, 8)), (ARRAY[true, false])[1 + shop.pick(n, 4, 3)]
        FROM generate_series(1, 1500) AS n
    """,
)
_EMPTY = SampleTable(name="empty table", columns="id integer PRIMARY KEY, anything text")
_ARCHIVED_ORDERS = SampleTable(
    schema=ARCHIVE,
    name="orders",
    columns="""
        id bigint PRIMARY KEY, customer varchar(80), total numeric(12,2), archived_on date
    """,
    rows="""
        SELECT n - 10000, 'Customer ' || shop.pick(n, 1, 500), shop.pick(n, 2, 900000) / 100.0,
            date '2024-12-31' - shop.pick(n, 3, 900)
        FROM generate_series(1, 6000) AS n
    """,
)


def _types() -> SampleTable:
    """Return the table `types`: its first rows hold every sample, the others draw among them."""
    most = max(len(column.samples) for column in TYPE_SAMPLES)
    columns = [f"{name} {type_.format(schema=SHOP)}" for name, type_, _ in TYPE_SAMPLES]
    values = [
        f"CASE CASE WHEN n <= {most} THEN n ELSE shop.pick(n, {salt}, {len(samples) + 1}) END "
        + " ".join(f"WHEN {i} THEN {_literal(text)}" for i, text in enumerate(samples, 1))
        + f" END::{type_.format(schema=SHOP)}"
        for salt, (_, type_, samples) in enumerate(TYPE_SAMPLES)
    ]
    return SampleTable(
        name="types",
        columns=", ".join(["id integer PRIMARY KEY", *columns]),
        rows=f"SELECT n, {', '.join(values)} FROM generate_series(1, 300) AS n",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


TABLES = (
    _CUSTOMERS,
    _PRODUCTS,
    _ORDERS,
    _ORDER_ITEMS,
    _EVENTS,
    _A_PLUS_B,
    _UNICODE,
    _EMPTY,
    _types(),
    _ARCHIVED_ORDERS,
)
