import threading
from collections import Counter
from pathlib import Path

import pytest

from dmslake.backfill.ledger import Ledger, NewObject, Side, State
from dmslake.backfill.lister import Asking, Cut, Listing
from dmslake.backfill.listing import Page
from dmslake.backfill.store import Answer, PageAsked, StoreError
from dmslake.backfill.tables import parts
from dmslake.sandbox.processes import wait_until
from tests.backfill.fake_store import FakeStore


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "run.ledger", {})


def filled(tables: int, objects: int) -> FakeStore:
    store = FakeStore(page_size=10)
    for table in range(tables):
        for number in range(objects):
            store.put(f"dms/public/t{table}/20261123-{number:09}.csv")
    store.put("dms/loose.csv")
    store.put("dms/public/CDC_TXN-20261123144702000.csv")
    store.put("elsewhere/public/t/LOAD00000001.csv")
    return store


def listed(store: FakeStore, ledger: Ledger, *, listers: int, pages: int = 10_000) -> Counter[str]:
    """List until everything is, or so many pages were taken."""
    listing = Listing(Asking(store), "staging", listers=listers)
    listing.start(ledger.open_shards(Side.STAGING))
    keys: Counter[str] = Counter()
    while pages and not listing.finished:
        found = listing.take(0.02)
        for cut in listing.cuts():
            ledger.split(cut.shard, cut.at)
            listing.add(ledger.open_shards(Side.STAGING)[-1])
        if found is not None:
            pages -= 1
            keys.update(one.key for one in found.objects)
            rows = [NewObject(o.key, "", o.etag, o.size, 0, State.SKIPPED) for o in found.objects]
            ledger.staged(rows, found.shard, found.last, done=found.done)
    listing.stop()
    return keys


def begun(store: FakeStore, ledger: Ledger) -> Counter[str]:
    found = parts(Asking(store), "staging", "dms/", lambda _: True)
    ledger.add_shards(Side.STAGING, found)
    return Counter(key for key in store.objects["staging"] if key.startswith("dms/"))


@pytest.mark.parametrize(("tables", "objects", "listers"), [(7, 30, 4), (1, 3000, 8), (3, 400, 1)])
def test_every_key_is_listed_once(ledger: Ledger, tables: int, objects: int, listers: int) -> None:
    store = filled(tables, objects)
    expected = begun(store, ledger)
    assert listed(store, ledger, listers=listers) == expected


def test_a_long_part_is_cut_for_the_other_listers(ledger: Ledger) -> None:
    store = filled(1, 5000)
    begun(store, ledger)
    listing = Listing(Asking(store), "staging", listers=8, ahead=12)
    listing.start(ledger.open_shards(Side.STAGING))
    # Nobody takes what is found, so whoever lists the long part has to wait for the others.
    cuts: list[Cut] = []

    def was_cut() -> bool:
        cuts.extend(listing.cuts())
        return bool(cuts)

    assert wait_until(was_cut, 10)
    listing.stop()
    assert "dms/public/t0/" < cuts[0].at < "dms/public/t1/"


@pytest.mark.parametrize("pages", [1, 7, 40, 100])
def test_what_was_listed_is_not_listed_again(ledger: Ledger, pages: int) -> None:
    store = filled(2, 1000)
    expected = begun(store, ledger)
    keys = listed(store, ledger, listers=4, pages=pages)
    keys.update(listed(store, ledger, listers=4))
    assert keys == expected


def test_a_listing_that_is_refused_for_a_while_is_asked_for_again(ledger: Ledger) -> None:
    store = filled(2, 30)
    expected = begun(store, ledger)
    store.refused_listings = 2
    assert listed(store, ledger, listers=2) == expected


def test_only_wanted_tables_are_parts() -> None:
    found = parts(
        Asking(filled(3, 2)), "staging", "dms/", lambda folder: folder == "dms/public/t1/"
    )
    assert found == [("dms/", "dms/public/t1/", "dms/public/t2/")]


def test_a_listing_that_stays_refused_is_an_error(ledger: Ledger) -> None:
    store = filled(1, 30)
    begun(store, ledger)
    store.objects.pop("staging")
    store.page = _denied  # type: ignore[method-assign, assignment]
    listing = Listing(Asking(store), "staging", listers=1)
    listing.start(ledger.open_shards(Side.STAGING))
    with pytest.raises(StoreError, match="AccessDenied"):
        _take_all(listing)
    listing.stop()


def _take_all(listing: Listing) -> None:
    while True:
        listing.take(1)


def _denied(_: object) -> None:
    raise StoreError(Answer(403, "AccessDenied", ""))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_in_a_lister_ends_the_run(ledger: Ledger) -> None:
    class Mistaken(FakeStore):
        def page(self, asked: PageAsked) -> Page:
            if asked.after:
                raise LookupError("a mistake of ours")
            return super().page(asked)

    store = Mistaken(page_size=10)
    for number in range(30):
        store.put(f"dms/public/t/20261123-{number:09}.csv")
    ledger.add_shards(Side.STAGING, parts(Asking(store), "staging", "dms/", lambda _: True))
    with pytest.raises(StoreError, match="ListerFailed"):
        listed(store, ledger, listers=1)
    wait_until(lambda: not any(one.name.startswith("list-") for one in threading.enumerate()), 5)
