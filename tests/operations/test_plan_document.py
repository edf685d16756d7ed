"""A plan as a document: what is in it, what never is, and when two are the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.diff import ABSENT, Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from dmslake.operations.masking import MASK, is_secret, masked
from dmslake.operations.plan_document import PlanData, differences, json_schema, plan_data
from tests.contract.samples import ACCOUNT, spec
from tests.engine.toy import Toy, toy
from tests.spec.texts import ROOT

SPEC = spec()


def step(resource: Toy, action: Action, *changes: Change, **facts: Any) -> Step:
    return Step(action=action, resource=resource, changes=changes, **facts)


def document(*steps: Step) -> PlanData:
    return plan_data(Plan(steps), SPEC, ACCOUNT)


def test_the_published_schema_is_the_real_one() -> None:
    published = (ROOT / "docs/plan.schema.json").read_text("utf-8")
    right = json.dumps(json_schema(), indent=2) + "\n"
    assert published == right, f"write instead:\n{right}"


def test_a_step_tells_what_why_and_what_it_does_to_the_task() -> None:
    found = document(
        step(
            toy("a", engine="new", storage=100),
            Action.UPDATE,
            Change("engine", "old", "new"),
            Change("storage", 50, 100),
            reason="because",
            note="it resumes",
            interrupt=Interrupt.RESTARTS,
        ),
        step(toy("b"), Action.NOTHING),
    ).model_dump(mode="json")
    assert (found["pipeline"], found["account"], found["region"]) == (
        "shop", "123456789012", "eu-west-1",
    )  # fmt: skip
    assert (found["changes"], found["totals"]) == (1, {"update": 1, "nothing": 1})
    first, second = found["steps"]
    digest = first.pop("digest")
    assert first == {
        "address": "toy.a",
        "name": "toy a",
        "action": "update",
        "reason": "because",
        "note": "it resumes",
        "task": "restarts",
        "adoptable": False,
        "changes": [
            {
                "attribute": "engine", "old": "old", "new": "new", "secret": False,
                "task": "restarts",
            },
            {"attribute": "storage", "old": 50, "new": 100, "secret": False, "task": "nothing"},
        ],
    }  # fmt: skip
    assert digest.startswith("sha256:")
    assert digest != second["digest"]


def test_every_action_and_every_effect_has_a_word() -> None:
    for action in Action:
        for effect in Interrupt:
            (found,) = document(step(toy("a"), action, interrupt=effect)).steps
            assert (found.action, found.task) == (action.name.lower(), effect.name.lower())


PASSWORD = "hunter2-hunter2"


def test_no_secret_gets_into_a_plan() -> None:
    found = document(
        step(
            toy("a", settings={"AsmPassword": PASSWORD, "Host": "h"}),
            Action.UPDATE,
            Change("password_fingerprint", "0a0a0a0a", "1b1b1b1b"),
            Change("settings.AsmPassword", ABSENT, PASSWORD),
            Change("settings", ABSENT, {"SecurityDbEncryption": PASSWORD, "Host": "h"}),
            Change("extra_attributes", "a=1", f"a=1;asm_password={PASSWORD};b=2"),
        )
    )
    text = found.model_dump_json()
    assert PASSWORD not in text
    assert "0a0a0a0a" not in text
    fingerprint, inner, settings, extra = found.steps[0].changes
    assert (fingerprint.attribute, fingerprint.secret) == ("password", True)
    assert (inner.attribute, inner.secret, inner.new) == ("settings.AsmPassword", True, None)
    assert settings.new == {"SecurityDbEncryption": MASK, "Host": "h"}
    assert extra.new == f"a=1;asm_password={MASK};b=2"


def test_neither_the_spec_nor_what_is_wanted_gives_a_secret_away() -> None:
    def planned(password: str) -> PlanData:
        found = spec(password=password)
        wanted = pipeline(found, ACCOUNT).wanted
        created = tuple(Step(action=Action.CREATE, resource=resource) for resource in wanted)
        return plan_data(Plan(created), found, ACCOUNT)

    assert planned("one-secret") == planned("another")


@pytest.mark.parametrize(
    ("name", "secret"),
    [("password", True), ("settings.AsmPassword", True), ("settings.SecurityDbEncryption", True),
     ("settings.SecurityDbEncryptionName", False), ("password.x", False), ("secret", False)],
)  # fmt: skip
def test_secrets_are_told_by_their_names(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_values_become_plain() -> None:
    value = {"a": (1, True, None, ABSENT), "b": frozenset({"y", "x"}), 3: 1.5, "c": Action.CREATE}
    assert masked(value) == {
        "a": [1, True, None, None], "b": ["x", "y"], "3": 1.5, "c": "Action.CREATE",
    }  # fmt: skip


CHANGE = Change("engine", "old", "new")


def moved(before: Step | None, after: Step | None) -> list[str]:
    return list(
        differences(document(*(filter(None, [before]))), document(*(filter(None, [after]))))
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (step(toy("a"), Action.CREATE), None, "was to be created, which is no longer needed"),
        (None, step(toy("a"), Action.DELETE), "is to be removed, which was not in the plan"),
        (step(toy("a"), Action.UPDATE, CHANGE), step(toy("a"), Action.REPLACE, CHANGE),
         "was to be changed, now replaced"),
        (step(toy("a"), Action.UPDATE, CHANGE),
         step(toy("a"), Action.UPDATE, CHANGE, Change("x", 1, 2)),
         "other changes than planned: x"),
        (step(toy("a"), Action.UPDATE, CHANGE),
         step(toy("a"), Action.UPDATE, Change("engine", "older", "new")),
         "other changes than planned: engine"),
        (step(toy("a", x=1), Action.CREATE), step(toy("a", x=2), Action.CREATE),
         "the spec asks for something else of it"),
    ],
)  # fmt: skip
def test_what_is_not_the_same_is_said(before: Step | None, after: Step | None, said: str) -> None:
    assert moved(before, after) == [f"toy a: {said}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (step(toy("a"), Action.CREATE), step(toy("a"), Action.CREATE, note="other", reason="x")),
        (step(toy("a"), Action.WAIT), step(toy("a"), Action.NOTHING)),
        (step(toy("a"), Action.KEEP, reason="1 object"), step(toy("a"), Action.KEEP)),
    ],
)
def test_what_nobody_agrees_to_may_differ(before: Step, after: Step) -> None:
    assert moved(before, after) == []
