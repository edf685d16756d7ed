"""The comparison of staging and lake, beside one that holds everything in dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.backfill.ledger import Ledger, NewObject, Side, State
from dmslake.backfill.listing import Listed
from dmslake.backfill.selection import Selection
from dmslake.backfill.verification import Finding, Verification
from dmslake.lake.layout import Layout
from dmslake.lake.routing import Router

ROUTER = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
NOW = 1_795_500_000
ARRIVED = NOW - 3600


def listed(key: str, size: int = 3, etag: str = "e") -> Listed:
    return Listed(key, NOW, etag, size, "STANDARD")


def ledger_with(
    path: Path, staged: Mapping[str, tuple[int, str]], states: Mapping[str, State] | None = None
) -> Ledger:
    """Make a ledger of staged objects, each by its target, with size and ETag."""
    ledger = Ledger.create(path, {})
    ledger.add_shards(Side.STAGING, [("dms/", "", None)])
    rows = [
        NewObject(
            f"dms/{target}", target, etag, size, ARRIVED, (states or {}).get(target, State.PENDING)
        )
        for target, (size, etag) in staged.items()
    ]
    ledger.staged(rows, 1, "", done=True)
    return ledger


objects = st.dictionaries(
    st.sampled_from([f"raw/s/t/{name}" for name in "abcdefgh'\"%é📦"]),
    st.tuples(st.integers(0, 2), st.sampled_from(["e", "f", "0" * 32, "0" * 31 + "1"])),
)


@settings(max_examples=150, deadline=None)
@given(staged=objects, lake=objects, content=st.booleans(), cut=st.integers(1, 4))
def test_it_finds_what_a_comparison_in_memory_finds(
    staged: dict[str, tuple[int, str]],
    lake: dict[str, tuple[int, str]],
    content: bool,
    cut: int,
) -> None:
    with TemporaryDirectory() as folder:
        ledger = ledger_with(Path(folder) / "a.ledger", staged)
        found = Verification(ledger, ROUTER, Selection(), NOW)
        pages = [listed(key, *told) for key, told in lake.items()]
        for start in range(0, len(pages), cut):
            found.take(pages[start : start + cut], content=content)
        found.conclude()
        told = {(one.finding, one.target) for one in found.findings()}
        closer = {row.target for rows in found.closer() for row in rows}
        ledger.close()
    both = staged.keys() & lake.keys()
    same_size = {key for key in both if staged[key][0] == lake[key][0]}
    same_etag = {key for key in same_size if staged[key] == lake[key]}
    assert told == {
        *((Finding.MISSING, key) for key in staged.keys() - lake.keys()),
        *((Finding.SIZE, key) for key in both - same_size),
        *((Finding.EXTRA, key) for key in lake.keys() - staged.keys()),
    }
    assert closer == (same_size - same_etag if content else set())
    assert found.alike["etag"] == len(same_etag)
    assert found.alike["size"] == (0 if content else len(same_size - same_etag))


def findings(tmp_path: Path, *keys: str, selection: Selection | None = None) -> list[Finding]:
    ledger = ledger_with(tmp_path / "a.ledger", {})
    found = Verification(ledger, ROUTER, selection or Selection(), NOW)
    found.take([listed(key) for key in keys], content=False)
    told = [one.finding for one in found.findings()]
    ledger.close()
    return told


GONE = "raw/public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv"


@pytest.mark.parametrize(
    ("key", "selection", "expected"),
    [
        (GONE, Selection(), [Finding.ORPHAN]),
        (GONE, Selection(tables=("public.orders",)), [Finding.ORPHAN]),
        (GONE, Selection(tables=("public.items",)), []),
        (GONE, Selection(key_prefix="public/o"), [Finding.ORPHAN]),
        (GONE, Selection(key_prefix="public/i"), []),
        ("raw/notes.txt", Selection(), [Finding.EXTRA]),
        ("raw/notes.txt", Selection(tables=("public.orders",)), []),
        (GONE.replace("hour=14", "hour=15"), Selection(), [Finding.EXTRA]),
    ],
)
def test_what_nothing_staged_belongs_to_is_judged_by_its_key(
    tmp_path: Path, key: str, selection: Selection, expected: list[Finding]
) -> None:
    assert findings(tmp_path, key, selection=selection) == expected


def test_what_was_staged_after_the_listing_began_is_no_extra_object(tmp_path: Path) -> None:
    later = "raw/public/orders/year=2027/month=01/day=01/hour=00/LOAD00000001-20270101T000000Z.csv"
    assert findings(tmp_path, later) == []


def test_what_can_never_be_copied_is_a_difference(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path / "a.ledger", {"": (3, "e")}, {"": State.FAILED})
    found = Verification(ledger, ROUTER, Selection(), NOW)
    found.conclude()
    assert found.counts() == {Finding.UNREACHABLE: (1, 0)}
    assert found.prepare_repair() == 0
    ledger.close()


def test_only_what_can_be_repaired_is_copied_again(tmp_path: Path) -> None:
    ledger = ledger_with(
        tmp_path / "a.ledger",
        {"raw/missing": (3, "e"), "raw/short": (3, "e"), "raw/good": (3, "e")},
    )
    found = Verification(ledger, ROUTER, Selection(), NOW)
    found.take([listed("raw/short", 2), listed("raw/good"), listed("raw/extra")], content=False)
    found.conclude()
    assert found.prepare_repair() == 2
    assert {row.target for row in ledger.pending(0, 10)} == {"raw/missing", "raw/short"}
    ledger.close()
