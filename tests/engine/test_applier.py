from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.clock import SystemClock
from dmslake.engine.events import Event, Failed, Finished, Noted, Skipped, Started, Waiting, ignore
from dmslake.engine.plan import Action
from dmslake.engine.planner import plan_changes, plan_removal
from dmslake.engine.resource import Address
from dmslake.engine.waiter import pause_after
from dmslake.errors import CloudError, WaitError
from tests.engine.toy import Clock, Lingering, Run, Thing, Toy, World, no_guard, toy


def up(world: World, *resources: Toy, on_event: Callable[[Event], None] = ignore) -> Outcome:
    plan = plan_changes(resources, world, no_guard)
    return Applier(plan, world, no_guard, on_event=on_event, clock=Clock()).run()


def down(world: World, *resources: Toy) -> Outcome:
    plan = plan_removal(resources, world, no_guard)
    return Applier(plan, world, no_guard, clock=Clock()).run()


def test_needs_are_made_first_and_removed_last() -> None:
    a = toy("a")
    b = toy("b", a)
    world = World()
    assert up(world, b, a).ok
    assert down(world, b, a).ok
    assert world.writes == ["create a", "create b", "delete b", "delete a"]


def test_an_update_sends_only_what_changed() -> None:
    old, new = toy("a", size=1, shape="x"), toy("a", size=2, shape="x")
    world = World()
    up(world, old)
    seen: list[Any] = []

    class Spy(Toy):
        def update(self, aws: World, changed: Any) -> None:
            seen.append(dict(changed))
            super().update(aws, changed)

    assert up(world, Spy(name="a", owner="me", attributes=new.attributes)).ok
    assert seen == [{"size": 2}]


def test_a_replacement_removes_from_the_top_and_makes_from_the_bottom() -> None:
    base = toy("base", colour="red")
    between = toy("between", base)
    top = Toy(name="top", owner="me", after=(between.address,), lives_on=(base.address,))
    world = World(
        {
            base.address: Thing({"colour": "blue"}, "me"),
            between.address: Thing({}, "me"),
            top.address: Thing({}, "me"),
        }
    )
    assert up(world, base, between, top).ok
    assert world.writes == ["delete top", "delete base", "create base", "create top"]


def test_a_running_thing_is_stopped_around_the_change_and_started_again() -> None:
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
    assert up(world, base, middle, run).ok
    assert world.writes == ["delete run", "update base", "create run"]


def test_what_needs_a_failed_step_is_skipped_and_the_rest_is_done() -> None:
    a = toy("a")
    b, other = toy("b", a), toy("other")
    c = toy("c", b)
    world = World(refuse={"create a": CloudError("no")})
    outcome = up(world, a, b, c, other)
    assert not outcome.ok
    assert list(outcome.failed) == [a.address]
    assert outcome.skipped == {
        b.address: "it needs toy.a",
        c.address: "it needs toy.a",
    }
    assert outcome.done == [other.address]


def test_what_is_needed_by_something_that_stays_is_not_removed() -> None:
    a = toy("a")
    b = toy("b", a)
    world = World()
    up(world, a, b)
    world.refuse["delete b"] = CloudError("still in use")
    outcome = down(world, a, b)
    assert list(outcome.failed) == [b.address]
    assert outcome.skipped == {a.address: "toy.b could not be removed"}
    assert a.address in world.things


def test_a_failed_removal_skips_the_making_and_counts_once() -> None:
    a = toy("a", colour="red")
    world = World({a.address: Thing({"colour": "blue"}, "me")})
    world.refuse["delete a"] = CloudError("no")
    outcome = up(world, a)
    assert list(outcome.failed) == [a.address]
    assert not outcome.skipped
    assert "create a" not in world.calls


def test_an_unfinished_resource_is_waited_for_and_then_brought_in_line() -> None:
    a = toy("a", size=2)
    world = World({a.address: Thing({"size": 1}, "me", looks_left=3)})
    assert up(world, a).ok
    assert world.writes == ["update a"]


def test_waiting_is_told_with_the_services_own_word() -> None:
    events: list[Event] = []
    world = World(slow=3)
    assert up(world, toy("a"), on_event=events.append).ok
    assert [type(e) for e in events] == [Started, Waiting, Waiting, Waiting, Finished]
    assert isinstance(events[1], Waiting)
    assert events[1].what == "growing"


def test_a_wait_that_never_ends_is_a_failure_that_says_how_long() -> None:
    world = World(slow=10_000)
    a = toy("a")
    outcome = up(world, a)
    error = outcome.failed[a.address]
    assert isinstance(error, WaitError)
    assert str(error).startswith("toy a is still growing after 5 minutes")
    assert outcome.seconds < 330


def test_a_thing_that_breaks_is_a_failure_with_its_reason() -> None:
    a = toy("a")

    class Breaking(Toy):
        def create(self, aws: World) -> None:
            super().create(aws)
            aws.things[self.address].state = "rotten"

    outcome = up(World(), Breaking(name="a", owner="me"))
    assert str(outcome.failed[a.address]) == "toy a failed: rotten"


def test_a_stop_starts_nothing_new_and_a_second_run_finishes() -> None:
    a = toy("a")
    b = toy("b", a)
    stop = threading.Event()

    class Interrupting(Toy):
        def create(self, aws: World) -> None:
            super().create(aws)
            stop.set()

    world = World(slow=200)
    skipped: list[Event] = []
    plan = plan_changes((Interrupting(name="a", owner="me"), b), world, no_guard)
    outcome = Applier(plan, world, no_guard, on_event=skipped.append, stop=stop).run()
    assert outcome.interrupted
    assert not outcome.ok
    assert set(outcome.skipped) == {a.address, b.address}
    assert any(isinstance(e, Skipped) for e in skipped)
    world.things[a.address].looks_left = world.slow = 0
    assert up(world, a, b).ok
    assert plan_changes((a, b), world, no_guard).empty


def test_a_stop_ends_a_wait_that_is_deep_inside_a_call() -> None:
    stop = threading.Event()

    @dataclass(frozen=True, kw_only=True)
    class Stubborn(Toy):
        kind: ClassVar[str] = "stubborn"

        def create(self, aws: World) -> None:
            aws.record("create", self.address)
            stop.set()
            SystemClock().sleep(60)

    found, world = Stubborn(name="a", owner="me"), World()
    plan = plan_changes([found], world, no_guard)
    outcome = Applier(plan, world, no_guard, stop=stop).run()
    assert outcome.interrupted
    assert outcome.skipped == {found.address: "interrupted while it was waited for"}


def test_a_failure_is_told() -> None:
    events: list[Event] = []
    up(World(refuse={"create a": CloudError("no")}), toy("a"), on_event=events.append)
    assert isinstance(events[-1], Failed)


def test_a_bug_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        up(World(refuse={"create a": ZeroDivisionError()}), toy("a"))


def test_the_pause_grows_but_never_more_than_seven_percent_late() -> None:
    assert pause_after(0) == 0.1
    assert pause_after(100) == pytest.approx(7)
    assert pause_after(10_000) == 15


def test_a_broken_run_is_started_again_without_waiting_for_it_to_go() -> None:
    class Failing(Run):
        def delete(self, aws: World) -> None:
            aws.record("delete", self.address)

    run = Failing(name="run", owner="me")
    world = World({run.address: Thing({}, "me", state="failed")})
    assert up(world, run).ok
    assert world.writes == ["delete run", "create run"]


def test_what_goes_by_itself_is_made_anew_without_being_removed() -> None:
    class Test(Run):
        removable = False

    base = toy("base", engine="new")
    test = Test(name="test", owner="me", lives_on=(base.address,))
    world = World({base.address: Thing({"engine": "old"}, "me"), test.address: Thing({}, "me")})
    assert up(world, base, test).ok
    assert down(world, base, test).ok
    assert world.writes == ["update base", "create test", "delete base"]


def test_what_is_unwanted_goes_after_what_takes_its_place() -> None:
    function, queue = toy("function", size=2), toy("queue")
    mapping = Toy(
        name="mapping",
        owner="me",
        lives_on=(function.address, queue.address),
        gone_after=(Address("toy", "notification"),),
    )
    old = replace(queue, gone_after=(Address("toy", "notification"),))
    notification = toy("notification", function, target="function")
    world = World(
        {
            function.address: Thing({"size": 1}, "me"),
            queue.address: Thing({}, "me"),
            mapping.address: Thing({}, "me"),
            notification.address: Thing({"target": "queue"}, "me"),
        }
    )
    found = plan_changes([function, notification], world, no_guard, unwanted=[old, mapping])
    assert Applier(found, world, no_guard, clock=Clock()).run().ok
    assert world.writes == [
        "update function", "update notification", "delete mapping", "delete queue",
    ]  # fmt: skip


def test_what_needs_an_unwanted_thing_is_made_after_it_went() -> None:
    old = toy("old")
    new = toy("new", old)
    world = World({old.address: Thing({}, "me")})
    found = plan_changes([new], world, no_guard, unwanted=[old])
    assert Applier(found, world, no_guard, clock=Clock()).run().ok
    assert world.writes == ["delete old", "create new"]


def test_what_would_be_lost_is_saved_and_told_right_before_it_goes() -> None:
    task = Toy(name="task", owner="me", takes_along="its position is 7")
    world = World({task.address: Thing({}, "me")})
    told: list[Event] = []
    found = plan_removal([task], world, no_guard)
    Applier(found, world, no_guard, clock=Clock(), on_event=told.append).run()
    assert world.writes == ["save task", "delete task"]
    assert [e.text for e in told if isinstance(e, Noted)] == ["its position is 7"]


def test_what_takes_too_long_to_go_and_does_not_insist_is_told_and_passed_over() -> None:
    base = toy("base")
    drain = Lingering(name="drain", after=(base.address,))
    world = World({base.address: Thing({}, "me"), drain.address: Thing({}, None)})
    told: list[Event] = []
    found = plan_removal([base, drain], world, no_guard)
    assert Applier(found, world, no_guard, clock=Clock(), on_event=told.append).run().ok
    assert world.writes == ["delete drain", "delete base"]
    (note,) = [e.text for e in told if isinstance(e, Noted)]
    assert note.startswith("lingering drain is still ready after 5 minutes; going on")


def test_what_is_being_deleted_is_waited_for_and_then_made() -> None:
    thing = toy("a")
    world = World({thing.address: Thing({}, "me", looks_left=3)})
    found = plan_changes([thing], world, no_guard)
    assert found.steps[0].action is Action.WAIT
    del world.things[thing.address]
    assert Applier(found, world, no_guard, clock=Clock()).run().ok
    assert world.writes == ["create a"]


def stopped_for_a_change(**refuse: Exception) -> tuple[World, Outcome, list[str]]:
    base = toy("base", engine="new")
    run = Run(name="run", owner="me", lives_on=(base.address,))
    world = World({base.address: Thing({"engine": "old"}, "me"), run.address: Thing({}, "me")})
    world.refuse = {name.replace("_", " "): error for name, error in refuse.items()}
    told: list[Event] = []
    outcome = up(world, base, run, on_event=told.append)
    return world, outcome, [e.text for e in told if isinstance(e, Noted)]


def test_what_ran_is_started_again_when_the_change_fails() -> None:
    world, outcome, notes = stopped_for_a_change(update_base=CloudError("not like this"))
    assert world.writes == ["delete run", "update base", "create run"]
    assert not outcome.ok
    assert notes == ["it runs again as it was: the change was not made, because it needs toy.base"]


def test_what_ran_and_cannot_be_started_again_is_told() -> None:
    _, outcome, notes = stopped_for_a_change(
        update_base=CloudError("not like this"), create_run=CloudError("never")
    )
    assert not outcome.ok
    assert notes == ["it is stopped, and could not be started again: never"]


@st.composite
def graphs(draw: st.DrawFn) -> list[Toy]:
    count = draw(st.integers(1, 8))
    made: list[Toy] = []
    for number in range(count):
        picks = draw(st.sets(st.integers(0, max(0, number - 1)), max_size=number))
        needs = tuple(made[i].address for i in sorted(picks) if i < number)
        lives = draw(st.booleans())
        attributes = draw(
            st.fixed_dictionaries(
                {}, optional={k: st.integers(0, 2) for k in ("size", "colour", "engine")}
            )
        )
        cls = draw(st.sampled_from([Toy, Run]))
        made.append(
            cls(
                name=f"r{number}",
                owner="me",
                attributes=dict(attributes),
                lives_on=needs if lives else (),
                after=() if lives else needs,
            )
        )
    return made


@settings(max_examples=150, deadline=None)
@given(graphs(), graphs(), st.data())
def test_up_converges_from_any_state_and_a_second_up_writes_nothing(
    before: list[Toy], after: list[Toy], data: st.DataObject
) -> None:
    world = World()
    survivors = data.draw(st.sets(st.integers(0, len(before) - 1)))
    for resource in (before[index] for index in survivors):
        world.things[resource.address] = Thing(dict(resource.attributes), "me")
    assert up(world, *after).ok
    world.calls.clear()
    assert plan_changes(after, world, no_guard).empty
    assert up(world, *after).ok
    assert not world.writes


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_a_crash_after_any_write_is_finished_by_the_next_up(
    resources: list[Toy], data: st.DataObject
) -> None:
    doomed = data.draw(st.sampled_from(resources))
    world = World(refuse={f"create {doomed.name}": CloudError("killed")})
    outcome = up(world, *resources)
    assert list(outcome.failed) == [doomed.address]
    world.refuse.clear()
    assert up(world, *resources).ok
    assert plan_changes(resources, world, no_guard).empty
    creates = [call for call in world.calls if call.startswith("create ")]
    assert len(creates) == len(resources) + 1


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_every_need_is_made_before_and_removed_after(resources: list[Toy]) -> None:
    world = World()
    assert up(world, *resources).ok
    assert down(world, *resources).ok
    assert not world.things
    place = {call: index for index, call in enumerate(world.writes)}
    for resource in resources:
        for need in resource.needs():
            assert place[f"create {need.name}"] < place[f"create {resource.name}"]
            assert place[f"delete {need.name}"] > place[f"delete {resource.name}"]
