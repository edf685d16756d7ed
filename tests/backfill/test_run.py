"""A whole run against an S3 that misbehaves: the lake has to hold exactly what was staged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dmslake.backfill.clock import utc_now
from dmslake.backfill.copier import Mended
from dmslake.backfill.ledger import Ledger, Row, State
from dmslake.backfill.run import Options, Progress, Run
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import DONE, Answer, Place, Terms
from dmslake.lake.layout import Layout
from dmslake.lake.objects import Kind
from dmslake.lake.routing import Route, Router
from tests.backfill.fake_store import ARRIVED, FakeStore, Faults

ROUTER = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())
TERMS = Terms(
    staging=Place(name="staging", region="eu-west-1"),
    lake=Place(name="lake", region="eu-west-1"),
    account="123456789012",
)


@dataclass
class Comparing:
    """The part of the real mender that the lake's state decides."""

    store: FakeStore
    looks: int = 0

    def too_big(self, row: Row) -> bool:
        return row.size > 1000

    def mend(self, row: Row) -> Mended:
        self.looks += 1
        staged = self.store.objects["staging"].get(row.key)
        if staged is None:
            return Mended(State.VANISHED)
        if staged.etag != row.etag:
            return Mended(State.PENDING, again=row._replace(etag=staged.etag))
        self.store.objects["lake"].setdefault(row.target, staged._replace(key=row.target))
        return Mended(State.COPIED if self.too_big(row) else State.PRESENT)


@dataclass
class Bench:
    """A store, a ledger, and runs over them."""

    path: Path
    store: FakeStore
    mender: Comparing = field(init=False)

    def __post_init__(self) -> None:
        self.mender = Comparing(self.store)

    def run(
        self,
        options: Options | None = None,
        selection: Selection | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
        stop: threading.Event | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> dict[State, int]:
        ledger = Ledger.resume(self.path) if self.path.exists() else Ledger.create(self.path, {})
        run = Run(
            ledger=ledger,
            store=self.store,
            mender=self.mender,
            router=ROUTER,
            terms=TERMS,
            selection=selection or Selection(),
            options=options or Options(listers=4, connections=16),
            on_progress=on_progress,
            stop=stop or threading.Event(),
            now=now,
        )
        try:
            run.list_lake()
            run.copy()
            return {state: tally.objects for state, tally in ledger.tallies().items()}
        finally:
            ledger.close()

    def expected(self) -> set[str]:
        return {target_of(key) for key in self.store.objects["staging"]} - {""}


def target_of(key: str) -> str:
    route = ROUTER.route(key, datetime.fromtimestamp(ARRIVED, UTC))
    return route.target if isinstance(route, Route) else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "run.ledger", FakeStore())


def fill(bench: Bench, tables: int, objects: int) -> None:
    for table in range(tables):
        for number in range(objects):
            bench.store.put(f"dms/public/t {table}+é/20261123-{number:09}.csv")


def test_everything_that_is_staged_is_copied_once(bench: Bench) -> None:
    fill(bench, 5, 300)
    bench.store.put("dms/public/t/")
    bench.store.put("dms/awsdms-test.csv")
    assert bench.run() == {State.COPIED: 1500, State.SKIPPED: 2}
    assert set(bench.store.objects["lake"]) == bench.expected()
    assert set(bench.store.copies.values()) == {1}


def test_what_is_in_the_lake_already_is_not_copied(bench: Bench) -> None:
    fill(bench, 2, 100)
    for key in list(bench.store.objects["staging"])[:120]:
        bench.store.put(target_of(key), bucket="lake")
    bench.store.put(target_of("dms/public/t 0+é/20261123-000000007.csv"), bucket="lake", size=1)
    done = bench.run()
    assert done[State.PRESENT] >= 119
    assert sum(bench.store.copies.values()) == 80


def test_overwriting_copies_everything(bench: Bench) -> None:
    fill(bench, 1, 50)
    for key in list(bench.store.objects["staging"]):
        bench.store.put(target_of(key), bucket="lake")
    assert bench.run(Options(overwrite=True)) == {State.COPIED: 50}
    assert sum(bench.store.copies.values()) == 50


BUSY = Answer(503, "SlowDown", "Please reduce your request rate.")
PASSING = (
    Answer(500, "InternalError", ""),
    Answer(0, "AWS_IO_SOCKET_CLOSED", ""),
    Answer(0, "BrokenAnswer", ""),
    Answer(200, "InternalError", "in a 200"),
)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(share=0.2, seed=1, before=PASSING),
        Faults(share=0.2, seed=2, after=(Answer(0, "AWS_IO_SOCKET_CLOSED", ""),)),
        Faults(share=0.05, seed=3, before=(BUSY,)),
    ],
    ids=["refused", "done but not told", "busy"],
)
def test_nothing_is_lost_by_an_s3_that_fails_now_and_then(tmp_path: Path, faults: Faults) -> None:
    bench = Bench(tmp_path / "run.ledger", FakeStore(faults=faults))
    fill(bench, 4, 250)
    done = bench.run()
    assert set(bench.store.objects["lake"]) == bench.expected()
    assert done.get(State.COPIED, 0) + done.get(State.PRESENT, 0) == 1000
    assert set(bench.store.copies.values()) == {1}


def test_a_failure_that_lasts_is_told_and_the_others_are_copied(bench: Bench) -> None:
    fill(bench, 1, 20)
    bench.store.faults = Faults(share=0.3, before=(Answer(403, "AccessDenied", "no"),))
    done = bench.run()
    assert done[State.FAILED] + done[State.COPIED] == 20
    assert done[State.FAILED] == 20 - len(bench.store.objects["lake"])


@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_is_stopped_continues(bench: Bench, seed: int) -> None:
    fill(bench, 3, 400)
    for number in range(1, 40):
        stop = threading.Event()
        at = number * (50 + seed * 7)
        bench.store.before_copy = lambda made, at=at, stop=stop: (  # type: ignore[misc]
            stop.set() if made >= at else None
        )
        bench.store.__post_init__()
        bench.run(stop=stop)
        if not stop.is_set():
            break
    assert set(bench.store.objects["lake"]) == bench.expected()
    assert set(bench.store.copies.values()) == {1}


def test_an_object_that_goes_before_its_copy_is_counted(bench: Bench) -> None:
    fill(bench, 1, 30)
    gone = next(iter(bench.store.objects["staging"]))

    def take(_: int) -> None:
        bench.store.objects["staging"].pop(gone, None)

    bench.store.before_copy = take
    assert bench.run()[State.VANISHED] == 1


def test_an_object_that_changes_before_its_copy_is_copied_as_it_is(bench: Bench) -> None:
    fill(bench, 1, 30)
    key = next(iter(bench.store.objects["staging"]))
    bench.store.before_copy = lambda _: bench.store.objects["staging"].update(
        {key: bench.store.objects["staging"][key]._replace(etag="new")}
    )
    assert bench.run() == {State.COPIED: 30}
    assert bench.store.objects["lake"][target_of(key)].etag == "new"


def test_a_big_object_is_left_to_the_mover(bench: Bench) -> None:
    bench.store.put("dms/public/orders/LOAD00000001.csv", size=5000)
    assert bench.run() == {State.COPIED: 1}
    assert (bench.mender.looks, sum(bench.store.copies.values())) == (1, 0)


def test_only_what_is_chosen_is_copied(bench: Bench) -> None:
    bench.store.put("dms/public/orders/LOAD00000001.csv")
    bench.store.put("dms/public/orders/20261123-144702000.csv")
    bench.store.put("dms/public/items/20261123-144702000.csv")
    chosen = Selection(tables=("public.or*",), kinds=frozenset({Kind.CDC}))
    assert bench.run(selection=chosen) == {State.COPIED: 1}
    (key,) = bench.store.objects["lake"]
    assert "/orders/" in key
    assert "/20261123-" in key


def test_it_gives_up_after_too_many_failures(bench: Bench) -> None:
    fill(bench, 1, 500)
    bench.store.faults = Faults(share=1.0, before=(Answer(403, "AccessDenied", "no"),))
    done = bench.run(Options(connections=8, max_errors=10))
    assert 10 < done[State.FAILED] < 100
    assert State.COPIED not in done


def test_an_empty_staging_is_done_at_once(bench: Bench) -> None:
    assert bench.run() == {}


def test_progress_is_told(bench: Bench) -> None:
    fill(bench, 1, 100)
    seen: list[int] = []
    bench.run(on_progress=lambda progress: seen.append(progress.settled[State.COPIED]))
    assert seen[-1] == 100
    assert DONE.code == ""
