"""The brakes that a user sets: copies per second, copies at once, and how many may fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmslake.backfill.clock import steady
from dmslake.backfill.ledger import State
from dmslake.backfill.run import Options
from dmslake.backfill.store import Answer
from tests.backfill.fake_store import FakeStore, Faults
from tests.backfill.test_run import Bench, fill


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "run.ledger", FakeStore())


def test_no_more_begin_each_second_than_the_rate_allows(bench: Bench) -> None:
    fill(bench, 2, 40)
    started = steady()
    assert bench.run(Options(connections=16, rate=100)) == {State.COPIED: 80}
    # A tenth of a second may be caught up at once: ten of them.
    assert steady() - started >= (80 - 10) / 100


@pytest.mark.parametrize("connections", [1, 8])
def test_no_more_wait_for_s3_than_two_for_each_connection(bench: Bench, connections: int) -> None:
    fill(bench, 2, 100)
    seen: list[int] = []
    done = bench.run(
        Options(connections=connections),
        on_progress=lambda progress: seen.append(progress.under_way),
    )
    assert done == {State.COPIED: 200}
    assert max(seen) <= 2 * connections


def test_as_many_failures_as_are_allowed_do_not_end_it(bench: Bench) -> None:
    fill(bench, 1, 50)
    bench.store.faults = Faults(share=1.0, before=(Answer(403, "AccessDenied", "no"),))
    assert bench.run(Options(max_errors=50)) == {State.FAILED: 50}


def test_one_failure_ends_it_when_none_is_allowed(bench: Bench) -> None:
    fill(bench, 1, 500)
    bench.store.faults = Faults(share=1.0, before=(Answer(403, "AccessDenied", "no"),))
    done = bench.run(Options(connections=2, max_errors=0))
    assert 1 <= done[State.FAILED] < 50
    assert State.COPIED not in done
