"""Replication instances, ours and shared: what drifts, what waits, what cannot be had."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Interrupt, Live, Pending, Ready
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.shared_instance import SharedInstance
from dmslake.kinds.shared_subnet_group import SharedSubnetGroup
from dmslake.kinds.subnet_group import SubnetGroup
from tests.kinds.dms.fake_dms import ABSENT, BUSY, OWNER, FakeDms, Fault, arn

ARN = arn("rep", "shop-instance")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def instance(fake: FakeDms, **fields: Any) -> ReplicationInstance:
    given: dict[str, Any] = {
        "instance_class": "dms.t3.medium",
        "storage_gb": 50,
        "multi_az": False,
        "subnet_group": "shop-subnets",
        "security_groups": ("sg-1",),
    }
    given.update(fields)
    return ReplicationInstance(name="shop-instance", owner=OWNER, clock=fake.clock, **given)


def described(**members: object) -> dict[str, Any]:
    found = {
        "ReplicationInstanceIdentifier": "shop-instance",
        "ReplicationInstanceClass": "dms.t3.medium",
        "ReplicationInstanceStatus": "available",
        "AllocatedStorage": 50,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
        "AvailabilityZone": "eu-west-1a",
        "ReplicationSubnetGroup": {"ReplicationSubnetGroupIdentifier": "shop-subnets"},
        "PreferredMaintenanceWindow": "sun:02:00-sun:03:00",
        "PendingModifiedValues": {},
        "MultiAZ": False,
        "EngineVersion": "3.5.4",
        "AutoMinorVersionUpgrade": True,
        "KmsKeyId": KEY,
        "ReplicationInstanceArn": ARN,
        "PubliclyAccessible": False,
    }
    return {"ReplicationInstances": [{**found, **members}]}


def live(resource: Any, fake: FakeDms) -> Live:
    found = resource.read(fake.clients())
    assert isinstance(found, Live)
    return found


def changes(resource: Any, fake: FakeDms) -> list[str]:
    return [c.attribute for c in resource_changes(resource, live(resource, fake))]


def test_only_what_the_spec_says_is_sent(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", ABSENT)
    instance(fake, security_groups=()).create(fake.clients())
    (sent,) = fake.sent("CreateReplicationInstance")
    assert sent["PubliclyAccessible"] is False
    assert not sent.keys() & {"VpcSecurityGroupIds", "EngineVersion", "KmsKeyId"}


def test_everything_that_the_spec_says_is_sent(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", ABSENT)
    given = instance(
        fake, engine_version="3.5.4", maintenance_window="sun:02:00-sun:03:00", kms_key=KEY,
        availability_zone="eu-west-1a",
    )  # fmt: skip
    given.create(fake.clients())
    (sent,) = fake.sent("CreateReplicationInstance")
    assert sent["EngineVersion"] == "3.5.4"
    assert sent["PreferredMaintenanceWindow"] == "sun:02:00-sun:03:00"
    assert (sent["KmsKeyId"], sent["AvailabilityZone"]) == (KEY, "eu-west-1a")
    fake.on("DescribeReplicationInstances", described())
    assert changes(given, fake) == []


@pytest.mark.parametrize(
    ("there", "wanted", "differs"),
    [
        ("3.5.4", "3.5.4", False),
        ("3.5.10", "3.5.4", False),
        ("3.6.1", "3.5.4", False),
        ("3.5.4", "3.5", False),
        ("3.5.3", "3.5.4", True),
        ("3.4.7", "3.5.4", True),
        ("3.5.4", None, False),
    ],
)
def test_a_version_may_drift_upwards(
    fake: FakeDms, there: str, wanted: str | None, differs: bool
) -> None:
    fake.on("DescribeReplicationInstances", described(EngineVersion=there))
    found = changes(instance(fake, engine_version=wanted), fake)
    assert found == (["engine_version"] if differs else [])


def test_an_upgrade_stops_the_task_and_may_be_a_major_one(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described(EngineVersion="3.4.7"))
    resource = instance(fake, engine_version="3.5.4")
    step = assess(resource, live(resource, fake))
    assert (step.action, step.interrupt) == (Action.UPDATE, Interrupt.RESTARTS)
    resource.update(fake.clients(), {"engine_version": "3.5.4"})
    (sent,) = fake.sent("ModifyReplicationInstance")
    assert sent == {
        "ReplicationInstanceArn": ARN,
        "ApplyImmediately": True,
        "EngineVersion": "3.5.4",
        "AllowMajorVersionUpgrade": True,
    }


def test_storage_never_shrinks(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described(AllocatedStorage=100))
    resource = instance(fake)
    step = assess(resource, live(resource, fake))
    assert step.action is Action.CONFLICT
    assert step.reason == (
        "it has 100 GB of storage, which cannot shrink to 50; "
        "write replication.instance.storage_gb: 100"
    )


def test_what_waits_for_the_maintenance_window_is_asked_for(fake: FakeDms) -> None:
    pending = {"ReplicationInstanceClass": "dms.t3.large", "EngineVersion": None}
    fake.on("DescribeReplicationInstances", described(PendingModifiedValues=pending))
    assert changes(instance(fake, instance_class="dms.t3.large"), fake) == []


def test_an_alias_of_a_key_is_nothing_to_compare(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described())
    alias = "arn:aws:kms:eu-west-1:123456789012:alias/dms"
    assert changes(instance(fake, kms_key=alias), fake) == []
    resource = instance(fake, kms_key=KEY + "2")
    assert assess(resource, live(resource, fake)).action is Action.REPLACE


@pytest.mark.parametrize(
    "code", ["InvalidParameterCombination", "InvalidParameterCombinationException"]
)
def test_what_is_changed_already_is_no_error(fake: FakeDms, code: str) -> None:
    fake.on("DescribeReplicationInstances", described())
    fake.on("ModifyReplicationInstance", Fault(code, "No modifications were requested"))
    instance(fake).update(fake.clients(), {"class": "dms.t3.medium"})


@pytest.mark.parametrize(
    ("state", "settled"),
    [
        ("creating", Pending("creating")),
        ("modifying", Pending("modifying")),
        ("upgrading", Pending("upgrading")),
        ("deleting", Pending("deleting")),
        ("available", Ready()),
        ("storage-full", Ready()),
        ("failed", Broken("DMS reports it as failed")),
        ("incompatible-network", Broken("DMS reports it as incompatible-network")),
    ],
)
def test_its_states(fake: FakeDms, state: str, settled: object) -> None:
    fake.on("DescribeReplicationInstances", described(ReplicationInstanceStatus=state))
    resource = instance(fake)
    assert resource.settle(live(resource, fake)) == settled


def test_the_old_answer_after_a_change_is_not_believed(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described())
    resource = instance(fake, instance_class="dms.t3.large")
    resource.update(fake.clients(), {"class": "dms.t3.large"})
    assert resource.settle(live(resource, fake)) == Pending("modifying")
    done = described(ReplicationInstanceClass="dms.t3.large")
    fake.on("DescribeReplicationInstances", done)
    assert resource.settle(live(resource, fake)) == Ready()


def test_an_answer_that_stays_is_believed_in_the_end(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described())
    resource = instance(fake, instance_class="dms.t3.large")
    resource.update(fake.clients(), {"class": "dms.t3.large"})
    aws, looks = fake.clients(), 0
    while (found := resource.read(aws)) and resource.settle(found) != Ready():
        looks += 1
    assert looks == 60


def test_a_busy_instance_is_waited_for(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described())
    fake.on("ModifyReplicationInstance", BUSY, BUSY, {})
    instance(fake).update(fake.clients(), {"storage_gb": 50})
    assert len(fake.sent("ModifyReplicationInstance")) == 3


def test_deleted_is_gone(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described(ReplicationInstanceStatus="deleted"))
    assert instance(fake).read(fake.clients()) is None


def test_a_shared_instance_is_only_looked_at(fake: FakeDms) -> None:
    fake.on("DescribeReplicationInstances", described())
    shared = SharedInstance(name=ARN)
    assert assess(shared, shared.read(fake.clients())).action is Action.NOTHING
    (asked,) = fake.sent("DescribeReplicationInstances")
    assert asked["Filters"] == [{"Name": "replication-instance-arn", "Values": [ARN]}]
    for verb in (shared.create, shared.delete):
        verb(fake.clients())
    shared.update(fake.clients(), {})
    assert fake.writes == []


def test_a_shared_instance_that_is_lost_is_in_the_way(fake: FakeDms) -> None:
    lost = described(ReplicationInstanceStatus="incompatible-network")
    fake.on("DescribeReplicationInstances", lost)
    shared = SharedInstance(name=ARN)
    step = assess(shared, shared.read(fake.clients()))
    assert (step.action, step.reason) == (
        Action.CONFLICT,
        "DMS reports it as incompatible-network",
    )


def groups(*subnets: str, status: str = "Complete") -> dict[str, Any]:
    found = {
        "ReplicationSubnetGroupIdentifier": "shop-subnets",
        "SubnetGroupStatus": status,
        "Subnets": [{"SubnetIdentifier": subnet} for subnet in subnets],
    }
    return {"ReplicationSubnetGroups": [found]}


def test_a_subnet_group_is_changed_as_a_whole(fake: FakeDms) -> None:
    fake.on("DescribeReplicationSubnetGroups", groups("subnet-b", "subnet-a"))
    same = SubnetGroup(name="shop-subnets", owner=OWNER, subnets=("subnet-a", "subnet-b"))
    assert changes(same, fake) == []
    other = dataclasses.replace(same, subnets=("subnet-a", "subnet-c"))
    assert changes(other, fake) == ["subnets"]
    other.update(fake.clients(), {"subnets": ("subnet-a", "subnet-c")})
    (sent,) = fake.sent("ModifyReplicationSubnetGroup")
    assert sent["SubnetIds"] == ["subnet-a", "subnet-c"]


def test_a_subnet_group_waits_for_the_instance_that_holds_it(fake: FakeDms) -> None:
    held = Fault("InvalidResourceStateFault", "at least one database instance is still using it.")
    fake.on("DescribeReplicationSubnetGroups", groups("subnet-a", "subnet-b"))
    fake.on("DeleteReplicationSubnetGroup", lambda _: held if fake.clock.time < 400 else {})
    group = SubnetGroup(name="shop-subnets", owner=OWNER, subnets=("subnet-a",), clock=fake.clock)
    group.delete(fake.clients())
    assert fake.clock.time >= 400


def test_a_shared_subnet_group_is_only_looked_at(fake: FakeDms) -> None:
    shared = SharedSubnetGroup(name="theirs")
    fake.on("DescribeReplicationSubnetGroups", groups("subnet-a"))
    assert assess(shared, shared.read(fake.clients())).action is Action.NOTHING
    fake.on("DescribeReplicationSubnetGroups", ABSENT)
    assert assess(shared, shared.read(fake.clients())).action is Action.CONFLICT
    assert shared.settle(Live(state="creating")) == Pending("creating")
