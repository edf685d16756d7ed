"""How much is left to do, and what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmslake.backfill.estimate import Sizes, work_of
from dmslake.backfill.ledger import Ledger, NewObject, Side, State
from tests.backfill.fake_store import ARRIVED

SIZES = Sizes(threshold=1000, part=400)


def ledger_of(path: Path, *objects: tuple[str, str, int, State]) -> Ledger:
    ledger = Ledger.create(path / "run.ledger", {})
    ledger.add_shards(Side.STAGING, [("dms/", "", None)])
    found = [NewObject(k, t, "e", size, ARRIVED, state) for k, t, size, state in objects]
    ledger.staged(found, 1, "", done=True)
    return ledger


def table_of(key: str) -> str:
    return ".".join(key.split("/")[1:3])


def test_only_what_is_to_be_copied_counts_by_table_and_partition(tmp_path: Path) -> None:
    todo = State.PENDING
    ledger = ledger_of(
        tmp_path,
        *(("dms/p/orders/x", f"raw/p/orders/hour=0{n % 2}/{n}", 10, todo) for n in range(5)),
        ("dms/p/items/x", "raw/p/items/hour=00/x", 7, State.PENDING),
        ("dms/p/items/y", "raw/p/items/hour=00/y", 7, State.PRESENT),
        ("dms/p/", "", 0, State.SKIPPED),
    )  # fmt: skip
    work = work_of(ledger, table_of, SIZES, encrypted=False)
    ledger.close()
    assert (work.objects, work.size) == (6, 57)
    assert [(one.table, one.objects, one.size) for one in work.tables] == [
        ("p.orders", 5, 50),
        ("p.items", 1, 7),
    ]
    assert [(one.partition, one.objects) for one in work.partitions] == [
        ("raw/p/orders/hour=00", 3),
        ("raw/p/orders/hour=01", 2),
        ("raw/p/items/hour=00", 1),
    ]


def test_requests_cost_their_list_price(tmp_path: Path) -> None:
    small = [(f"dms/p/t/{n}", f"raw/{n}", 1, State.PENDING) for n in range(1998)]
    big = ("dms/p/t/big", "raw/big", 1001, State.PENDING)
    ledger = ledger_of(tmp_path, *small, big)
    work = work_of(ledger, table_of, SIZES, encrypted=True)
    ledger.close()
    requests = {one.kind: (one.count, one.made) for one in work.requests}
    costs = {one.kind: one.usd for one in work.requests}
    # The big one is begun, copied in three parts and completed, and looked at before.
    assert requests["COPY"] == (1998 + 5, False)
    assert requests["HEAD"] == (1, False)
    assert requests["KMS"] == (1999, False)
    assert requests["LIST"][0] >= 1
    assert requests["LIST"][1] is True
    assert costs["COPY"] == pytest.approx(2003 * 0.005 / 1000)
    assert costs["HEAD"] == pytest.approx(0.0004 / 1000)
    assert costs["KMS"] == pytest.approx(1999 * 0.03 / 10_000)
    assert work.usd == pytest.approx(sum(one.usd for one in work.requests))


def test_an_empty_ledger_needs_nothing(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    work = work_of(ledger, table_of, SIZES, encrypted=False)
    ledger.close()
    assert (work.objects, work.tables, work.partitions) == (0, (), ())
