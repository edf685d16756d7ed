"""The first ten ways in which DMS hurts those who deploy it, one test or more for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from dmslake.engine.events import Waiting
from dmslake.engine.plan import Action
from dmslake.engine.resource import Address
from dmslake.errors import AccessError, DmslakeError, WaitError
from tests.faults.script import Members, changed, refuse
from tests.faults.world import World, spec

VPC_ROLE = "arn:aws:iam::123456789012:role/dms-vpc-role"
NOT_CONFIGURED = refuse("AccessDeniedFault", f"The IAM Role {VPC_ROLE} is not configured properly.")
NOT_TESTED = refuse(
    "InvalidResourceStateFault",
    "Test connection for replication instance and endpoint should be successful for starting the "
    "replication task",
)
BEING_TESTED = refuse(
    "InvalidResourceStateFault", "The connection is already being tested", status=400
)
NEW_TABLE = ("shop.items]", "shop.items, shop.people]")
NEW_USER = ("username: dms", "username: reader")
RUN = Address("task_run", "shop-task")


def failed(world: World, address: Address, **changes: object) -> DmslakeError:
    """Bring the pipeline up, which has to fail at one resource; return how."""
    outcome = world.apply(world.plan(spec(**changes)))  # type: ignore[arg-type]
    assert list(outcome.failed) == [address]
    return outcome.failed[address]


def in_order(calls: Sequence[str], *expected: str) -> bool:
    """Whether the expected calls occur in this order, whatever is between them."""
    remaining = iter(calls)
    return all(call in remaining for call in expected)


@pytest.mark.parametrize("call", ["CreateReplicationSubnetGroup", "CreateReplicationInstance"])
def test_01_the_vpc_role_is_waited_for_while_iam_makes_it_known(world: World, call: str) -> None:
    world.script.on(f"dms:{call}", NOT_CONFIGURED, seconds=40)
    world.up(spec())
    assert world.script.calls.count(f"dms:{call}") > 2


def test_01_a_vpc_role_that_stays_wrong_is_told(world: World) -> None:
    world.script.on("dms:CreateReplicationSubnetGroup", NOT_CONFIGURED)
    error = failed(world, Address("subnet_group", "shop-subnets"))
    assert isinstance(error, AccessError)
    assert "dms-vpc-role is not configured properly" in error.why
    assert 150 < world.clock.now() < 400


@pytest.mark.parametrize("code", ["AccessDeniedFault", "S3AccessDeniedFault"])
def test_01_the_role_of_an_endpoint_is_waited_for(world: World, code: str) -> None:
    refusal = refuse(code, "The role cannot be assumed")
    world.script.on("dms:CreateEndpoint", refusal, about="shop-staging", seconds=40)
    world.up(spec())


def test_01_a_denial_of_the_caller_is_told_at_once(world: World) -> None:
    message = (
        "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: "
        "dms:CreateReplicationSubnetGroup on resource: arn:aws:dms:eu-west-1:123456789012:subgrp:*"
    )
    world.script.on("dms:CreateReplicationSubnetGroup", refuse("AccessDeniedException", message))
    error = failed(world, Address("subnet_group", "shop-subnets"))
    assert "dms:CreateReplicationSubnetGroup" in error.fix
    assert world.script.calls.count("dms:CreateReplicationSubnetGroup") == 1


def test_03_a_test_that_dms_started_by_itself_is_waited_for(world: World) -> None:
    world.up(spec())
    world.script.clear()
    world.script.on("dms:TestConnection", BEING_TESTED, after="dms:ModifyEndpoint")
    world.up(spec(NEW_USER))
    assert in_order(
        world.script.writes(), "StopReplicationTask", "ModifyEndpoint", "StartReplicationTask"
    )


def test_04_the_task_is_stopped_before_an_endpoint_changes_and_resumed_after(
    world: World,
) -> None:
    world.up(spec())
    world.script.clear()
    still_runs = refuse("InvalidResourceStateFault", "The endpoint is used by a running task")
    world.script.on("dms:ModifyEndpoint", still_runs, after="dms:StopReplicationTask", times=3)
    world.up(spec(NEW_USER))
    assert in_order(
        world.script.writes(), "StopReplicationTask", "ModifyEndpoint", "StartReplicationTask"
    )
    (start,) = world.script.sent("dms:StartReplicationTask")
    assert "resume-processing" in start


def test_05_a_start_that_is_refused_although_the_tests_were_good_is_tried_again(
    world: World,
) -> None:
    world.script.on("dms:StartReplicationTask", NOT_TESTED, times=9)
    world.up(spec())
    assert world.script.calls.count("dms:StartReplicationTask") >= 10
    assert world.script.calls.count("dms:TestConnection") > 2


def test_05_a_start_that_stays_refused_is_told(world: World) -> None:
    world.script.on("dms:StartReplicationTask", NOT_TESTED)
    error = failed(world, RUN)
    assert "should be successful for starting the replication task" in error.why
    assert world.clock.now() < 1500


def test_06_the_states_before_running_and_stopped_are_waited_out(world: World) -> None:
    """The SDK's waiters call `ready` and `starting` a failure."""

    def ready(members: Members) -> None:
        for task in members["ReplicationTasks"]:
            task["Status"] = "ready"

    script = world.script
    script.on(
        "dms:DescribeReplicationTasks", changed(ready), after="dms:StartReplicationTask", times=3
    )
    world.up(spec())
    script.old("dms:DescribeReplicationTasks", after="dms:StopReplicationTask", times=3)
    world.down(spec())
    assert script.writes().count("StartReplicationTask") == 1


def test_07_a_connection_is_tested_once_and_then_only_looked_at(world: World) -> None:
    world.service.delays = dataclasses.replace(world.service.delays, connection_test=120)
    world.up(spec())
    assert world.script.calls.count("dms:TestConnection") == 2
    for text in world.script.sent("dms:DescribeConnections"):
        assert "endpoint-arn" in text
        assert "replication-instance-arn" in text


def test_08_a_task_that_is_over_before_the_first_look_is_done(world: World) -> None:
    world.service.delays = dataclasses.replace(world.service.delays, task_start=0)
    once = spec(("type: full-load-and-cdc", "type: full-load"))
    world.up(once)
    world.up(once)
    assert world.script.writes().count("StartReplicationTask") == 1


def test_08_a_task_that_somebody_started_meanwhile_is_waited_for(world: World) -> None:
    world.up(spec())
    (task,) = world.aws.dms.describe_replication_tasks()["ReplicationTasks"]
    world.aws.dms.stop_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])
    for _ in range(3):
        world.clock.sleep(5)
    world.aws.dms.start_replication_task(
        ReplicationTaskArn=task["ReplicationTaskArn"],
        StartReplicationTaskType="resume-processing",
    )
    assert world.actions(spec()) == {str(RUN): Action.WAIT}
    world.script.clear()
    world.up(spec())
    assert world.script.writes() == []


def test_09_a_start_of_a_quarter_of_an_hour_is_waited_for_and_shown(world: World) -> None:
    world.service.delays = dataclasses.replace(world.service.delays, task_start=900)
    world.up(spec())
    shown = [e for e in world.events if isinstance(e, Waiting) and e.address == RUN]
    assert {event.what for event in shown} >= {"starting"}
    assert max(event.elapsed for event in shown) > 600
    assert {event.usual for event in shown} == {90}


def test_09_what_takes_too_long_is_told_and_the_next_run_goes_on_waiting(world: World) -> None:
    world.service.delays = dataclasses.replace(world.service.delays, task_start=2_400)
    error = failed(world, RUN)
    assert isinstance(error, WaitError)
    assert error.what.startswith("run of replication task shop-task is still starting after ")
    assert "running the same command again goes on waiting" in error.fix
    world.up(spec())
    assert world.script.writes().count("StartReplicationTask") == 1


def test_10_a_running_task_is_stopped_changed_and_resumed(world: World) -> None:
    world.up(spec())
    assert "start-replication" in world.script.sent("dms:StartReplicationTask")[0]
    world.script.clear()
    world.up(spec(NEW_TABLE))
    assert [call for call in world.script.writes() if call.endswith("Task")] == [
        "StopReplicationTask", "ModifyReplicationTask", "StartReplicationTask",
    ]  # fmt: skip
    assert "resume-processing" in world.script.sent("dms:StartReplicationTask")[0]


def test_10_a_task_that_ran_without_a_trace_is_resumed_and_not_started_anew(
    world: World,
) -> None:
    def forget(members: Members) -> None:
        for task in members["ReplicationTasks"]:
            task.pop("ReplicationTaskStats", None)

    world.up(spec())
    world.script.clear()
    world.script.on("dms:DescribeReplicationTasks", changed(forget))
    world.up(spec(NEW_TABLE))
    starts = world.script.sent("dms:StartReplicationTask")
    assert [("start-replication" in s, "resume-processing" in s) for s in starts] == [
        (True, False), (False, True),
    ]  # fmt: skip
