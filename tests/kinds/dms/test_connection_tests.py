"""Connection tests: begun once, believed when they are new, retried while DMS is not ready."""

from __future__ import annotations

from typing import Any

import pytest

from dmslake.engine.resource import Broken, Pending, Ready
from dmslake.kinds.connection_test import ConnectionTest
from tests.kinds.dms.fake_dms import ABSENT, FakeDms, Fault, arn

ENDPOINT, INSTANCE = arn("endpoint", "source"), arn("rep", "here")


@pytest.fixture(autouse=True)
def surroundings(fake: FakeDms) -> None:
    fake.on("DescribeEndpoints", {"Endpoints": [{"EndpointArn": ENDPOINT}]})
    found = {"ReplicationInstanceArn": INSTANCE, "ReplicationInstanceStatus": "available"}
    fake.on("DescribeReplicationInstances", {"ReplicationInstances": [found]})


def connection_test(fake: FakeDms, instance: str = "shop-instance") -> ConnectionTest:
    return ConnectionTest(
        name="shop-source", endpoint="shop-source", instance=instance, direction="source",
        clock=fake.clock,
    )  # fmt: skip


def connection(status: str, why: str = "") -> dict[str, Any]:
    return {"Connections": [{"Status": status, "LastFailureMessage": why}]}


def settled(resource: ConnectionTest, fake: FakeDms) -> object:
    live = resource.read(fake.clients())
    return None if live is None else resource.settle(live)


def test_it_is_found_by_both_ends(fake: FakeDms) -> None:
    fake.on("DescribeConnections", connection("successful"))
    assert settled(connection_test(fake), fake) == Ready()
    (asked,) = fake.sent("DescribeConnections")
    assert asked["Filters"] == [
        {"Name": "endpoint-arn", "Values": [ENDPOINT]},
        {"Name": "replication-instance-arn", "Values": [INSTANCE]},
    ]


def test_a_shared_instance_need_not_be_looked_up(fake: FakeDms) -> None:
    fake.on("DescribeConnections", connection("testing"))
    assert settled(connection_test(fake, INSTANCE), fake) == Pending("testing")
    connection_test(fake, INSTANCE).create(fake.clients())
    assert not fake.sent("DescribeReplicationInstances")
    assert fake.sent("TestConnection")[0]["ReplicationInstanceArn"] == INSTANCE


@pytest.mark.parametrize("answer", [ABSENT, {"Connections": []}, connection("deleting")])
def test_no_test_is_none(fake: FakeDms, answer: Any) -> None:
    fake.on("DescribeConnections", answer)
    assert settled(connection_test(fake), fake) is None


def test_a_test_under_way_is_followed(fake: FakeDms) -> None:
    fake.on("DescribeConnections", connection("testing"))
    fake.on("TestConnection", Fault("InvalidResourceStateFault", "it is already being tested"))
    connection_test(fake).create(fake.clients())
    assert len(fake.sent("TestConnection")) == 1


def test_an_old_failure_is_not_the_result(fake: FakeDms) -> None:
    resource = connection_test(fake)
    fake.on("DescribeConnections", connection("failed", "no route"))
    resource.create(fake.clients())
    assert settled(resource, fake) == Pending("testing")
    fake.on("DescribeConnections", connection("failed", "wrong password"))
    result = settled(resource, fake)
    assert isinstance(result, Broken)
    assert result.reason == "wrong password"
    assert "source.host" in result.fix


def test_an_instance_that_is_not_available_yet_is_waited_for(fake: FakeDms) -> None:
    early = Fault("InvalidResourceStateFault", "the instance is not in available state")
    fake.on("DescribeConnections", ABSENT)
    fake.on("TestConnection", lambda _: early if fake.clock.time < 100 else {})
    connection_test(fake).create(fake.clients())
    assert 100 <= fake.clock.time <= 120
