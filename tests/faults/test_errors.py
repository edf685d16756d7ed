"""What AWS refuses for a reason is told once, exactly, and what can be done is done."""

from __future__ import annotations

import pytest

from dmslake.engine.plan import Action
from dmslake.engine.resource import Address
from dmslake.errors import AccessError, CloudError, WaitError
from tests.faults.script import Members, broken, changed, refuse
from tests.faults.test_footguns import failed
from tests.faults.world import World, spec

INSTANCE = Address("replication_instance", "shop-instance")
READS = (
    "DescribeEndpoints", "DescribeReplicationInstances", "DescribeReplicationTasks",
    "DescribeReplicationSubnetGroups", "DescribeCertificates", "DescribeEventSubscriptions",
    "DescribeReplicationConfigs", "DescribeConnections",
)  # fmt: skip


def test_an_expired_token_ends_the_plan_and_says_what_to_do(world: World) -> None:
    for call in READS:
        expired = refuse("ExpiredTokenException", "The security token included is expired")
        world.script.on(f"dms:{call}", expired)
    with pytest.raises(AccessError) as raised:
        world.plan(spec())
    assert raised.value.why.endswith("The security token included is expired")
    assert raised.value.fix == "renew the credentials (for example `aws sso login`)"
    assert len(world.script.calls) <= 16, "one try for each of those who read at that moment"


def test_a_token_that_expires_meanwhile_leaves_what_is_done(world: World) -> None:
    expired = refuse("ExpiredTokenException", "The security token included is expired")
    world.script.on("dms:CreateReplicationTask", expired, times=1)
    error = failed(world, Address("replication_task", "shop-task"))
    assert error.fix == "renew the credentials (for example `aws sso login`)"
    world.script.clear()
    world.up(spec())
    assert world.script.writes() == ["CreateReplicationTask", "StartReplicationTask"]


def test_one_missing_permission_is_named_with_its_resource_and_the_rest_is_done(
    world: World,
) -> None:
    arn = "arn:aws:dms:eu-west-1:123456789012:rep:*"
    message = (
        "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: "
        f"dms:CreateReplicationInstance on resource: {arn} because no identity-based policy "
        "allows the dms:CreateReplicationInstance action"
    )
    denied = refuse("AccessDeniedException", message)
    world.script.on("dms:CreateReplicationInstance", denied, times=1)
    outcome = world.apply(world.plan(spec()))
    assert list(outcome.failed) == [INSTANCE]
    error = outcome.failed[INSTANCE]
    assert isinstance(error, AccessError)
    assert error.what == ("replication_instance.shop-instance: CreateReplicationInstance failed")
    assert error.fix == (
        f"allow dms:CreateReplicationInstance on {arn} for the identity that runs dmslake; "
        "`dmslake plan --permissions` prints the whole policy"
    )
    assert Address("endpoint", "shop-source") in outcome.done
    assert outcome.skipped[Address("replication_task", "shop-task")] == (
        "it needs replication_instance.shop-instance"
    )
    world.up(spec())


def test_a_denied_read_is_never_taken_for_nothing(world: World) -> None:
    world.up(spec())
    message = "not authorized to perform: dms:DescribeEndpoints"
    world.script.on("dms:DescribeEndpoints", refuse("AccessDeniedException", message), times=1)
    with pytest.raises(AccessError):
        world.plan(spec())


QUOTAS = [
    (
        "ResourceQuotaExceededFault", "The quota of 60 replication instances has been exceeded.",
        "ask AWS for a higher quota, or remove what is not used any more",
    ),
    (
        "StorageQuotaExceededFault", "The storage quota has been exceeded.",
        "ask AWS for a higher quota, or remove what is not used any more",
    ),
    (
        "InsufficientResourceCapacityFault", "There is no dms.t3.medium in eu-west-1a",
        "choose another replication.instance.class, or try again later",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message", "fix"), QUOTAS)
def test_what_there_is_no_more_of_is_told_at_once(
    world: World, code: str, message: str, fix: str
) -> None:
    world.script.on("dms:CreateReplicationInstance", refuse(code, message), times=1)
    error = failed(world, INSTANCE)
    assert isinstance(error, CloudError)
    assert error.why == f"{code}: {message}"
    assert error.fix == fix
    assert world.script.calls.count("dms:CreateReplicationInstance") == 1
    world.up(spec())


@pytest.mark.parametrize("state", ["failed", "incompatible-network", "incompatible-credentials"])
def test_an_instance_that_breaks_is_told_and_then_made_anew(world: World, state: str) -> None:
    def breaks(members: Members) -> None:
        for instance in members["ReplicationInstances"]:
            instance["ReplicationInstanceStatus"] = state

    world.script.on(
        "dms:DescribeReplicationInstances", changed(breaks),
        after="dms:CreateReplicationInstance", before="dms:DeleteReplicationInstance",
    )  # fmt: skip
    error = failed(world, INSTANCE)
    assert isinstance(error, WaitError)
    assert str(error) == (f"replication instance shop-instance failed: DMS reports it as {state}")
    actions = world.actions(spec())
    assert actions[str(INSTANCE)] is Action.REPLACE
    assert "endpoint.shop-source" not in actions
    world.up(spec())


BURSTS = {
    "throttled": refuse("ThrottlingException", "Rate exceeded"),
    "5xx": refuse("InternalFailure", "try again", status=500),
    "unavailable": refuse("ServiceUnavailable", "try again", status=503),
    "a service behind it": refuse("FailedDependencyFault", "KMS did not answer"),
    "a connection that breaks": broken(),
}


@pytest.mark.parametrize("what", BURSTS)
def test_a_burst_of_what_passes_by_itself_is_survived(world: World, what: str) -> None:
    # botocore waits for real between its tries, longest where it was throttled.
    world.script.on("dms:DescribeReplicationInstances", BURSTS[what], times=1)
    world.script.on("dms:CreateReplicationInstance", BURSTS[what], times=1)
    world.up(spec())
