"""The burst: what it counts is what the database's own log holds."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox.demo.burst import BurstSummary, burst
from dmslake.sandbox.demo.shop import ShopSummary, create
from dmslake.sandbox.dms.replication import SourceDatabase
from tests.sandbox.demo.database import execute, query

_OPERATIONS = {ord("I"): "inserts", ord("U"): "updates", ord("D"): "deletes"}
_SLOT = "burst"
_CHANGES = """
SELECT data FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL,
    'proto_version', '1', 'publication_names', 'burst')
"""


@pytest.fixture
def log(administrator: SourceDatabase, shop: ShopSummary) -> Iterator[SourceDatabase]:
    """A slot that sees what happens to the shop from here on."""
    assert shop.rows
    execute(
        administrator,
        "CREATE PUBLICATION burst FOR TABLES IN SCHEMA shop, shop_archive",
        f"SELECT pg_create_logical_replication_slot('{_SLOT}', 'pgoutput')",
    )
    yield administrator
    execute(administrator, f"SELECT pg_drop_replication_slot('{_SLOT}')", "DROP PUBLICATION burst")


def _messages(log: SourceDatabase) -> list[bytes]:
    return [bytes(data) for (data,) in query(log, _CHANGES, _SLOT)]


def _counted(summary: BurstSummary) -> dict[tuple[str, str, str], int]:
    return {
        (table.schema, table.table, operation): getattr(table, operation)
        for table in summary.tables
        for operation in _OPERATIONS.values()
        if getattr(table, operation)
    }


def _in_log(source: SourceDatabase, messages: list[bytes]) -> dict[tuple[str, str, str], int]:
    tables = {
        oid: (schema, table)
        for oid, schema, table in query(
            source,
            "SELECT c.oid::int8, nspname, relname FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r'",
        )
    }
    counts: Counter[tuple[str, str, str]] = Counter()
    for message in messages:
        if message[0] in _OPERATIONS:
            (oid,) = struct.unpack_from(">I", message, 1)
            counts[(*tables[oid], _OPERATIONS[message[0]])] += 1
    return dict(counts)


def test_the_log_holds_exactly_what_was_counted(
    source: SourceDatabase, log: SourceDatabase
) -> None:
    summary = burst(source)
    messages = _messages(log)
    assert _counted(summary) == _in_log(source, messages)
    assert summary.changes == sum(_counted(summary).values()) > 5_000
    commits = [message for message in messages if message[0] == ord("C")]
    assert len(commits) == summary.transactions >= 5
    assert summary.rolled_back >= 1
    # Int8 flags, Int64 LSN of the commit, Int64 its end: protocol-logicalrep-message-formats.
    assert max(struct.unpack_from(">Q", commit, 10)[0] for commit in commits) <= summary.last_lsn


def test_no_primary_key_changes_and_tables_without_one_are_only_inserted_into(
    source: SourceDatabase, log: SourceDatabase
) -> None:
    summary = burst(source)
    # An update that changes a key carries the old one after the letter K.
    assert not [m for m in _messages(log) if m[:1] == b"U" and m[5:6] == b"K"]
    (events,) = [table for table in summary.tables if table.table == "events"]
    assert events.inserts > 0 == events.updates == events.deletes


def test_transactions_are_of_every_kind(source: SourceDatabase, log: SourceDatabase) -> None:
    burst(source)
    messages = _messages(log)
    order = bytes(message[0] for message in messages if message[:1] in b"BIUDC")
    transactions = order.split(b"C")
    assert max(len(transaction) for transaction in transactions) > 3_000
    assert any({*b"IUD"} <= {*transaction} for transaction in transactions)


@pytest.mark.parametrize("seed", [1, 2, 7_000_000_000])
def test_it_can_be_repeated(source: SourceDatabase, log: SourceDatabase, seed: int) -> None:
    first, second = burst(source, seed=seed), burst(source, seed=seed)
    assert second.last_lsn > first.last_lsn
    both = Counter(_counted(first)) + Counter(_counted(second))
    assert dict(both) == _in_log(source, _messages(log))


def test_the_seed_decides(source: SourceDatabase) -> None:
    summaries = []
    for seed in (1, 1, 2):
        create(source)
        summaries.append(_counted(burst(source, seed=seed)))
    assert summaries[0] == summaries[1] != summaries[2]


def test_what_was_rolled_back_left_no_trace(source: SourceDatabase, log: SourceDatabase) -> None:
    burst(source)
    assert query(log, "SELECT count(*) FROM shop.customers WHERE note = 'never'") == [(0,)]
    assert query(log, "SELECT count(*) FROM shop.events WHERE kind = 'rolled back'") == [(0,)]
    assert query(log, "SELECT count(*) FROM shop.products") == [(2000,)]


def test_without_a_shop_it_says_so(source: SourceDatabase) -> None:
    execute(source, "DROP SCHEMA IF EXISTS shop CASCADE")
    with pytest.raises(SandboxError) as failed:
        burst(source)
    assert "shop.orders" in failed.value.why
