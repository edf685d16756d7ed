"""The default network: like AWS's, it leads to the internet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dmslake.sandbox.cloud.upstream import part, replace

_EC2 = "services.ec2"


def install() -> None:
    """Give the default network the route that it has on AWS.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
    """
    replace(_EC2, "_init_defaults", _with_a_way_out)
    _lead_out()  # for the network that is made while MiniStack is imported


def _with_a_way_out(make: Callable[[], Any]) -> Callable[[], Any]:
    def _init_defaults() -> Any:
        try:
            return make()
        finally:
            _lead_out()

    return _init_defaults


def _lead_out() -> None:
    table = part(_EC2, "_route_tables").get(part(_EC2, "_DEFAULT_RTB_ID"))
    if table is None or any(r.get("DestinationCidrBlock") == "0.0.0.0/0" for r in table["Routes"]):
        return
    table["Routes"].append(
        {
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": part(_EC2, "_DEFAULT_IGW_ID"),
            "State": "active",
            "Origin": "CreateRoute",
        }
    )
