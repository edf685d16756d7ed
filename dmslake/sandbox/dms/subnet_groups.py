"""Replication subnet groups: synchronous, and guarded by `dms-vpc-role`."""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.sandbox.dms import tags
from dmslake.sandbox.dms.faults import (
    Fault,
    access_denied,
    already_exists,
    blank,
    invalid_state,
    not_found,
)
from dmslake.sandbox.dms.names import arn, group_name, partition
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import Instance, ReplicationConfig, Subnet, SubnetGroup
from dmslake.sandbox.dms.service import Call, Service

_log = logging.getLogger(__name__)
# AWS answers an empty list here, not ResourceNotFoundFault; clients have to take both.
LISTING: Listing[SubnetGroup] = Listing(
    filters={"replication-subnet-group-id": lambda group: [group.name]},
    order=lambda group: group.name,
    noun=None,
)
DEFAULT_GROUP = "default"


def create(call: Call) -> Json:
    """CreateReplicationSubnetGroup."""
    service, asked = call.service, call.input
    name = group_name(asked.text("ReplicationSubnetGroupIdentifier"))
    description = asked.text("ReplicationSubnetGroupDescription")
    if not description.strip():
        raise blank("ReplicationSubnetGroupDescription")
    labels = tags.read(asked.structures("Tags"))
    check_vpc_role(service, call.region)
    subnets = _subnets(service, call.region, asked.texts("SubnetIds"))
    with service.lock:
        key = arn(call.region, service.account, "subgrp", name)
        if service.store.get(SubnetGroup, key) is not None:
            raise already_exists(f"The subnet group '{name}' already exists.", key)
        check_quota(service, call.region, SubnetGroup)
        group = SubnetGroup(
            arn=key,
            region=call.region,
            name=name,
            status="Complete",
            created=service.clock(),
            tags=labels,
            description=description,
            subnets=subnets,
        )
        service.store.put(group)
    return {"ReplicationSubnetGroup": wire(group)}


def modify(call: Call) -> Json:
    """ModifyReplicationSubnetGroup: the subnets always replace the old set."""
    service, asked = call.service, call.input
    name = asked.text("ReplicationSubnetGroupIdentifier").lower()
    find(service, call.region, name)
    check_vpc_role(service, call.region)
    subnets = _subnets(service, call.region, asked.texts("SubnetIds"))
    with service.lock:
        group = find(service, call.region, name)
        _check_still_hosting(service, group, subnets)
        description = asked.optional_text("ReplicationSubnetGroupDescription")
        group = replace(
            group,
            subnets=subnets,
            description=group.description if description is None else description,
        )
        service.store.put(group)
    return {"ReplicationSubnetGroup": wire(group)}


def describe(call: Call) -> Json:
    """DescribeReplicationSubnetGroups."""
    with call.service.lock:
        groups, marker = LISTING.page(call.all(SubnetGroup), call.input)
        return {
            "ReplicationSubnetGroups": [wire(group) for group in groups],
            "Marker": marker,
        }


def delete(call: Call) -> Json:
    """DeleteReplicationSubnetGroup: refused until its instances are really gone."""
    service = call.service
    with service.lock:
        name = call.input.text("ReplicationSubnetGroupIdentifier").lower()
        group = find(service, call.region, name)
        for instance in _hosted(service, group):
            raise invalid_state(
                f"Cannot delete the subnet group '{group.name}' because at least one database "
                f"instance: {instance.name} is still using it."
            )
        for config in _serverless(service, group):
            raise invalid_state(
                f"Cannot delete the subnet group '{group.name}' because at least one replication: "
                f"{config.name} is still using it."
            )
        service.store.remove(SubnetGroup, group.key)
    return {}


def find(service: Service, region: str, name: str) -> SubnetGroup:
    """Return a group by name, or raise ResourceNotFoundFault."""
    group = service.store.get(SubnetGroup, arn(region, service.account, "subgrp", name.lower()))
    if group is None:
        raise not_found(f"Replication subnet group {name} not found.")
    return group


def find_default(service: Service, region: str) -> SubnetGroup:
    """Return the group `default`, made from the default VPC's subnets the first time."""
    key = arn(region, service.account, "subgrp", DEFAULT_GROUP)
    group = service.store.get(SubnetGroup, key)
    if group is not None:
        return group
    subnets = _covering(tuple(service.cloud.subnets(region, [])))
    group = SubnetGroup(
        arn=key,
        region=region,
        name=DEFAULT_GROUP,
        status="Complete",
        created=service.clock(),
        description=DEFAULT_GROUP,
        subnets=subnets,
    )
    with service.lock:
        service.store.put(group)
    return group


def check_vpc_role(service: Service, region: str) -> None:
    """Refuse as AWS does, in the same words, whatever is wrong with `dms-vpc-role`."""
    problem = service.cloud.vpc_role_problem()
    if problem is not None:
        _log.warning("dms-vpc-role: %s", problem)
        role = f"arn:{partition(region)}:iam::{service.account}:role/dms-vpc-role"
        raise access_denied(f"The IAM Role {role} is not configured properly.")


def wire(group: SubnetGroup) -> Json:
    """Return the group as the service answers it: no ARN, no tags."""
    return {
        "ReplicationSubnetGroupIdentifier": group.name,
        "ReplicationSubnetGroupDescription": group.description,
        "VpcId": group.subnets[0].vpc,
        "SubnetGroupStatus": group.status,
        "Subnets": [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.zone},
                "SubnetStatus": "Active",
            }
            for subnet in group.subnets
        ],
        "SupportedNetworkTypes": ["IPV4"],
    }


def _subnets(service: Service, region: str, ids: list[str]) -> tuple[Subnet, ...]:
    wanted = list(dict.fromkeys(ids))
    found = (
        {subnet.id: subnet for subnet in service.cloud.subnets(region, wanted)} if wanted else {}
    )
    missing = [one for one in wanted if one not in found]
    if missing:
        raise Fault("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")
    return _covering(tuple(found[one] for one in wanted))


def _covering(subnets: tuple[Subnet, ...]) -> tuple[Subnet, ...]:
    if len({subnet.vpc for subnet in subnets}) > 1:
        raise Fault("InvalidSubnet", "The subnets must all be in the same VPC.")
    zones = sorted({subnet.zone for subnet in subnets})
    if len(zones) < 2:  # noqa: PLR2004 - the service's own minimum
        raise Fault(
            "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
            "The replication subnet group doesn't meet Availability Zone (AZ) coverage "
            f"requirement. Current AZ coverage: {', '.join(zones)}. "
            "Add subnets to cover at least 2 AZs.",
        )
    return subnets


def _hosted(service: Service, group: SubnetGroup) -> list[Instance]:
    return [
        instance
        for instance in service.store.all(Instance)
        if instance.region == group.region and instance.subnet_group == group.name
    ]


def _serverless(service: Service, group: SubnetGroup) -> list[ReplicationConfig]:
    return [
        config
        for config in service.store.all(ReplicationConfig)
        if config.region == group.region
        and config.compute.get("ReplicationSubnetGroupId") == group.name
    ]


def _check_still_hosting(service: Service, group: SubnetGroup, subnets: tuple[Subnet, ...]) -> None:
    removed = {subnet.zone for subnet in group.subnets} - {subnet.zone for subnet in subnets}
    for instance in _hosted(service, group):
        if instance.attributes.get("AvailabilityZone") in removed:
            raise Fault(
                "SubnetAlreadyInUse",
                f"A subnet to be removed is in use by replication instance {instance.name}.",
            )
