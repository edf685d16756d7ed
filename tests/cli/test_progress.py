"""A plan being carried out, on a terminal and off it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dmslake.blueprint.names import Names
from dmslake.blueprint.trigger import drain
from dmslake.cli.options import Settings
from dmslake.cli.progress import LiveProgress, PlainProgress, progress
from dmslake.engine.events import Event, Failed, Finished, Noted, Skipped, Started, Waiting
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import WaitError
from tests.cli.running import Recorded
from tests.contract.samples import ACCOUNT, spec
from tests.engine.toy import toy

NAMES = ("a", "b", "c", "d", "e")
PLAN = Plan(tuple(Step(action=Action.CREATE, resource=toy(name)) for name in NAMES))


def event(
    kind: type[Event], name: str = "a", action: Action = Action.CREATE, **facts: Any
) -> Event:
    return kind(address=toy(name).address, action=action, **facts)


def waiting(what: str, elapsed: float) -> Event:
    return event(Waiting, what=what, usual=600, elapsed=elapsed)


def lines(*events: Event, plan: Plan = PLAN, **options: Any) -> list[str]:
    terminal = Recorded(Settings(**options))
    listener = PlainProgress(terminal, plan)
    for one in events:
        listener(one)
    assert terminal.printed == ""
    return terminal.said.splitlines()


def test_one_line_for_each_change_of_state() -> None:
    assert lines(
        event(Started),
        waiting("creating", 0.1),
        event(Finished, elapsed=12.34),
        event(Failed, "b", error=WaitError("it broke", why="no room")),
        event(Skipped, "c", why="it needs toy.b"),
    ) == [
        "+ creating toy a",
        "+ toy a is creating",
        "+ toy a: done (12.3 s)",
        "+ toy b: failed: it broke: no room",
        "+ toy c: skipped: it needs toy.b",
    ]


@pytest.mark.parametrize(
    ("action", "line"),
    [
        (Action.CREATE, "+ creating toy a"),
        (Action.UPDATE, "~ changing toy a"),
        (Action.REPLACE, "± replacing toy a"),
        (Action.RESTART, "↻ restarting toy a"),
        (Action.WAIT, "… waiting for toy a"),
        (Action.DELETE, "- removing toy a"),
    ],
)
def test_what_is_being_done(action: Action, line: str) -> None:
    assert action.pending
    plan = Plan((Step(action=action, resource=toy("a")),))
    assert lines(event(Started, action=action), plan=plan) == [line]


DRAIN = drain(spec(), Names("shop", ACCOUNT))


def test_a_drain_is_waited_for_although_the_engine_removes_it() -> None:
    plan = Plan((Step(action=Action.DELETE, resource=DRAIN),))
    facts: Any = {"address": DRAIN.address, "action": Action.DELETE}
    staged = Waiting(what="3 objects not in the lake yet", usual=30, **facts)
    assert lines(Started(**facts), staged, plan=plan) == [
        "… waiting for drain of staging bucket shop-contract-staging",
        "… drain of staging bucket shop-contract-staging: 3 objects not in the lake yet",
    ]


def test_what_the_user_has_to_know_is_said() -> None:
    assert lines(event(Started), event(Noted, text="the last position is x")) == [
        "+ creating toy a", "+ toy a: the last position is x",
    ]  # fmt: skip


def test_on_a_terminal_a_note_stays_and_is_no_state() -> None:
    terminal = Recorded(tty=True)
    with progress(terminal, PLAN) as listener:
        listener(event(Noted, text="the last [position] is x"))
        listener(event(Finished, elapsed=2))
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.said)
    assert "! toy a: the last [position] is x" in said
    assert "✓ + toy a 2.0 s" in said


def test_nothing_new_is_not_said_again_but_a_heartbeat_is() -> None:
    said = lines(*(waiting("creating", elapsed) for elapsed in range(0, 100, 5)))
    assert said == [
        "+ toy a is creating",
        "+ toy a is creating (30 s so far; usually 600 s)",
        "+ toy a is creating (60 s so far; usually 600 s)",
        "+ toy a is creating (90 s so far; usually 600 s)",
    ]


def test_another_state_is_said_at_once() -> None:
    assert lines(waiting("creating", 1), waiting("backing up", 2), waiting("backing up", 3)) == [
        "+ toy a is creating", "+ toy a: backing up",
    ]  # fmt: skip


@pytest.mark.parametrize("option", ["quiet", "json"])
def test_nothing_is_said_where_nobody_listens(option: str) -> None:
    given: dict[str, Any] = {option: True}
    assert lines(event(Started), **given) == []


def test_off_a_terminal_there_is_no_animation() -> None:
    terminal = Recorded()
    with progress(terminal, PLAN) as listener:
        listener(event(Started))
    assert terminal.said == "+ creating toy a\n"


def test_on_a_terminal_the_rows_are_drawn_anew() -> None:
    terminal = Recorded(tty=True)
    with progress(terminal, PLAN) as listener:
        listener(event(Started))
        listener(event(Finished, elapsed=2))
    assert "\x1b[" in terminal.said
    assert "✓ + toy a 2.0 s" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.said)


@pytest.mark.parametrize("option", ["quiet", "json"])
def test_even_a_terminal_is_left_alone_when_asked(option: str) -> None:
    given: dict[str, Any] = {option: True}
    terminal = Recorded(Settings(**given), tty=True)
    with progress(terminal, PLAN) as listener:
        listener(event(Started))
    assert terminal.said == ""


def test_each_row_has_its_state() -> None:
    tree = LiveProgress(PLAN)
    tree(event(Started, "a"))
    tree(event(Waiting, "b", what="creating", usual=600, elapsed=61.2))
    tree(event(Finished, "c", elapsed=2.04))
    tree(event(Failed, "d", error=WaitError("it broke [badly]")))
    terminal = Recorded()
    terminal.err.print(tree.render())
    rows = [line.rstrip() for line in terminal.said.splitlines()]
    # The first sign of what is under way is a wheel that turns.
    assert [row.split(maxsplit=1)[1] for row in rows[:2]] == [
        "+ toy a creating",
        "+ toy b creating 61 s (usually 600 s)",
    ]
    assert [row.strip() for row in rows[2:]] == [
        "✓ + toy c 2.0 s",
        "✗ + toy d failed: it broke [badly]",
        "· + toy e",
    ]


def test_a_skipped_row() -> None:
    tree = LiveProgress(PLAN)
    tree(event(Skipped, "a", why="interrupted"))
    terminal = Recorded()
    terminal.err.print(tree.render())
    assert terminal.said.splitlines()[0].strip() == "- + toy a skipped: interrupted"
