"""A plan as people and programs read it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dmslake.blueprint.names import Names
from dmslake.blueprint.trigger import drain
from dmslake.cli.options import Settings
from dmslake.cli.plan_view import STYLES, show_kept, show_plan, show_warnings, summary
from dmslake.cli.session import Session
from dmslake.engine.diff import ABSENT, Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from tests.cli.running import Recorded
from tests.contract.samples import ACCOUNT, spec
from tests.engine.toy import Run, toy

SESSION = Session(spec(), cast("Any", SimpleNamespace(account=ACCOUNT)))


def step(name: str, action: Action, *changes: Change, **facts: Any) -> Step:
    return Step(action=action, resource=toy(name), changes=changes, **facts)


EVERYTHING = Plan(
    (
        step("new", Action.CREATE),
        step("same", Action.NOTHING),
        step(
            "changed",
            Action.UPDATE,
            Change("storage_gb", 50, 100),
            Change("tags.team", ABSENT, "data"),
            Change("password_fingerprint", "0a0a0a0a", "1b1b1b1b"),
            interrupt=Interrupt.RESTARTS,
        ),
        step(
            "replaced",
            Action.REPLACE,
            Change("type", "cdc", "full-load"),
            reason="type cannot change in place",
            interrupt=Interrupt.REPLACES,
        ),
        step("restarted", Action.RESTART, reason="toy.changed changes"),
        step("awaited", Action.WAIT, reason="it is creating"),
        step("removed", Action.DELETE),
        step("kept", Action.KEEP, reason="it holds data"),
        step("taken", Action.CONFLICT, Change("x", 1, 2), reason="it exists [and] is not ours"),
    )
)


def shown(plan: Plan, **options: Any) -> str:
    terminal = Recorded(Settings(**options))
    show_plan(terminal, plan, SESSION)
    assert terminal.said == ""
    return terminal.printed


def test_a_plan_with_everything_in_it() -> None:
    assert shown(EVERYTHING) == (
        "pipeline shop in account 123456789012, eu-west-1\n"
        "\n"
        "  + toy new\n"
        "  ~ toy changed\n"
        "      storage_gb: 50 -> 100\n"
        '      tags.team: (not set) -> "data"\n'
        "      password: changed\n"
        "      stops the task and resumes it where it was\n"
        "  ± toy replaced: type cannot change in place\n"
        '      type: "cdc" -> "full-load"\n'
        "      replaces the task: its position in the source is lost\n"
        "  ↻ toy restarted: toy.changed changes\n"
        "  … toy awaited: it is creating\n"
        "  - toy removed\n"
        "  = toy kept: it holds data\n"
        "  ! toy taken: it exists [and] is not ours\n"
        "\n"
        "1 to create, 1 to change, 1 to replace, 1 to restart, 1 to wait for, 1 to remove, "
        "1 to keep, 1 in the way, 1 unchanged\n"
    )


def test_an_empty_plan() -> None:
    assert shown(Plan((step("same", Action.NOTHING),))).splitlines()[2:] == [
        "  nothing to change", "", "no changes",
    ]  # fmt: skip


def test_with_json_nothing_is_shown_beside_the_document() -> None:
    assert shown(EVERYTHING, json=True) == ""


def test_every_action_has_a_sign_a_style_and_a_word() -> None:
    assert set(STYLES) == set(Action)
    assert len({action.value for action in Action}) == len(Action)
    for action in set(Action) - {Action.NOTHING}:
        assert summary(Plan((step("x", action),))).startswith("1 ")


def test_what_is_kept_is_said_with_its_reason() -> None:
    terminal = Recorded()
    show_kept(terminal, EVERYTHING)
    assert terminal.printed == "  kept: toy kept: it holds data\n"


def change_line(old: object, new: object) -> str:
    plan = Plan((step("x", Action.UPDATE, Change("a", old, new)),))
    return shown(plan).splitlines()[3].strip()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (None, "", 'a: (not set) -> ""'),
        (True, False, "a: true -> false"),
        (("b", "a"), frozenset(), 'a: ["b", "a"] -> []'),
        ({"k": ("é", ABSENT)}, {1: {"x": None}}, 'a: {"k": ["é", null]} -> {"1": {"x": null}}'),
        ("[red]x[/red]", ":boom:", 'a: "[red]x[/red]" -> ":boom:"'),
        ("two\nlines", "tab\t", r'a: "two\nlines" -> "tab\t"'),
    ],
)
def test_values_are_shown_as_they_are(old: object, new: object, line: str) -> None:
    assert change_line(old, new) == line


def test_a_long_value_is_cut() -> None:
    line = change_line("x", "y" * 500)
    assert line.endswith("…")
    assert len(line) < 100


def test_two_long_values_never_look_the_same() -> None:
    actions = [f"s3:Action{number:02}" for number in range(40)]
    old, _, new = (
        change_line(actions, [*actions[:-1], "s3:Other"]).removeprefix("a: ").partition(" -> ")
    )
    assert old != new
    assert "Action39" in old
    assert "s3:Other" in new
    assert len(old) <= 70
    assert len(new) <= 70


def test_what_is_changed_in_place_says_so() -> None:
    plan = Plan((step("x", Action.UPDATE, Change("storage", 1, 2)),))
    assert shown(plan).splitlines()[3:5] == [
        "      storage: 1 -> 2", "      in place: does not touch the running task",
    ]  # fmt: skip


def test_where_changes_do_different_things_each_says_what() -> None:
    plan = Plan(
        (
            step(
                "x",
                Action.UPDATE,
                Change("storage", 1, 2),
                Change("engine.x", 1, 2),
                interrupt=Interrupt.RESTARTS,
            ),
        )
    )
    assert shown(plan).splitlines()[3:5] == [
        "      storage: 1 -> 2  (in place: does not touch the running task)",
        "      engine.x: 1 -> 2  (stops the task and resumes it where it was)",
    ]


RUN = Run(name="r", owner="me")


def test_the_position_from_which_the_task_goes_on_is_told() -> None:
    run = Step(action=Action.RESTART, resource=RUN, note="resumes from checkpoint:V1#27")
    change = step("x", Action.UPDATE, Change("engine", 1, 2), interrupt=Interrupt.RESTARTS)
    lines = shown(Plan((change, run))).splitlines()
    assert lines[4] == (
        "      stops the task and resumes it where it was (resumes from checkpoint:V1#27)"
    )
    assert lines[5:7] == ["  ↻ run r", "      resumes from checkpoint:V1#27"]


@pytest.mark.parametrize("interrupt", [Interrupt.RELOADS, Interrupt.REPLACES])
def test_what_costs_more_is_told_as_well(interrupt: Interrupt) -> None:
    plan = Plan((step("x", Action.UPDATE, Change("engine", 1, 2), interrupt=interrupt),))
    assert shown(plan).splitlines()[4].strip() == interrupt.value


def test_what_can_be_taken_over_says_how() -> None:
    plan = Plan((step("x", Action.CONFLICT, reason="it exists", adoptable=True),))
    assert shown(plan).splitlines()[3] == "      `dmslake up --adopt toy.x` takes it over"


def test_no_setting_shows_a_password() -> None:
    changes = (
        Change("settings.AsmPassword", ABSENT, "hunter2"),
        Change("settings", ABSENT, {"SecurityDbEncryption": "hunter2"}),
        Change("extra_attributes", "", "password=hunter2;a=1"),
    )
    text = shown(Plan((step("x", Action.UPDATE, *changes),)))
    assert "hunter2" not in text
    assert "settings.AsmPassword: changed" in text
    assert "password=(secret);a=1" in text


DRAIN = drain(spec(), Names("shop", ACCOUNT))
DRAINED = Plan(
    (
        step("removed", Action.DELETE),
        Step(action=Action.DELETE, resource=DRAIN),
        step("absent", Action.NOTHING),
    )
)


def test_a_drain_is_waited_for_and_what_is_not_there_is_nobodys_concern() -> None:
    terminal = Recorded()
    show_plan(terminal, DRAINED, SESSION, removal=True)
    assert terminal.printed.splitlines()[2:] == [
        "  - toy removed",
        f"  … {DRAIN.describe()}: until the loader has moved what is there",
        "",
        "1 to wait for, 1 to remove",
    ]


def test_warnings_are_talk() -> None:
    terminal = Recorded()
    show_warnings(terminal, ("mind [this]", "and that"))
    assert (terminal.printed, terminal.said) == ("", "warning: mind [this]\nwarning: and that\n")
