"""The hours in which copies may begin, and a run that keeps to them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dmslake.backfill.ledger import State
from dmslake.backfill.run import Options, Progress
from dmslake.backfill.window import Window
from tests.backfill.fake_store import FakeStore
from tests.backfill.test_run import Bench, fill


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+00:00")


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        ("08:00-17:30", "23T07:59", "23T08:00"),
        ("08:00-17:30", "23T08:00", None),
        ("08:00-17:30", "23T17:29", None),
        ("08:00-17:30", "23T17:30", "24T08:00"),
        ("22:00-06:00", "23T21:59", "23T22:00"),
        ("22:00-06:00", "23T23:30", None),
        ("22:00-06:00", "23T00:00", None),
        ("22:00-06:00", "23T06:00", "23T22:00"),
        ("00:00-01:00", "30T01:00", None),
    ],
)
def test_a_window_knows_when_it_opens(window: str, now: str, opens: str | None) -> None:
    found = Window.parse(window).opens(at(now))
    if window == "00:00-01:00":  # into the next month
        assert found == datetime(2026, 12, 1, tzinfo=UTC)
    else:
        assert found == (at(opens) if opens else None)


@pytest.mark.parametrize("text", ["", "8-17", "08:00", "24:00-01:00", "08:60-09:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not of the form HH:MM-HH:MM"):
        Window.parse(text)


def test_a_window_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="ends when it begins"):
        Window.parse("08:00-08:00")


def test_copies_begin_when_the_window_opens(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run.ledger", FakeStore())
    fill(bench, 2, 50)
    clock = [at("23T21:58")]
    seen: list[datetime | None] = []

    def told(progress: Progress) -> None:
        seen.append(progress.closed_until)
        if progress.closed_until and progress.listed == 100:
            assert not bench.store.copies
            clock[0] += timedelta(minutes=1)

    done = bench.run(
        Options(listers=2, connections=4, window=Window.parse("22:00-06:00")),
        on_progress=told,
        now=lambda: clock[0],
    )
    assert done == {State.COPIED: 100}
    assert at("23T22:00") in seen
    assert seen[-1] is None


def test_a_run_that_waits_for_its_window_can_be_stopped(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run.ledger", FakeStore())
    fill(bench, 1, 20)
    stop = threading.Event()

    def told(progress: Progress) -> None:
        if progress.closed_until:
            stop.set()

    done = bench.run(
        Options(window=Window.parse("22:00-06:00")),
        on_progress=told, stop=stop, now=lambda: at("23T12:00"),
    )  # fmt: skip
    assert set(done) <= {State.PENDING}
    assert not bench.store.copies
