from pathlib import Path

import pytest

from dmslake.backfill.ledger import Ledger, NewObject, Result, Side, State, Tally, hash_of
from dmslake.backfill.ledgers import finish, ledger_folder, open_ledger
from dmslake.errors import LedgerError

ABOUT = {"lake_bucket": "lake", "layout": "default"}
MD5 = "0123456789abcdef0123456789abcdef"


def one(key: str, etag: str = MD5, state: State = State.PENDING) -> NewObject:
    return NewObject(key, f"raw/{key}", etag, 7, 1_795_442_822, state)


def filled(path: Path, *objects: NewObject) -> Ledger:
    ledger = Ledger.create(path, ABOUT)
    ledger.add_shards(Side.STAGING, [("dms/", "", None)])
    (shard,) = ledger.open_shards(Side.STAGING)
    ledger.staged(objects, shard.id, "dms/z", done=True)
    return ledger


@pytest.mark.parametrize("etag", [MD5, MD5.upper(), f"{MD5}-12", "", "z" * 32])
def test_what_was_written_is_read(tmp_path: Path, etag: str) -> None:
    ledger = filled(tmp_path / "a.ledger", one("dms/public/é 😀/LOAD00000001.csv", etag))
    (row,) = ledger.pending(0, 10)
    assert (row.key, row.etag, row.size) == ("dms/public/é 😀/LOAD00000001.csv", etag, 7)
    assert row.target == f"raw/{row.key}"


def test_results_are_counted_and_failures_gathered(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "a.ledger", one("a"), one("b"), one("c"), one("d"))
    ledger.settle(
        [
            Result(1, State.COPIED, 1),
            Result(2, State.FAILED, 1, "AccessDenied", "no"),
            Result(3, State.FAILED, 1, "AccessDenied", "no"),
        ]
    )
    assert ledger.tallies() == {
        State.COPIED: Tally(1, 7), State.FAILED: Tally(2, 14), State.PENDING: Tally(1, 7)
    }  # fmt: skip
    assert ledger.failures() == [("AccessDenied", "no", 2, "b")]
    assert ledger.again() == 2
    assert [row.key for row in ledger.pending(0, 10)] == ["b", "c", "d"]


def test_a_run_that_ended_early_is_continued(tmp_path: Path) -> None:
    ledger, continued = open_ledger(tmp_path, ABOUT, restart=False)
    assert not continued
    ledger.add_shards(Side.STAGING, [("dms/", "dms/a", "dms/b")])
    ledger.close()
    again, continued = open_ledger(tmp_path, ABOUT, restart=False)
    assert continued
    assert [(s.prefix, s.last, s.before) for s in again.open_shards(Side.STAGING)] == [
        ("dms/", "dms/a", "dms/b")
    ]
    finish(again)
    again.close()
    assert not open_ledger(tmp_path, ABOUT, restart=False)[1]


def test_a_run_of_something_else_is_not_continued(tmp_path: Path) -> None:
    open_ledger(tmp_path, ABOUT, restart=False)[0].close()
    with pytest.raises(LedgerError, match="something else") as caught:
        open_ledger(tmp_path, {**ABOUT, "layout": "{path}-{stamp}"}, restart=False)
    assert caught.value.why == "layout was default, now it is {path}-{stamp}"
    ledger, continued = open_ledger(tmp_path, {**ABOUT, "layout": "x"}, restart=True)
    assert (continued, len(list(tmp_path.glob("*.ledger")))) == (False, 1)
    ledger.close()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    first, _ = open_ledger(tmp_path, ABOUT, restart=False)
    for restart in (False, True):
        with pytest.raises(LedgerError, match="is in use") as caught:
            open_ledger(tmp_path, ABOUT, restart=restart)
        assert str(first.path) in caught.value.what
    first.close()


def test_a_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "a.ledger")
    ledger.note("version", "0")
    ledger.close()
    with pytest.raises(LedgerError, match="another version"):
        open_ledger(tmp_path, ABOUT, restart=False)
    open_ledger(tmp_path, ABOUT, restart=True)[0].close()


def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ledger").write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="cannot be read"):
        open_ledger(tmp_path, ABOUT, restart=False)
    open_ledger(tmp_path, ABOUT, restart=True)[0].close()
    assert len(list(tmp_path.glob("*.ledger"))) == 1


def test_the_lake_is_known_by_hashes(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "a.ledger")
    ledger.add_shards(Side.LAKE, [("raw/", "", None)])
    (shard,) = ledger.open_shards(Side.LAKE)
    ledger.in_lake({hash_of("raw/a"): 7}, shard.id, "raw/a", done=True)
    assert ledger.sizes([hash_of("raw/a"), hash_of("raw/b")]) == {hash_of("raw/a"): 7}


def test_the_folder_follows_the_users_state(tmp_path: Path) -> None:
    found = ledger_folder("123456789012", "eu-west-1", "shop", {"XDG_STATE_HOME": str(tmp_path)})
    assert found == tmp_path / "dmslake" / "backfill" / "123456789012-eu-west-1" / "shop"
