"""What is looked at before anything is made; what may not be looked at stops nobody."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from dmslake.aws.clients import Clients
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.diff import Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import RefusedError
from dmslake.operations.finding import Finding, refusal
from dmslake.operations.preflight import PERMISSIONS, preflight
from dmslake.spec import Spec
from tests.aws import moto_dms
from tests.contract.recording import Calls, denied
from tests.contract.samples import ACCOUNT, spec
from tests.spec.texts import spec_of, text_of

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def parsed(**sections: str) -> Spec:
    return spec_of(text_of(**sections))


@pytest.fixture
def subnets(aws: Clients) -> str:
    """Two subnets that have a way to S3."""
    ec2: Any = aws.ec2
    (table,) = ec2.describe_route_tables()["RouteTables"]
    ec2.create_vpc_endpoint(
        VpcId=table["VpcId"], ServiceName="com.amazonaws.eu-west-1.s3",
        RouteTableIds=[table["RouteTableId"]], VpcEndpointType="Gateway",
    )  # fmt: skip
    return ", ".join(one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2])


def plan(found: Spec, action: Action = Action.CREATE, *changes: Change) -> Plan:
    wanted = pipeline(found, ACCOUNT).wanted
    return Plan(tuple(Step(action=action, resource=r, changes=changes) for r in wanted))


def found(aws: Clients, wanted: Spec, **facts: Any) -> list[str]:
    return [finding.what for finding in preflight(wanted, plan(wanted, **facts), aws)]


def test_where_all_is_well_nothing_is_said(aws: Clients, subnets: str, heard: Calls) -> None:
    assert found(aws, spec(replication=f"{{network: {{subnets: [{subnets}]}}}}")) == []
    assert heard.actions == set(PERMISSIONS) | {"ec2:CreateVpcEndpoint"}


@pytest.mark.parametrize("action", [Action.NOTHING, Action.WAIT, Action.CONFLICT, Action.KEEP])
def test_where_nothing_is_made_nothing_is_asked(aws: Clients, heard: Calls, action: Action) -> None:
    assert found(aws, spec(), action=action) == []
    assert heard.actions == set()


def test_what_aws_would_refuse_comes_first(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    moto_dms.complete(monkeypatch, Endpoints=(999, 1000))
    seen = preflight(spec(), plan(spec()), aws)
    assert [finding.what for finding in seen] == [
        "subnet subnet-a does not exist",
        "subnet subnet-b does not exist",
        "the quota Endpoints of DMS is reached",
    ]
    assert all(finding.fatal for finding in seen)


def instance(**members: object) -> Spec:
    text = ", ".join(f"{name}: {value}" for name, value in members.items())
    network = "{subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]}"
    return parsed(replication=f"{{instance: {{{text}}}, network: {network}}}")


def of_instance(aws: Clients, wanted: Spec) -> list[Finding]:
    return [f for f in preflight(wanted, plan(wanted), aws) if "subnet" not in f.what]


def test_a_class_that_cannot_be_had_names_its_likes(aws: Clients) -> None:
    (seen,) = of_instance(aws, instance(**{"class": "dms.c6i.larg"}))
    assert seen.fatal
    assert seen.what == "replication instance class dms.c6i.larg cannot be had"
    assert "it offers dms.c6i.large" in seen.fix


def test_a_size_that_cannot_be_had(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    moto_dms.complete(monkeypatch, most_storage=100)
    wanted = instance(**{"class": "dms.t3.large", "storage_gb": 101})
    (seen,) = of_instance(aws, wanted)
    assert seen.what == "dms.t3.large cannot have 101 GB of storage"
    assert seen.why == "DMS offers it with 5 to 100 GB"


def test_a_zone_that_cannot_be_had(aws: Clients) -> None:
    wanted = instance(**{"class": "dms.t3.large", "availability_zone": "eu-west-1c"})
    (seen,) = of_instance(aws, wanted)
    assert seen.what == "dms.t3.large cannot be had in eu-west-1c"
    assert seen.why == "DMS offers it in eu-west-1a, eu-west-1b"


def test_a_change_of_something_else_asks_for_no_classes(aws: Clients, heard: Calls) -> None:
    wanted = spec()
    preflight(wanted, plan(wanted, Action.UPDATE, Change("tags", 1, 2)), aws)
    assert "dms:DescribeOrderableReplicationInstances" not in heard.actions
    preflight(wanted, plan(wanted, Action.UPDATE, Change("class", "a", "b")), aws)
    assert "dms:DescribeOrderableReplicationInstances" in heard.actions


def with_secret() -> Spec:
    return parsed(source=f"{{engine: postgres, database: shop, secret: '{SECRET}'}}")


def test_a_secret_that_does_not_exist_or_is_about_to_go(aws: Clients) -> None:
    wanted = with_secret()
    assert f"secret {SECRET} does not exist" in found(aws, wanted)
    secrets: Any = boto3.client("secretsmanager", region_name="eu-west-1")
    made = secrets.create_secret(Name="shop", SecretString="{}")["ARN"]
    wanted = parsed(source=f"{{engine: postgres, database: shop, secret: '{made}'}}")
    assert not any("secret" in what for what in found(aws, wanted))
    secrets.delete_secret(SecretId=made)
    assert f"secret {made} is being deleted" in found(aws, wanted)


def test_a_topic_that_does_not_exist(aws: Clients) -> None:
    network = "network: {subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]}"
    wanted = parsed(replication=f"{{{network}, notifications: {{topic: '{TOPIC}'}}}}")
    assert f"topic {TOPIC} does not exist" in found(aws, wanted)
    boto3.client("sns", region_name="eu-west-1").create_topic(Name="alerts")
    assert f"topic {TOPIC} does not exist" not in found(aws, wanted)


def test_what_may_not_be_looked_at_is_said_and_stops_nobody(aws: Clients, heard: Calls) -> None:
    with denied(heard):
        seen = preflight(spec(), plan(spec()), aws)
    assert len(seen) == 3
    assert not any(finding.fatal for finding in seen)
    assert seen[0].what == "looking at the network: DescribeSubnets failed, so this was not checked"
    assert "allow " in seen[0].fix
    assert refusal(seen) is None


def test_a_refusal_names_every_reason() -> None:
    warning = Finding(what="w")
    one = Finding(what="a", why="b", fix="c", fatal=True)
    error = refusal((warning, one))
    assert type(error) is RefusedError
    assert (error.what, error.why, error.fix) == ("a", "b", "c")
    several = refusal((one, warning, Finding(what="d", fatal=True)))
    assert several is not None
    assert several.what == "AWS would refuse this plan for 2 reasons"
    assert several.why == "\n    a: b; c\n    d"
