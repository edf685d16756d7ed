"""What DMS describes is late: new things are not seen, changed things look as they were."""

from __future__ import annotations

import pytest

from tests.faults.script import Behaviour, answer, changed, held_back, lost, unseen
from tests.faults.world import World, spec

# What is made, what describes it, and the member of the description that holds it.
MADE = {
    "subnet group": ("ReplicationSubnetGroup", "ReplicationSubnetGroups"),
    "instance": ("ReplicationInstance", "ReplicationInstances"),
    "endpoint": ("Endpoint", "Endpoints"),
    "task": ("ReplicationTask", "ReplicationTasks"),
}
NEW_TABLE = ("shop.items]", "shop.items, shop.people]")


@pytest.mark.parametrize("how", ["an error", "an empty list"])
@pytest.mark.parametrize("what", MADE)
def test_what_was_just_made_is_waited_for_and_not_made_twice(
    world: World, what: str, how: str
) -> None:
    noun, member = MADE[what]
    behave: Behaviour = unseen() if how == "an error" else answer(**{member: []})
    made = f"dms:Create{noun}"
    world.script.on(f"dms:Describe{member}", behave, after=made, times=4)
    world.up(spec())
    assert world.script.calls.count(made) == (2 if what == "endpoint" else 1)


@pytest.mark.parametrize("what", MADE)
def test_an_answer_that_gets_lost_is_found_to_be_done(world: World, what: str) -> None:
    noun, _ = MADE[what]
    world.script.on(f"dms:Create{noun}", lost(), times=1)
    world.up(spec())


@pytest.mark.parametrize("what", MADE)
def test_what_stands_on_the_second_page_is_there(world: World, what: str) -> None:
    _, member = MADE[what]
    world.up(spec())
    world.script.on(f"dms:Describe{member}", held_back(member))
    world.is_as_planned(spec())


def test_connections_on_the_second_page_are_there(world: World) -> None:
    world.up(spec())
    world.script.on("dms:DescribeConnections", held_back("Connections"))
    world.is_as_planned(spec())


@pytest.mark.parametrize("how", ["an error", "an empty list"])
def test_nothing_is_there_however_dms_says_it(world: World, how: str) -> None:
    for _, member in MADE.values():
        behave: Behaviour = unseen() if how == "an error" else answer(**{member: []})
        world.script.on(f"dms:Describe{member}", behave, times=4)
    assert {action.name for action in world.actions(spec()).values()} == {"CREATE"}


@pytest.mark.parametrize(
    "call", ["StopReplicationTask", "ModifyReplicationTask", "StartReplicationTask"]
)
def test_the_old_state_right_after_a_call_is_not_believed(world: World, call: str) -> None:
    world.up(spec())
    world.script.clear()
    world.script.old("dms:DescribeReplicationTasks", after=f"dms:{call}", times=5)
    world.up(spec(NEW_TABLE))
    assert [c for c in world.script.writes() if c.endswith("ReplicationTask")] == [
        "StopReplicationTask", "ModifyReplicationTask", "StartReplicationTask",
    ]  # fmt: skip


def test_the_old_state_of_an_instance_after_a_change_is_not_believed(world: World) -> None:
    world.up(spec())
    world.script.old(
        "dms:DescribeReplicationInstances", after="dms:ModifyReplicationInstance", times=5
    )
    bigger = spec(("replication:\n", "replication:\n  instance: {class: dms.c6i.large}\n"))
    world.up(bigger)
    assert world.script.calls.count("dms:ModifyReplicationInstance") == 1


def test_the_old_state_of_an_endpoint_after_a_change_is_not_believed(world: World) -> None:
    world.up(spec())
    world.script.old("dms:DescribeEndpoints", after="dms:ModifyEndpoint", times=5)
    world.up(spec(("username: dms", "username: reader")))
    assert world.script.calls.count("dms:ModifyEndpoint") == 1


def test_a_failure_of_the_last_test_is_not_taken_for_one_of_the_new(world: World) -> None:
    world.up(spec())

    def fail(members: dict[str, object]) -> None:
        for connection in members["Connections"]:  # type: ignore[attr-defined]
            connection.update(Status="failed", LastFailureMessage="The endpoint was modified.")

    world.script.on("dms:DescribeConnections", changed(fail), after="dms:ModifyEndpoint", times=2)
    world.up(spec(("username: dms", "username: reader")))


def test_what_goes_is_waited_for_until_it_is_gone(world: World) -> None:
    world.up(spec())
    for noun, member in MADE.values():
        world.script.old(f"dms:Describe{member}", after=f"dms:Delete{noun}", times=3)
    world.down(spec())
