"""Snapshots tell exactly which committed transactions a load has seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.sandbox.dms.replication.snapshots import Snapshot, read_snapshot
from tests.sandbox.replication.database import Database

EPOCH = 2**32


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    xmin = draw(st.integers(3, 4 * EPOCH))
    xmax = xmin + draw(st.integers(0, 50))
    running = draw(st.frozensets(st.integers(xmin, xmax), max_size=5)) - {xmax}
    return Snapshot(xmin=xmin, xmax=xmax, running=running, lsn=100)


@given(snapshots())
def test_text_is_read_back(snapshot: Snapshot) -> None:
    assert read_snapshot(str(snapshot), snapshot.lsn) == snapshot


@given(snapshots(), st.integers(-1000, 1000))
def test_transactions_are_seen_by_their_number_in_any_epoch(
    snapshot: Snapshot, distance: int
) -> None:
    xid = max(3, snapshot.xmax + distance)
    seen = xid < snapshot.xmax and xid not in snapshot.running
    assert snapshot.shows(xid % EPOCH, 99) is seen
    assert not snapshot.shows(xid % EPOCH, 100)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        read_snapshot("12", 0)


def test_a_real_snapshot_is_read(database: Database) -> None:
    open_transaction = database.connect()
    open_transaction.autocommit = False
    with open_transaction.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::int8")
        (running,) = cursor.fetchone() or (0,)
        later = database.value("SELECT pg_current_xact_id()::text::int8")
        snapshot = read_snapshot(database.value("SELECT pg_current_snapshot()::text"), 2**60)
    open_transaction.rollback()
    open_transaction.close()
    assert not snapshot.shows(running % EPOCH, 0)
    assert snapshot.shows(later % EPOCH, 0)
