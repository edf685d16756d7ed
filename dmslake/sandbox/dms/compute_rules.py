"""The compute configuration of a serverless replication: what may be asked, and its defaults."""

from __future__ import annotations

from dmslake.sandbox.dms import instances, subnet_groups
from dmslake.sandbox.dms.faults import blank, invalid_combination, invalid_value
from dmslake.sandbox.dms.instance_rules import check_window
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.service import Call

# API reference, ComputeConfig: DMS capacity units of 2 GB each.
CAPACITIES = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)


def new_compute(call: Call, given: Json, base: Json | None = None) -> Json:
    """Return a whole compute configuration: what is given, over `base` or the defaults.

    Raises:
        Fault: a capacity that does not exist, members that exclude each other, a subnet group or
            security group that is not there, or a `dms-vpc-role` that DMS may not use.
    """
    subnet_groups.check_vpc_role(call.service, call.region)
    compute: Json = {
        "MinCapacityUnits": 1,
        "MultiAZ": False,
        "PreferredMaintenanceWindow": "sun:06:00-sun:14:00",
        "KmsKeyId": call.service.default_kms_key(call.region),
        **(base or {}),
        **given,
    }
    _check_capacities(compute)
    if compute.get("MultiAZ") is True and compute.get("AvailabilityZone"):
        raise invalid_combination("AvailabilityZone cannot be specified when MultiAZ is true.")
    check_window(str(compute["PreferredMaintenanceWindow"]))
    if not str(compute["KmsKeyId"]).startswith("arn:"):
        raise invalid_value("KmsKeyId must be the ARN of a key.")
    return {**compute, **_network(call, Parameters(compute))}


def _check_capacities(compute: Json) -> None:
    least, most = compute["MinCapacityUnits"], compute.get("MaxCapacityUnits")
    if most is None:
        raise blank("MaxCapacityUnits")
    for name, value in (("MinCapacityUnits", least), ("MaxCapacityUnits", most)):
        if value not in CAPACITIES:
            allowed = ", ".join(str(one) for one in CAPACITIES)
            raise invalid_value(f"{name} must be one of {allowed}, not {value}.")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        raise invalid_combination("MinCapacityUnits must not be greater than MaxCapacityUnits.")


def _network(call: Call, compute: Parameters) -> Json:
    name = compute.optional_text("ReplicationSubnetGroupId")
    group = (
        subnet_groups.find_default(call.service, call.region)
        if name is None
        else subnet_groups.find(call.service, call.region, name)
    )
    groups = instances.security_groups(call, group, compute.texts("VpcSecurityGroupIds"))
    return {"ReplicationSubnetGroupId": group.name, "VpcSecurityGroupIds": [*groups]}
