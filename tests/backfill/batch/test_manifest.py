"""Manifests hold every key so that the loader reads it back, with what the listing saw."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.batch.manifest import UNWRITABLE, line, write_manifest
from dmslake.backfill.ledger import Ledger, NewObject, Row, Side, State
from dmslake.lake import manifest_key

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)
ETAG = "0123456789abcdef0123456789abcdef"


def ledger_of(path: Path, *keys: str) -> Ledger:
    ledger = Ledger.create(path, {})
    ledger.add_shards(Side.STAGING, [("", "", None)])
    objects = [NewObject(key, f"lake/{key}", ETAG, 5, 1_700_000_000, State.PENDING) for key in keys]
    ledger.staged(objects, 1, "", done=True)
    return ledger


@given(KEYS, st.integers(0, 2**45), st.integers(0, 4_000_000_000))
def test_a_line_tells_the_loader_everything(key: str, size: int, modified: int) -> None:
    text = line("stg", Row(1, key, "t", ETAG, size, modified))
    if text is None:
        assert len(key.encode()) > 200
        return
    assert text.count("\n") == 1
    assert text.count(",") == 1
    bucket, _, written = text.removesuffix("\n").partition(",")
    found = manifest_key.read(written)
    assert (bucket, found.key) == ("stg", key)
    if found.seen is not None:
        assert (found.seen.etag, found.seen.size) == (f'"{ETAG}"', size)
        assert int(found.seen.last_modified.timestamp()) == modified


def test_a_manifest_ends_where_it_is_told_to(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", *(f"k{number}" for number in range(10_000)))
    made = write_manifest(ledger, "stg", tmp_path / "m.csv", 9_000)
    assert made == (9_000, 9_000, 0)
    assert len((tmp_path / "m.csv").read_text().splitlines()) == 9_000
    assert write_manifest(ledger, "stg", tmp_path / "m.csv", None).lines == 10_000
    ledger.close()


def test_a_key_that_fits_no_manifest_fails_by_itself(tmp_path: Path) -> None:
    # Written plainly it would be taken for a description, and described it is too long.
    odd = '{"k":"' + "x" * 350 + '"}'
    longest = '{"k":"' + "ü" * 170 + '"}'
    ledger = ledger_of(tmp_path / "a.ledger", odd, longest, "fine")
    made = write_manifest(ledger, "stg", tmp_path / "m.csv", None)
    failed = ledger.tallies().get(State.FAILED)
    assert made.lines + (failed.objects if failed else 0) == 3
    assert failed is not None
    assert {code for code, *_ in ledger.failures()} == {UNWRITABLE}
    ledger.close()
