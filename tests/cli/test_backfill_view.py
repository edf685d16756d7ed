"""How a backfill looks while it runs and when it is over, and which exit code follows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dmslake.backfill.estimate import Portion, Requests, Work
from dmslake.backfill.ledger import State, Tally
from dmslake.backfill.run import Progress
from dmslake.cli.backfill_estimate import estimate_data, show_estimate
from dmslake.cli.backfill_view import failure, following, line_of, show_summary
from dmslake.operations.backfill import Summary
from dmslake.operations.backfill_estimate import Estimate
from tests.cli.running import Recorded

DENIED = ("AccessDenied", "no", 2, "dms/public/orders/LOAD00000001.csv")


def summary(*, failed: int = 0, finished: bool = True, gave_up: bool = False) -> Summary:
    return Summary(
        tallies={State.COPIED: Tally(1200, 5000), State.FAILED: Tally(failed, 10)},
        failures=(DENIED,) if failed else (),
        ledger=Path("run.ledger"),
        engine="direct",
        continued=False,
        finished=finished,
        seconds=2.5,
        retries=0,
        gave_up=gave_up,
    )


@pytest.mark.parametrize(
    ("found", "code", "what"),
    [
        (summary(), 0, ""),
        (summary(failed=2), 4, "2 staged objects are not in the lake"),
        (summary(finished=False), 130, "the backfill was interrupted"),
        (summary(failed=2, finished=False), 130, "the backfill was interrupted"),
        (summary(failed=2, finished=False, gave_up=True), 4, "the backfill gave up: 2 staged"),
    ],
)
def test_what_a_run_came_to_is_its_exit_code(found: Summary, code: int, what: str) -> None:
    error = failure(found)
    assert (error.exit_code if error else 0) == code
    assert (error.what if error else "").startswith(what)
    assert not found.failed or (error is not None and "AccessDenied" in error.why)


def test_the_summary_counts_by_outcome_and_groups_failures() -> None:
    terminal = Recorded()
    show_summary(terminal, summary(failed=2, finished=False, gave_up=True))
    lines = terminal.printed.splitlines()
    assert lines[0] == "backfill given up in 2.5 s"
    assert lines[1].split() == ["1,200", "copied", "(5.0", "kB)"]
    assert lines[-1] == ("! 2 x AccessDenied: no, for example dms/public/orders/LOAD00000001.csv")


def test_a_closed_window_is_told_once_off_a_terminal() -> None:
    terminal = Recorded()
    opens = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    with following(terminal) as told:
        for second in range(100):
            told(Progress(listed=5, listing=False, closed_until=opens, seconds=second))
        told(Progress(listed=5, listing=False, seconds=100))
    closed = [line for line in terminal.said.splitlines() if "outside the window" in line]
    assert len(closed) == 1
    assert closed[0].endswith("waits until 2026-11-23 22:00 UTC")


def test_a_run_that_lists_nothing_does_not_say_so() -> None:
    settled = dict.fromkeys(State, 0) | {State.COPIED: 50}
    assert line_of(Progress(listing=False, settled=settled, seconds=10)) == "50 copied (5/s)"


def test_an_estimate_names_the_biggest_and_json_names_all() -> None:
    partitions = tuple(
        Portion(table="p.t", partition=f"raw/{n}", objects=20 - n, size=1) for n in range(12)
    )
    work = Work(
        objects=174, size=12, tables=(Portion(table="p.t", objects=174, size=12),),
        partitions=partitions,
        requests=(
            Requests(kind="LIST", count=2, usd=0.00001, made=True),
            Requests(kind="COPY", count=174, usd=1.5),
        ),
    )  # fmt: skip
    found = Estimate(
        tallies={State.PENDING: Tally(174, 12), State.PRESENT: Tally(6, 1)}, work=work, rate=87.0,
        measured_in="", ledger=Path("run.ledger"), continued=False, finished=True,
    )  # fmt: skip
    terminal = Recorded()
    show_estimate(terminal, found)
    assert terminal.printed.startswith("174 of 180 staged objects are to be copied (12 bytes)\n")
    assert "raw/9 " in terminal.printed
    assert "raw/10 " not in terminal.printed
    assert "19 in 2 more; --json names all" in terminal.printed
    assert "requests, at the list price of us-east-1:" in terminal.printed
    assert "174 COPY: $1.50\n" in terminal.printed
    assert "2 LIST: less than $0.01, made already" in terminal.printed
    assert "about 0:00:02, at 87 objects/s (assumed: none was measured)" in terminal.printed
    named = estimate_data(found)["partitions"]
    assert isinstance(named, list)
    assert len(named) == 12


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (0, "500 copied (50/s)"),
        (100, "500 copied (50/s) · 100 left, about 3 s"),
        (30_000, "500 copied (50/s) · 30,000 left, about 10 min 01 s"),
        (900_000, "500 copied (50/s) · 900,000 left, about 5 h 00 min"),
    ],
)
def test_a_run_tells_how_much_is_left_and_how_long_that_takes(left: int, expected: str) -> None:
    progress = Progress(left=left, listing=False, seconds=10)
    progress.settled[State.COPIED] = 500
    assert line_of(progress) == expected


def test_while_more_may_be_listed_nobody_knows_how_long_it_takes() -> None:
    progress = Progress(listed=2000, left=1500, seconds=10)
    progress.settled[State.COPIED] = 500
    assert line_of(progress) == "2,000 objects listed so far · 500 copied (50/s) · 1,500 left"
