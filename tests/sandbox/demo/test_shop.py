# ruff: noqa: S608  # all of it is constant
"""The sample shop: what is in it, and that making it again, or beside others, harms nothing."""

from __future__ import annotations

import pytest

from dmslake.errors import ConflictError, SandboxError
from dmslake.sandbox.demo.shop import ShopSummary, create
from dmslake.sandbox.demo.shop_tables import ARCHIVE, ORDER_COLUMNS, SCHEMAS
from dmslake.sandbox.demo.type_samples import TYPE_SAMPLES
from dmslake.sandbox.dms.replication import SourceDatabase
from tests.sandbox.demo.database import execute, query

_CHECKSUM = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} AS t"


def test_the_shop_has_the_tables_that_pipelines_lose(
    source: SourceDatabase, shop: ShopSummary
) -> None:
    names = {(table.schema, table.table): table for table in shop.tables}
    assert {"order items", "a+b", "Ünï%cøde", "empty table"} <= {name for _, name in names}
    assert names["shop", "orders"].rows == max(table.rows for table in shop.tables)
    assert ("shop_archive", "orders") in names
    assert [table.table for table in shop.tables if not table.has_key] == ["events"]
    assert [table.table for table in shop.tables if not table.rows] == ["empty table"]
    counted = {
        name: query(source, f'SELECT count(*) FROM {name[0]}."{name[1]}"')[0][0] for name in names
    }
    assert counted == {name: table.rows for name, table in names.items()}
    assert sum(counted.values()) == shop.rows > 200_000


def test_making_it_again_gives_the_same_rows(source: SourceDatabase, shop: ShopSummary) -> None:
    tables = [f'{table.schema}."{table.table}"' for table in shop.tables]
    before = [query(source, _CHECKSUM.format(table)) for table in tables]
    execute(source, 'DELETE FROM shop."a+b"', "CREATE TABLE shop.forgotten (id integer)")
    assert create(source) == shop
    assert [query(source, _CHECKSUM.format(table)) for table in tables] == before
    assert query(source, "SELECT to_regclass('shop.forgotten')") == [(None,)]


@pytest.mark.usefixtures("shop")
def test_every_sample_of_every_type_is_there_and_so_is_null(source: SourceDatabase) -> None:
    for column, declared, samples in TYPE_SAMPLES:
        type_ = declared.format(schema="shop")
        found = query(source, f"SELECT array_agg(DISTINCT {column}::text) FROM shop.types")[0][0]
        for sample in samples:
            written = query(source, f"SELECT %s::{type_}::text", sample)[0][0]
            assert written in found, (column, sample)
        assert None in found, column


@pytest.mark.usefixtures("shop")
def test_events_repeat_without_a_key(source: SourceDatabase) -> None:
    repeated = (
        "SELECT count(*) FROM (SELECT 1 FROM shop.events GROUP BY events HAVING count(*) > 1)"
    )
    assert query(source, repeated)[0][0] > 1000


@pytest.mark.usefixtures("shop")
def test_long_texts_are_stored_apart(source: SourceDatabase) -> None:
    toast = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = %s::regclass"
    assert query(source, toast, "shop.products")[0][0] > 100_000


@pytest.mark.usefixtures("shop")
def test_the_columns_of_orders_are_those_that_the_query_names(source: SourceDatabase) -> None:
    columns = query(
        source,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'shop' "
        "AND table_name = 'orders' ORDER BY ordinal_position",
    )
    assert tuple(name for (name,) in columns) == ORDER_COLUMNS


def test_a_schema_of_somebody_else_is_not_dropped(source: SourceDatabase) -> None:
    execute(
        source,
        *(f"DROP SCHEMA IF EXISTS {schema} CASCADE" for schema in SCHEMAS),
        f"CREATE SCHEMA {ARCHIVE}",
        f"CREATE TABLE {ARCHIVE}.precious AS SELECT 1 AS id",
    )
    with pytest.raises(ConflictError) as refused:
        create(source)
    assert ARCHIVE in refused.value.what
    assert query(source, f"SELECT id FROM {ARCHIVE}.precious") == [(1,)]
    assert query(source, "SELECT to_regnamespace('shop')") == [(None,)]
    execute(source, f"DROP SCHEMA {ARCHIVE} CASCADE")


def test_another_reader_may_read_all_of_it(
    source: SourceDatabase, administrator: SourceDatabase
) -> None:
    execute(administrator, 'DROP ROLE IF EXISTS "other reader"', 'CREATE ROLE "other reader"')
    shop = create(source, reader="other reader")
    allowed = "SELECT has_table_privilege('other reader', %s, 'SELECT')"
    for table in shop.tables:
        assert query(source, allowed, f'{table.schema}."{table.table}"') == [(True,)]
    execute(administrator, 'DROP OWNED BY "other reader"', 'DROP ROLE "other reader"')


def test_a_refusal_of_the_database_is_told_in_its_words(source: SourceDatabase) -> None:
    with pytest.raises(SandboxError) as refused:
        create(source, reader="nobody at all")
    assert refused.value.why == 'role "nobody at all" does not exist'
    assert refused.value.fix
