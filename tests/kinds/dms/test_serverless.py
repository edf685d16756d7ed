"""DMS Serverless: a configuration that changes at rest, and a run that takes its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Interrupt, Pending, Ready
from dmslake.kinds.replication import Replication
from dmslake.kinds.replication_config import ReplicationConfig
from tests.kinds.dms.fake_dms import ABSENT, BUSY, OWNER, FakeDms, Fault, arn

ARN = arn("replication-config", "shop-serverless")
RULE = {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include"}
STARTED = {"FreshStartDate": datetime(2026, 7, 1, tzinfo=UTC)}
LOADED = {**STARTED, "FullLoadFinishDate": datetime(2026, 7, 2, tzinfo=UTC), "TablesLoaded": 1}


def config(fake: FakeDms, **fields: Any) -> ReplicationConfig:
    given: dict[str, Any] = {
        "source": "shop-source",
        "target": "shop-staging",
        "migration_type": "full-load-and-cdc",
        "rules": (RULE,),
        "settings": {"Logging": {"EnableLogging": True}},
        "min_capacity": 1,
        "max_capacity": 4,
        "multi_az": False,
        "subnet_group": "shop-subnets",
        "security_groups": ("sg-1",),
    }
    given.update(fields)
    return ReplicationConfig(name="shop-serverless", owner=OWNER, clock=fake.clock, **given)


def run(fake: FakeDms) -> Replication:
    return Replication(name="shop-serverless", clock=fake.clock)


def described(kind: str = "full-load-and-cdc", **compute: object) -> dict[str, Any]:
    capacity = {
        "MinCapacityUnits": 1,
        "MaxCapacityUnits": 4,
        "MultiAZ": False,
        "ReplicationSubnetGroupId": "shop-subnets",
        "VpcSecurityGroupIds": ["sg-1"],
        "KmsKeyId": "some-key",
    }
    found = {
        "ReplicationConfigIdentifier": "shop-serverless",
        "ReplicationConfigArn": ARN,
        "ReplicationType": kind,
        "ComputeConfig": {**capacity, **compute},
        "ReplicationSettings": json.dumps({"Logging": {"EnableLogging": True}, "More": None}),
        "TableMappings": json.dumps({"rules": [{**RULE, "filters": None}]}),
    }
    return {"ReplicationConfigs": [found]}


def replication(status: str, statistics: Any = None, **members: object) -> dict[str, Any]:
    return {"Replications": [{"Status": status, "ReplicationStats": statistics or {}, **members}]}


@pytest.fixture(autouse=True)
def surroundings(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", {"Endpoints": [{"EndpointArn": arn("endpoint", "e")}]})
    fake.on("DescribeReplicationConfigs", described())
    fake.on("DescribeReplications", replication("stopped", LOADED))


def test_it_is_made_with_its_capacity(fake: FakeDms) -> None:
    fake.on("DescribeReplicationConfigs", ABSENT)
    config(fake, security_groups=()).create(fake.clients())
    (sent,) = fake.sent("CreateReplicationConfig")
    assert sent["ComputeConfig"] == {
        "MinCapacityUnits": 1,
        "MaxCapacityUnits": 4,
        "MultiAZ": False,
        "ReplicationSubnetGroupId": "shop-subnets",
    }
    assert json.loads(sent["TableMappings"]) == {"rules": [RULE]}


def test_what_is_not_there_costs_one_call_each(fake: FakeDms) -> None:
    fake.on("DescribeReplicationConfigs", {"ReplicationConfigs": []})
    assert config(fake).read(fake.clients()) is None
    assert run(fake).read(fake.clients()) is None
    one, other = fake.requests
    assert one == other


def test_what_the_service_adds_is_no_difference(fake: FakeDms) -> None:
    resource = config(fake)
    live = resource.read(fake.clients())
    assert live is not None
    assert resource_changes(resource, live) == ()


def test_it_is_found_behind_an_empty_page(fake: FakeDms) -> None:
    empty = {"ReplicationConfigs": [], "Marker": "more"}
    fake.on("DescribeReplicationConfigs", empty, described())
    assert config(fake).read(fake.clients()) is not None


@pytest.mark.parametrize(
    ("fields", "action", "interrupt"),
    [
        ({"max_capacity": 8}, Action.UPDATE, Interrupt.RESTARTS),
        ({"settings": {"Logging": {"EnableLogging": False}}}, Action.UPDATE, Interrupt.RESTARTS),
        ({"migration_type": "cdc"}, Action.REPLACE, Interrupt.REPLACES),
        ({"subnet_group": "other"}, Action.REPLACE, Interrupt.REPLACES),
    ],
)
def test_what_a_change_does(
    fake: FakeDms, fields: Any, action: Action, interrupt: Interrupt
) -> None:
    resource = config(fake, **fields)
    step = assess(resource, resource.read(fake.clients()))
    assert (step.action, step.interrupt) == (action, interrupt)


def test_a_change_is_made_when_it_is_at_rest(fake: FakeDms) -> None:
    fake.on("ModifyReplicationConfig", BUSY, BUSY, {})
    resource = config(fake, max_capacity=8)
    resource.update(fake.clients(), {"max_capacity": 8})
    sent = fake.sent("ModifyReplicationConfig")
    assert len(sent) == 3
    assert sent[0]["ComputeConfig"]["MaxCapacityUnits"] == 8
    assert "TableMappings" not in sent[0]
    fake.on("DescribeReplicationConfigs", described(MaxCapacityUnits=8))
    fake.on("DescribeReplications", replication("modifying"))
    live = resource.read(fake.clients())
    assert live is not None
    assert resource.settle(live) == Pending("modifying")


def test_it_goes_when_it_is_at_rest(fake: FakeDms) -> None:
    fake.on("DeleteReplicationConfig", BUSY, {})
    config(fake).delete(fake.clients())
    fake.on("DescribeReplications", replication("deleting"))
    config(fake).delete(fake.clients())
    assert len(fake.sent("DeleteReplicationConfig")) == 2


def test_its_position_is_told_before_it_goes(fake: FakeDms) -> None:
    fake.on("DescribeReplications", replication("stopped", RecoveryCheckpoint="checkpoint:V1#1"))
    assert config(fake).parting(fake.clients()) == (
        "the last position of serverless replication shop-serverless is checkpoint:V1#1"
    )


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        ("full-load-and-cdc", replication("created"), "start-replication"),
        ("full-load-and-cdc", replication("ready"), "start-replication"),
        ("full-load-and-cdc", replication("stopped", LOADED), "resume-processing"),
        ("full-load-and-cdc", replication("failed", STARTED), "reload-target"),
        ("cdc", replication("failed", STARTED), "resume-processing"),
        ("full-load", replication("stopped", LOADED), "reload-target"),
        # Taken back, and the statistics with it.
        (
            "cdc",
            replication("stopped", ReplicationLastStopTime=datetime(2026, 7, 1, tzinfo=UTC)),
            "resume-processing",
        ),
    ],
)
def test_it_is_started_so_that_nothing_is_lost(
    fake: FakeDms, kind: str, answer: Any, expected: str
) -> None:
    fake.on("DescribeReplicationConfigs", described(kind))
    fake.on("DescribeReplications", answer)
    run(fake).create(fake.clients())
    (sent,) = fake.sent("StartReplication")
    assert sent == {"ReplicationConfigArn": ARN, "StartReplicationType": expected}


def test_a_modification_under_way_is_waited_out_before_the_start(fake: FakeDms) -> None:
    modifying = Fault("InvalidResourceStateFault", "cannot be started while it is modifying")
    fake.on("StartReplication", lambda _: modifying if fake.clock.time < 90 else {})
    run(fake).create(fake.clients())
    assert 90 <= fake.clock.time <= 110


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        ("INITIALIZING", Pending("initializing")),
        ("calculating_capacity", Pending("calculating_capacity")),
        ("replication_starting", Pending("replication_starting")),
        ("running", Ready()),
        ("stopping", Pending("stopping")),
    ],
)
def test_its_states(fake: FakeDms, status: str, settled: object) -> None:
    fake.on("DescribeReplications", replication(status))
    resource = run(fake)
    live = resource.read(fake.clients())
    assert live is not None
    assert resource.settle(live) == settled


def test_why_it_failed_is_told_in_full(fake: FakeDms) -> None:
    fake.on("DescribeReplications", replication("failed", FailureMessages=["one", "two"]))
    live = run(fake).read(fake.clients())
    assert live is not None
    settled = run(fake).settle(live)
    assert isinstance(settled, Broken)
    assert settled.reason == "one; two"


def test_it_is_stopped_once_it_runs(fake: FakeDms) -> None:
    fake.on("DescribeReplications", replication("provisioning_capacity"))
    fake.on("StopReplication", lambda _: BUSY if fake.clock.time < 600 else {})
    resource = run(fake)
    resource.delete(fake.clients())
    assert fake.clock.time >= 600
    fake.on("DescribeReplications", replication("stopped", LOADED))
    assert [resource.read(fake.clients()) is None for _ in range(2)] == [False, True]
