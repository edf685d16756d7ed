"""What an outcome amounts to: only root causes are named, and how to go on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dmslake.cli.apply import Work, failure, merged, outcome_data
from dmslake.engine.applier import Outcome
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import ApplyError, DmslakeError, LockedError, StoppedError, WaitError
from tests.engine.toy import toy

A, B, C = (toy(name).address for name in "abc")
PLAN = Plan(tuple(Step(action=Action.CREATE, resource=toy(name)) for name in "abc"))
AGAIN = "dmslake up continues where this ended"


def work(*, lost: bool = False, **outcome: Any) -> Work:
    return Work(stop=threading.Event(), lost=lost, outcome=Outcome(**outcome))


def failed(**facts: Any) -> DmslakeError:
    error = failure(PLAN, work(**facts), "up")
    assert error is not None
    return error


def test_everything_is_done() -> None:
    assert failure(PLAN, work(done=[A, B, C]), "up") is None


def test_one_cause() -> None:
    error = failed(
        done=[A],
        failed={B: WaitError("it broke", why="no room", fix="make room")},
        skipped={C: "x"},
    )
    assert type(error) is ApplyError
    assert error.what == "up did not finish: 1 of 3 steps are done"
    assert error.why == "toy.b: it broke: no room"
    assert error.fix == f"make room; then {AGAIN}"


def test_a_cause_that_names_its_resource_is_not_named_twice() -> None:
    error = failed(failed={B: DmslakeError("toy.b: CreateToy failed")})
    assert (error.why, error.fix) == ("toy.b: CreateToy failed", AGAIN)


def test_several_causes_each_have_a_line() -> None:
    error = failed(failed={A: DmslakeError("x"), B: DmslakeError("y", why="z")})
    assert error.why == "\n    toy.a: x\n    toy.b: y: z"
    assert error.fix == AGAIN


def test_interrupted() -> None:
    error = failed(done=[A], skipped={B: "interrupted", C: "interrupted"}, interrupted=True)
    assert type(error) is StoppedError
    assert error.what == "up was interrupted: 1 of 3 steps are done"
    assert (error.fix, error.exit_code) == (AGAIN, 130)


def test_a_failure_counts_more_than_an_interruption() -> None:
    assert type(failed(failed={A: DmslakeError("x")}, interrupted=True)) is ApplyError


def test_an_outcome_for_programs() -> None:
    found = work(
        done=[A],
        failed={B: DmslakeError("x", why="y")},
        skipped={C: "it needs toy.b"},
        seconds=1.26,
    )
    found.notes.append("toy a: saved")
    assert outcome_data(found) == {
        "done": ["toy.a"],
        "failed": {"toy.b": "x: y"},
        "skipped": {"toy.c": "it needs toy.b"},
        "interrupted": False,
        "seconds": 1.3,
        "notes": ["toy a: saved"],
    }


@pytest.mark.parametrize("command", ["up", "down"])
def test_the_command_is_named(command: str) -> None:
    error = failure(PLAN, work(interrupted=True), command)
    assert error is not None
    assert error.fix == f"dmslake {command} continues where this ended"


def test_who_is_displaced_says_so() -> None:
    error = failed(done=[A], skipped={B: "interrupted"}, interrupted=True, lost=True)
    assert type(error) is LockedError
    assert error.what == "up gave way to somebody else: 1 of 3 steps are done"
    assert "--force-unlock" in error.why


def test_the_ways_out_of_several_causes_are_all_told_once() -> None:
    failures = {
        A: WaitError("x", fix="make room"),
        B: WaitError("y", fix="make room"),
        C: WaitError("z", fix="wait"),
    }
    assert failed(failed=failures).fix == f"make room; wait; then {AGAIN}"


def test_two_plans_one_after_the_other_have_one_outcome() -> None:
    first = Outcome(done=[A], seconds=1.5)
    second = Outcome(done=[B], failed={C: DmslakeError("x")}, interrupted=True, seconds=2)
    found = merged(first, second)
    assert (found.done, list(found.failed), found.interrupted) == ([A, B], [C], True)
    assert found.seconds == 3.5
