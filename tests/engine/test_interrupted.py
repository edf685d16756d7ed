"""A plan that is interrupted: what ran before is never left stopped without a word."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.clock import SystemClock
from dmslake.engine.events import Event, Noted
from dmslake.engine.planner import plan_changes
from dmslake.engine.resource import Attributes
from tests.engine.toy import Clock, Run, Thing, Toy, World, no_guard, toy


@dataclass(frozen=True, kw_only=True)
class Interrupting(Toy):
    """A toy whose change is made, and during which the work is stopped."""

    kind: ClassVar[str] = "toy"
    stop: threading.Event = field(default_factory=threading.Event)

    def update(self, aws: World, changed: Attributes) -> None:
        super().update(aws, changed)
        self.stop.set()


@dataclass(frozen=True, kw_only=True)
class Running(Run):
    """A toy that runs: `refused` cannot be started for a minute, `stop` is set as it is stopped."""

    refused: bool = False
    stop: threading.Event | None = None

    def create(self, aws: World) -> None:
        if self.refused:
            SystemClock().sleep(60)
        super().create(aws)

    def delete(self, aws: World) -> None:
        if self.stop is None:
            super().delete(aws)
            return
        aws.record("delete", self.address)
        aws.things[self.address].state = "growing"
        self.stop.set()


@dataclass
class Interrupted:
    """What became of a change that was interrupted: the outcome, the notes, the calls."""

    outcome: Outcome
    notes: list[str]
    world: World


def interrupted(
    stop: threading.Event, *resources: Toy, slow: int = 0, superseded: bool = False
) -> Interrupted:
    """Carry out the change of everything that is there in another form, until `stop` is set."""
    world = World({r.address: Thing({"engine": "old"}, "me") for r in resources}, slow=slow)
    told: list[Event] = []
    plan = plan_changes(resources, world, no_guard)
    applier = Applier(plan, world, no_guard, on_event=told.append, stop=stop)
    applier.superseded = lambda: superseded
    outcome = applier.run()
    assert outcome.interrupted
    return Interrupted(outcome, [e.text for e in told if isinstance(e, Noted)], world)


def on_a_base(stop: threading.Event, **members: Any) -> tuple[Toy, Running]:
    base = Interrupting(name="base", owner="me", attributes={"engine": "new"}, stop=stop)
    run = Running(name="run", owner="me", lives_on=(base.address,), **members)
    return base, run


def test_what_was_stopped_for_a_change_is_started_again_when_that_is_interrupted() -> None:
    stop = threading.Event()
    found = interrupted(stop, *on_a_base(stop))
    assert found.world.writes == ["delete run", "update base", "create run"]
    assert found.notes == [
        "it runs again; the change is not complete, because this was interrupted"
    ]
    assert not found.outcome.ok


def test_what_was_started_again_is_not_waited_for_when_the_work_is_stopped() -> None:
    stop = threading.Event()
    found = interrupted(stop, *on_a_base(stop), slow=1_000_000)
    assert found.world.writes[-1] == "create run"
    assert found.notes == ["it was started again, and not waited for: this was interrupted"]


def test_what_cannot_be_started_at_once_is_left_and_told() -> None:
    stop = threading.Event()
    found = interrupted(stop, *on_a_base(stop, refused=True))
    assert found.notes == [
        "it is stopped, or about to be: it cannot be started while the service works on it"
    ]


def test_what_was_only_asked_to_stop_is_started_again_too() -> None:
    stop = threading.Event()
    base = toy("base", engine="new")
    run = Running(name="run", owner="me", lives_on=(base.address,), stop=stop)
    found = interrupted(stop, base, run)
    assert found.world.writes == ["delete run", "create run"]
    assert found.notes == [
        "it runs again as it was: the change was not made, because this was interrupted"
    ]


def test_what_was_not_stopped_yet_is_left_alone() -> None:
    stop = threading.Event()
    stop.set()
    found = interrupted(stop, *on_a_base(stop))
    assert (found.world.writes, found.notes) == ([], [])


def test_what_runs_on_something_new_is_not_started_on_the_old() -> None:
    stop = threading.Event()
    base = Toy(name="base", owner="me", attributes={"colour": "red"})
    run = Running(name="run", owner="me", lives_on=(base.address,), stop=stop)
    found = interrupted(stop, base, run)
    assert found.world.writes == ["delete run"]
    assert found.notes == ["it is stopped until the change is made: toy.base is to be replaced"]


def test_nothing_is_started_into_surroundings_that_are_not_ready_for_the_change() -> None:
    stop = threading.Event()
    base = Interrupting(name="base", owner="me", attributes={"engine": "new"}, stop=stop)
    trigger = toy("trigger", base, size=2)
    run = Running(name="run", owner="me", lives_on=(base.address,), after=(trigger.address,))
    found = interrupted(stop, base, trigger, run)
    assert found.world.writes == ["delete run", "update base"]
    assert found.notes == [
        "it is stopped until the change is made: toy.base was changed, and toy.trigger was not yet"
    ]


def test_nothing_is_started_into_the_work_of_whoever_took_over() -> None:
    stop = threading.Event()
    found = interrupted(stop, *on_a_base(stop), superseded=True)
    assert found.world.writes == ["delete run", "update base"]
    assert found.notes == ["it is stopped: whoever took over goes on with it"]


def test_after_an_interruption_the_next_run_finishes_the_change() -> None:
    stop = threading.Event()
    base, run = on_a_base(stop, refused=True)
    world = interrupted(stop, base, run).world
    again = Run(name="run", owner="me", lives_on=(base.address,))
    calm = toy("base", engine="new")
    plan = plan_changes((calm, again), world, no_guard)
    assert Applier(plan, world, no_guard, clock=Clock()).run().ok
    assert run.address in world.things
    assert plan_changes((calm, again), world, no_guard).empty
