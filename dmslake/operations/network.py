"""The network that a replication would stand in: zones, one VPC, and a way to S3.

An instance without a way to S3 is made without complaint and fails its connection test many minutes
later. https://docs.aws.amazon.com/dms/latest/userguide/CHAP_VPC_Endpoints.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.operations.finding import Finding

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef, SubnetTypeDef, VpcEndpointTypeDef

READS = ("ec2:DescribeRouteTables", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints")
_ZONES = 2
_NO_WAY = "the route table has neither an endpoint for S3 nor a NAT gateway"
_INTERNET = (
    "the only route out is an internet gateway, which serves public addresses, and the replication "
    "instance has none"
)
_EVERYWHERE = "0.0.0.0/0"
_WAYS_OUT = (
    "NatGatewayId", "TransitGatewayId", "InstanceId", "NetworkInterfaceId",
    "VpcPeeringConnectionId", "LocalGatewayId", "CoreNetworkArn",
)  # fmt: skip


@dataclass(frozen=True)
class Networks:
    """What EC2 knows of some subnets: themselves, and the routes and endpoints of their VPCs."""

    subnets: Sequence[SubnetTypeDef]
    tables: Sequence[RouteTableTypeDef]
    endpoints: Sequence[VpcEndpointTypeDef]


def read_networks(aws: Clients, ids: Sequence[str]) -> Networks:
    """Look at subnets; those that do not exist are missing in the answer. Raises CloudError."""
    with translating("looking at the network"):
        subnets = aws.ec2.describe_subnets(Filters=_filter("subnet-id", ids))["Subnets"]
        vpcs = sorted({subnet["VpcId"] for subnet in subnets})
        if not vpcs:
            return Networks((), (), ())
        tables = aws.ec2.describe_route_tables(Filters=_filter("vpc-id", vpcs))["RouteTables"]
        service = f"com.amazonaws.{aws.account.region}.s3"
        endpoints = aws.ec2.describe_vpc_endpoints(
            Filters=[*_filter("vpc-id", vpcs), *_filter("service-name", [service])]
        )["VpcEndpoints"]
    ours = tuple(e for e in endpoints if e.get("ServiceName") == service and _stands(e))
    return Networks(subnets, tables, ours)


def _stands(endpoint: VpcEndpointTypeDef) -> bool:
    return str(endpoint.get("State", "")).lower() not in ("deleting", "deleted", "failed")


def _filter(name: str, values: Sequence[str]) -> Any:
    return [{"Name": name, "Values": list(values)}]


def check_subnets(ids: Sequence[str], networks: Networks) -> Iterator[Finding]:
    """Yield what keeps DMS from making a subnet group of these subnets."""
    field = "replication.network.subnets"
    found = {subnet["SubnetId"]: subnet for subnet in networks.subnets}
    missing = [name for name in ids if name not in found]
    for name in missing:
        yield Finding(
            what=f"subnet {name} does not exist",
            why="EC2 knows no such subnet in this account and region",
            fix=f"correct {field}",
            fatal=True,
        )
    if missing:
        return
    vpcs = sorted({subnet["VpcId"] for subnet in found.values()})
    zones = sorted({subnet["AvailabilityZone"] for subnet in found.values()})
    if len(vpcs) > 1:
        yield Finding(
            what="the subnets are in different VPCs",
            why=f"they are in {', '.join(vpcs)}, and DMS wants one",
            fix=f"name subnets of one VPC in {field}",
            fatal=True,
        )
    elif len(zones) < _ZONES:
        yield Finding(
            what=f"all subnets are in one availability zone, {zones[0]}",
            why=f"DMS wants subnets in at least {_ZONES} zones, also for an instance in one",
            fix=f"add a subnet of another zone to {field}",
            fatal=True,
        )


def check_routes(networks: Networks) -> Iterator[Finding]:
    """Yield the subnets from which an instance without a public address cannot reach S3."""
    without: dict[str, tuple[RouteTableTypeDef, list[str]]] = {}
    for subnet in networks.subnets:
        table = _table_of(subnet, networks.tables)
        if table is not None and not _reaches_s3(subnet, table, networks.endpoints):
            without.setdefault(table["RouteTableId"], (table, []))[1].append(subnet["SubnetId"])
    for name, (table, subnets) in without.items():
        one = len(subnets) == 1
        yield Finding(
            what=f"{'subnet' if one else 'subnets'} {', '.join(subnets)} "
            f"{'has' if one else 'have'} no way to S3",
            why=_INTERNET if _has_gateway(table) else _NO_WAY,
            fix=f"add a gateway endpoint for S3 to route table {name} of {table.get('VpcId')}, or "
            "a NAT gateway; else the connection test of the staging endpoint will fail",
        )


def _table_of(
    subnet: SubnetTypeDef, tables: Sequence[RouteTableTypeDef]
) -> RouteTableTypeDef | None:
    """Return the route table that counts: the subnet's own, else the main one of its VPC."""
    main = None
    for table in tables:
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet["SubnetId"]:
                return table
            if association.get("Main") and table.get("VpcId") == subnet["VpcId"]:
                main = table
    return main


def _reaches_s3(
    subnet: SubnetTypeDef,
    table: RouteTableTypeDef,
    endpoints: Sequence[VpcEndpointTypeDef],
) -> bool:
    for endpoint in endpoints:
        if endpoint.get("VpcId") != subnet["VpcId"]:
            continue
        if endpoint.get("PrivateDnsEnabled"):  # an interface that answers for S3's own names
            return True
        if table["RouteTableId"] in endpoint.get("RouteTableIds", []):
            return True
    return any(_leads_out(route) for route in table.get("Routes", []))


def _leads_out(route: Mapping[str, Any]) -> bool:
    if route.get("State") == "blackhole" or route.get("DestinationCidrBlock") != _EVERYWHERE:
        return False
    private = str(route.get("GatewayId", "")).startswith("vgw-")
    return private or any(route.get(way) for way in _WAYS_OUT)


def _has_gateway(table: RouteTableTypeDef) -> bool:
    routes: Sequence[Mapping[str, Any]] = table.get("Routes", [])
    return any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)
