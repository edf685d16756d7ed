from __future__ import annotations

from typing import ClassVar

import pytest

from dmslake.engine.graph import GraphError
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.planner import plan_changes, plan_removal
from dmslake.engine.resource import Address, Interrupt
from tests.engine.toy import Given, Run, Thing, Toy, World, no_guard, toy


def plan(world: World, *resources: Toy) -> Plan:
    return plan_changes(resources, world, no_guard)


def only(found: Plan) -> Step:
    (step,) = found.steps
    return step


def existing(resource: Toy, **attributes: object) -> World:
    return World({resource.address: Thing({**resource.attributes, **attributes}, "me")})


def test_what_is_missing_is_created() -> None:
    assert only(plan(World(), toy("a"))).action is Action.CREATE


def test_what_is_as_desired_is_left_alone() -> None:
    a = toy("a", size=1)
    found = plan(existing(a), a)
    assert found.empty
    assert only(found).action is Action.NOTHING


def test_a_difference_is_an_update_that_names_attribute_old_and_new() -> None:
    a = toy("a", size=2)
    step = only(plan(existing(a, size=1), a))
    assert step.action is Action.UPDATE
    assert [(c.attribute, c.old, c.new) for c in step.changes] == [("size", 1, 2)]


def test_nested_values_are_compared_as_subsets_and_named_by_path() -> None:
    a = toy("a", settings={"log": {"level": "debug"}})
    world = existing(a, settings={"log": {"level": "info", "stream": "x"}, "more": 1})
    (change,) = only(plan(world, a)).changes
    assert (change.attribute, change.old, change.new) == ("settings.log.level", "info", "debug")
    assert change.top == "settings"


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [(None, 5), (1, 1.0), ("a", "a"), ({"k": None}, {"k": 3}), ((1, 2), (1, 2))],
)
def test_values_that_are_no_difference(wanted: object, actual: object) -> None:
    a = toy("a", value=wanted)
    assert plan(existing(a, value=actual), a).empty


@pytest.mark.parametrize(
    ("wanted", "actual"), [(True, 1), (0, False), ("A", "a"), ((1, 2), (2, 1)), ({}, 1)]
)
def test_values_that_are_a_difference(wanted: object, actual: object) -> None:
    a = toy("a", value=wanted)
    assert not plan(existing(a, value=actual), a).empty


def test_enums_are_compared_without_case_and_separators() -> None:
    a = toy("a", mode="sse-kms")
    assert plan(existing(a, mode="SSE_KMS"), a).empty
    assert not plan(existing(a, mode="SSE_S3"), a).empty


def test_an_attribute_that_is_not_set_at_all_differs_and_says_so() -> None:
    a = toy("a", size=1)
    world = World({a.address: Thing({}, "me")})
    (change,) = only(plan(world, a)).changes
    assert repr(change.old) == "(not set)"


def test_what_cannot_be_read_back_is_not_compared() -> None:
    a = toy("a", secret="x")
    assert plan(existing(a), a).empty


def test_a_create_only_attribute_replaces_and_says_why() -> None:
    a = toy("a", colour="red", size=1)
    step = only(plan(existing(a, colour="blue"), a))
    assert step.action is Action.REPLACE
    assert step.reason == "colour cannot change in place"


def test_something_unfinished_is_waited_for() -> None:
    a = toy("a")
    world = existing(a)
    world.things[a.address].looks_left = 1
    step = only(plan(world, a))
    assert step.action is Action.WAIT
    assert step.reason == "it is growing"


def test_something_broken_is_replaced() -> None:
    a = toy("a")
    world = existing(a)
    world.things[a.address].state = "rotten"
    step = only(plan(world, a))
    assert step.action is Action.REPLACE
    assert step.reason == "it is broken: rotten"


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        (None, "it exists and was not made by dmslake"),
        ("them", "it exists and belongs to pipeline them"),
    ],
)
def test_what_others_own_is_a_conflict(owner: str | None, reason: str) -> None:
    a = toy("a", size=1)
    step = only(plan(World({a.address: Thing({"size": 2}, owner)}), a))
    assert step.action is Action.CONFLICT
    assert step.reason == reason


def test_a_kind_without_a_tag_of_its_own_is_never_in_conflict() -> None:
    a = Toy(name="a", attributes={"size": 1})
    assert plan(World({a.address: Thing({"size": 1}, "them")}), a).empty


def test_steps_stand_after_what_they_need() -> None:
    a = toy("a")
    b = toy("b", a)
    c = toy("c", b)
    assert [s.resource.name for s in plan(World(), c, b, a).steps] == ["a", "b", "c"]


def test_a_replacement_takes_along_what_lives_on_it() -> None:
    base = toy("base", colour="red")
    middle = Toy(name="middle", owner="me", lives_on=(base.address,))
    run = Run(name="run", owner="me", lives_on=(middle.address,))
    world = World(
        {
            base.address: Thing({"colour": "blue"}, "me"),
            middle.address: Thing({}, "me"),
            run.address: Thing({}, "me"),
        }
    )
    found = plan(world, base, middle, run)
    assert [s.action for s in found.steps] == [Action.REPLACE, Action.REPLACE, Action.RESTART]
    assert found.steps[1].reason == "toy.base is replaced"


class Task(Toy):
    """A toy whose replacement loses what it had reached."""

    kind: ClassVar[str] = "task"
    interrupts: ClassVar[dict[str, Interrupt]] = {
        "engine": Interrupt.RESTARTS, "type": Interrupt.REPLACES,
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["old", "new"], ids=["as it is", "changed as well"])
def test_a_task_that_is_replaced_along_loses_its_position_and_the_plan_says_so(engine: str) -> None:
    base = toy("base", colour="red")
    task = Task(name="task", owner="me", attributes={"engine": engine}, lives_on=(base.address,))
    world = World(
        {
            base.address: Thing({"colour": "blue"}, "me"),
            task.address: Thing({"engine": "old"}, "me"),
        }
    )
    machine, replaced = plan(world, base, task).steps
    assert replaced.action is Action.REPLACE
    assert (machine.interrupt, replaced.interrupt) == (Interrupt.NOTHING, Interrupt.REPLACES)


def test_an_interrupting_change_restarts_only_what_runs_on_it() -> None:
    base = toy("base", engine="new")
    middle = Toy(name="middle", owner="me", lives_on=(base.address,))
    run = Run(name="run", owner="me", lives_on=(middle.address,))
    world = World(
        {
            base.address: Thing({"engine": "old"}, "me"),
            middle.address: Thing({}, "me"),
            run.address: Thing({}, "me"),
        }
    )
    found = plan(world, base, middle, run)
    assert [s.action for s in found.steps] == [Action.UPDATE, Action.NOTHING, Action.RESTART]
    assert found.steps[0].interrupt is Interrupt.RESTARTS
    assert found.steps[2].reason == "toy.base changes"


def test_a_run_that_never_was_is_created_not_restarted() -> None:
    base = toy("base", engine="new")
    run = Run(name="run", owner="me", lives_on=(base.address,))
    found = plan(World({base.address: Thing({"engine": "old"}, "me")}), base, run)
    assert [s.action for s in found.steps] == [Action.UPDATE, Action.CREATE]


def test_a_circle_is_named() -> None:
    a = Toy(name="a", after=(Address("toy", "b"),))
    b = Toy(name="b", after=(Address("toy", "a"),))
    with pytest.raises(GraphError, match=r"in a circle: toy\.\w -> toy\.\w -> toy\.\w"):
        plan(World(), a, b)


def test_a_need_that_nobody_fulfils_is_named() -> None:
    with pytest.raises(GraphError, match=r"toy\.a needs toy\.b, which is not part of the plan"):
        plan(World(), Toy(name="a", after=(Address("toy", "b"),)))


def test_two_resources_of_one_address_are_refused() -> None:
    with pytest.raises(GraphError, match=r"toy\.a is defined twice"):
        plan(World(), toy("a"), toy("a"))


def test_a_failed_read_fails_the_plan() -> None:
    world = World(refuse={"read a": PermissionError("no")})
    with pytest.raises(PermissionError):
        plan(world, toy("a"))


def test_removal_keeps_what_is_not_ours_and_what_must_stay() -> None:
    ours, theirs, absent = toy("ours"), toy("theirs"), toy("absent")
    data = Toy(name="data", owner="me", stays="it holds data")
    world = World(
        {
            ours.address: Thing({}, "me"),
            theirs.address: Thing({}, "them"),
            data.address: Thing({}, "me"),
        }
    )
    found = plan_removal((ours, theirs, absent, data), world, no_guard)
    assert {s.resource.name: s.action for s in found.steps} == {
        "ours": Action.DELETE,
        "theirs": Action.KEEP,
        "absent": Action.NOTHING,
        "data": Action.KEEP,
    }
    assert {s.resource.name: s.reason for s in found.kept} == {
        "theirs": "it exists and belongs to pipeline them",
        "data": "it holds data",
    }
    assert found.totals[Action.DELETE] == 1


def test_what_is_no_longer_wanted_is_removed_only_where_it_is_ours() -> None:
    ours, theirs, absent = toy("ours"), toy("theirs"), toy("absent")
    base = toy("base")
    world = World({ours.address: Thing({}, "me"), theirs.address: Thing({}, "you")})
    found = plan_changes([base], world, no_guard, unwanted=[ours, theirs, absent])
    assert {s.address.name: (s.action, s.reason) for s in found.steps} == {
        "ours": (Action.DELETE, "the spec no longer asks for it"),
        "base": (Action.CREATE, ""),
    }


def test_what_is_unwanted_and_holds_data_stays() -> None:
    full = Toy(name="full", owner="me", stays="it holds data")
    found = plan_changes([], existing(full), no_guard, unwanted=[full])
    assert only(found).action is Action.KEEP


def test_something_without_an_owner_is_taken_over_only_when_asked_to() -> None:
    found = toy("a", size=2)
    world = World({found.address: Thing({"size": 1}, None)})
    assert only(plan(world, found)).action is Action.CONFLICT
    step = only(plan_changes([found], world, no_guard, adopt=frozenset({found.address})))
    assert (step.action, [c.attribute for c in step.changes]) == (Action.UPDATE, ["size"])


def test_another_pipelines_resource_is_never_taken_over() -> None:
    found = toy("a")
    world = World({found.address: Thing({}, "you")})
    step = only(plan_changes([found], world, no_guard, adopt=frozenset({found.address})))
    assert step.reason == "it exists and belongs to pipeline you"


def test_adopting_never_replaces() -> None:
    found = toy("a", colour="red")
    world = World({found.address: Thing({"colour": "blue"}, None)})
    step = only(plan_changes([found], world, no_guard, adopt=frozenset({found.address})))
    assert step.action is Action.CONFLICT
    assert step.reason == "it cannot be adopted: colour cannot change in place"


@pytest.mark.parametrize(
    ("thing", "action", "reason"),
    [
        (None, Action.CONFLICT, "it does not exist"),
        (Thing({}, None, state="rotten"), Action.CONFLICT, "rotten"),
        (Thing({}, None, looks_left=1), Action.WAIT, "it is growing"),
        (Thing({}, "you"), Action.NOTHING, ""),
    ],
)
def test_what_is_given_is_looked_at_and_never_changed(
    thing: Thing | None, action: Action, reason: str
) -> None:
    given = Given(name="a")
    world = World({given.address: thing} if thing else {})
    step = only(plan(world, given))
    assert (step.action, step.reason) == (action, reason)
    if thing:
        assert only(plan_removal([given], world, no_guard)).action is Action.NOTHING


def test_a_change_that_the_service_never_allows_is_in_the_way() -> None:
    small = toy("a", disk=1)
    step = only(plan(existing(small, disk=2), small))
    assert (step.action, step.reason) == (Action.CONFLICT, "its disk cannot shrink")


def test_a_step_says_what_it_will_mean_unless_its_base_is_new() -> None:
    base = toy("base", engine="new")
    run = Run(name="run", owner="me", lives_on=(base.address,), means="goes on from 7")
    world = existing(base, engine="old")
    assert plan(world, base, run).steps[1].note == "goes on from 7"
    assert plan(World(), base, run).steps[1].note == ""
