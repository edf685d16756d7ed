"""A plan as people and programs read it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dmslake.cli.options import Settings
from dmslake.cli.plan_view import STYLES, plan_data, show_kept, show_plan, summary
from dmslake.cli.report import Report, as_json
from dmslake.cli.session import Session
from dmslake.engine.diff import ABSENT, Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from tests.cli.running import Recorded
from tests.contract.samples import ACCOUNT, spec
from tests.engine.toy import toy

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


def test_the_plan_for_programs() -> None:
    data: Any = json.loads(as_json("plan", Report(data=plan_data(EVERYTHING, SESSION))))["data"]
    assert {key: data[key] for key in ("pipeline", "account", "region", "changes")} == {
        "pipeline": "shop", "account": "123456789012", "region": "eu-west-1", "changes": 6,
    }  # fmt: skip
    assert data["totals"] == {action.name.lower(): 1 for action in Action}
    assert data["steps"][2] == {
        "address": "toy.changed",
        "action": "update",
        "reason": "",
        "task": "restarts",
        "changes": [
            {"attribute": "storage_gb", "old": 50, "new": 100},
            {"attribute": "tags.team", "old": None, "new": "data"},
            {"attribute": "password_fingerprint", "old": "0a0a0a0a", "new": "1b1b1b1b"},
        ],
    }
