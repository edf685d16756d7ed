"""Where a replication instance would stand: subnets that AWS takes, and a way to S3."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dmslake.aws.clients import Clients
from dmslake.operations.finding import Finding
from dmslake.operations.network import Networks, check_routes, check_subnets, read_networks
from tests.contract.recording import Calls


def subnet(name: str, zone: str = "eu-west-1a", vpc: str = "vpc-1") -> Any:
    return {"SubnetId": name, "AvailabilityZone": zone, "VpcId": vpc}


def table(*routes: Any, name: str = "rtb-1", subnets: tuple[str, ...] = ()) -> Any:
    """Return a route table of some subnets, or the main one of the VPC."""
    associations: list[Any] = [{"SubnetId": one} for one in subnets] or [{"Main": True}]
    return {
        "RouteTableId": name, "VpcId": "vpc-1", "Routes": list(routes),
        "Associations": associations,
    }  # fmt: skip


def gateway_endpoint(*tables: str) -> dict[str, Any]:
    return {"VpcId": "vpc-1", "VpcEndpointType": "Gateway", "RouteTableIds": list(tables)}


A, B = subnet("a"), subnet("b", "eu-west-1b")
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}
OUT: dict[str, Any] = {"DestinationCidrBlock": "0.0.0.0/0"}
INTERNET = {**OUT, "GatewayId": "igw-1"}
NAT: dict[str, Any] = {**OUT, "NatGatewayId": "nat-1"}


def networks(
    *subnets: Any, tables: tuple[Any, ...] = (), endpoints: tuple[Any, ...] = ()
) -> Networks:
    return Networks(subnets, tables, endpoints)


def refused(ids: tuple[str, ...], *subnets: Any) -> list[Finding]:
    return list(check_subnets(ids, networks(*subnets)))


def test_two_subnets_of_two_zones_are_taken() -> None:
    assert refused(("a", "b"), A, B) == []


def test_every_subnet_that_is_missing_is_named() -> None:
    found = refused(("a", "x", "y"), A)
    assert [finding.what for finding in found] == [
        "subnet x does not exist", "subnet y does not exist",
    ]  # fmt: skip
    assert all(finding.fatal for finding in found)


def test_one_zone_is_not_enough() -> None:
    (found,) = refused(("a", "c"), A, subnet("c"))
    assert found.fatal
    assert found.what == "all subnets are in one availability zone, eu-west-1a"
    assert "replication.network.subnets" in found.fix


def test_two_networks_are_too_many() -> None:
    (found,) = refused(("a", "c"), A, subnet("c", "eu-west-1b", "vpc-2"))
    assert found.fatal
    assert found.why == "they are in vpc-1, vpc-2, and DMS wants one"


def ways(*subnets: Any, **facts: Any) -> list[str]:
    found = list(check_routes(networks(*subnets, **facts)))
    assert not any(finding.fatal for finding in found)
    return [finding.what for finding in found]


@pytest.mark.parametrize(
    ("tables", "endpoints"),
    [
        ((table(LOCAL, NAT),), ()),
        ((table({**OUT, "TransitGatewayId": "tgw-1"}),), ()),
        ((table({**OUT, "GatewayId": "vgw-1"}),), ()),
        ((table(LOCAL),), (gateway_endpoint("rtb-0", "rtb-1"),)),
        ((table(LOCAL),), ({"VpcId": "vpc-1", "PrivateDnsEnabled": True},)),
        ((table(LOCAL), table(NAT, name="rtb-2", subnets=("a",))), ()),
        ((), ()),
    ],
    ids=["NAT", "transit", "private", "endpoint", "interface", "own table", "unknown"],
)
def test_a_way_to_s3(tables: tuple[Any, ...], endpoints: tuple[Any, ...]) -> None:
    assert ways(A, tables=tables, endpoints=endpoints) == []


@pytest.mark.parametrize(
    ("tables", "endpoints"),
    [
        ((table(LOCAL),), ()),
        ((table(LOCAL, INTERNET),), ()),
        ((table({**NAT, "State": "blackhole"}),), ()),
        ((table({"DestinationCidrBlock": "10.1.0.0/16", "NatGatewayId": "nat-1"}),), ()),
        ((table(LOCAL),), (gateway_endpoint("rtb-2"),)),
        ((table(LOCAL),), ({**gateway_endpoint("rtb-1"), "VpcId": "vpc-2"},)),
        ((table(LOCAL),), ({"VpcId": "vpc-1", "VpcEndpointType": "Interface"},)),
        ((table(NAT), table(LOCAL, name="rtb-2", subnets=("a",))), ()),
    ],
    ids=["local", "internet", "black hole", "elsewhere", "other table", "other VPC", "no names",
         "own table"],
)  # fmt: skip
def test_no_way_to_s3(tables: tuple[Any, ...], endpoints: tuple[Any, ...]) -> None:
    assert ways(A, tables=tables, endpoints=endpoints) == ["subnet a has no way to S3"]


def test_subnets_of_one_table_are_told_together_with_the_table_to_mend() -> None:
    (found,) = check_routes(networks(A, B, tables=(table(LOCAL, INTERNET),)))
    assert found.what == "subnets a, b have no way to S3"
    assert "the replication instance has none" in found.why
    assert "add a gateway endpoint for S3 to route table rtb-1 of vpc-1" in found.fix


def test_what_ec2_knows_is_read(aws: Clients) -> None:
    ec2 = cast("Any", aws.ec2)
    subnets = ec2.describe_subnets()["Subnets"]
    ids = [one["SubnetId"] for one in subnets[:2]]
    (main,) = ec2.describe_route_tables()["RouteTables"]
    found = read_networks(aws, [*ids, "subnet-0a1b2c3d"])
    assert sorted(one["SubnetId"] for one in found.subnets) == sorted(ids)
    assert [one["RouteTableId"] for one in found.tables] == [main["RouteTableId"]]
    assert len(list(check_routes(found))) == 1
    for service in ("dynamodb", "s3"):
        ec2.create_vpc_endpoint(
            VpcId=main["VpcId"], ServiceName=f"com.amazonaws.eu-west-1.{service}",
            RouteTableIds=[main["RouteTableId"]], VpcEndpointType="Gateway",
        )  # fmt: skip
        again = read_networks(aws, ids)
        assert len(list(check_routes(again))) == (service == "dynamodb")


def test_of_subnets_that_do_not_exist_nothing_more_is_asked(aws: Clients, heard: Calls) -> None:
    assert read_networks(aws, ["subnet-0a1b2c3d"]) == Networks((), (), ())
    assert heard.actions == {"ec2:DescribeSubnets"}
