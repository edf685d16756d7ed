"""Replication instances: asynchronous, with changes now or in the maintenance window."""

from __future__ import annotations

from dataclasses import replace

from dmslake.sandbox.dms import connections, subnet_groups, tags
from dmslake.sandbox.dms.faults import (
    already_exists,
    invalid_state,
    not_found,
)
from dmslake.sandbox.dms.instance_rules import check_changes, new_attributes
from dmslake.sandbox.dms.names import identifier
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota, check_storage_quota
from dmslake.sandbox.dms.records import Connection, Instance, Record, SubnetGroup, Task
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.task_states import interrupt_all

LONGEST_IDENTIFIER = 63
LISTING: Listing[Instance] = Listing(
    filters={
        "replication-instance-arn": lambda instance: [instance.arn],
        "replication-instance-id": lambda instance: [instance.name],
        "replication-instance-class": lambda instance: [
            str(instance.attributes["ReplicationInstanceClass"])
        ],
        "engine-version": lambda instance: [str(instance.attributes["EngineVersion"])],
    },
    order=lambda instance: instance.name,
    noun="Instances",
)


def create(call: Call) -> Json:
    """CreateReplicationInstance."""
    service, asked = call.service, call.input
    name = identifier(
        "ReplicationInstanceIdentifier",
        asked.text("ReplicationInstanceIdentifier"),
        longest=LONGEST_IDENTIFIER,
    )
    labels = tags.read(asked.structures("Tags"))
    subnet_groups.check_vpc_role(service, call.region)
    group = _group(call)
    attributes = new_attributes(asked, group, service.default_kms_key(call.region))
    groups = _security_groups(call, group)
    with service.lock:
        _check_name_free(call, name)
        check_quota(service, call.region, Instance)
        check_storage_quota(call, attributes["AllocatedStorage"])
        instance = Instance(
            arn=service.new_arn(call.region, "rep", asked.optional_text("ResourceIdentifier")),
            region=call.region,
            name=name,
            status="creating",
            created=service.clock(),
            due=service.after(service.delays.instance_create),
            tags=labels,
            subnet_group=group.name,
            attributes=attributes,
            security_groups=groups,
        )
        service.store.put(instance)
        return {"ReplicationInstance": wire(service, instance)}


def modify(call: Call) -> Json:
    """ModifyReplicationInstance: at once, or pending until the maintenance window."""
    service, asked = call.service, call.input
    with service.lock:
        instance = find(service, asked.text("ReplicationInstanceArn"))
        group = _group_of(service, instance)
    groups = (
        _security_groups(call, group)
        if asked.texts("VpcSecurityGroupIds")
        else instance.security_groups
    )
    with service.lock:
        instance = find(service, instance.arn)
        _check_available(instance, "modified")
        name = _new_name(call, instance)
        renamed = name != instance.name or groups != instance.security_groups
        deferred, at_once = check_changes(asked, instance, changed_otherwise=renamed)
        instance = replace(
            instance,
            name=name,
            security_groups=groups,
            attributes={**instance.attributes, **at_once},
        )
        if asked.flag("ApplyImmediately") is True:
            instance = _apply_now(service, instance, {**instance.pending, **deferred})
        else:
            instance = replace(instance, pending={**instance.pending, **deferred})
        service.store.put(instance)
        return {"ReplicationInstance": wire(service, instance)}


def describe(call: Call) -> Json:
    """DescribeReplicationInstances."""
    with call.service.lock:
        instances, marker = LISTING.page(call.all(Instance), call.input)
        return {
            "ReplicationInstances": [wire(call.service, instance) for instance in instances],
            "Marker": marker,
        }


def delete(call: Call) -> Json:
    """DeleteReplicationInstance: refused while a task is on it."""
    service = call.service
    with service.lock:
        instance = find(service, call.input.text("ReplicationInstanceArn"))
        if instance.status == "deleting":
            raise invalid_state(f"Replication Instance {instance.name} is already being deleted.")
        if instance.status == "creating":
            raise invalid_state(f"Replication Instance {instance.name} is still being created.")
        tasks = [
            task.name
            for task in service.store.all(Task)
            if instance.arn in {task.instance_arn, task.moving_to}
        ]
        if tasks:
            raise invalid_state(
                f"Replication Instance {instance.arn} has one or more replication tasks: "
                f"{', '.join(tasks)}."
            )
        due = service.after(service.delays.instance_delete)
        instance = replace(instance, status="deleting", due=due)
        service.store.put(instance)
        for connection in connections.of_instance(service, instance.arn):
            connections.begin_delete(service, connection)
        return {"ReplicationInstance": wire(service, instance)}


def advance(service: Service, record: Record) -> None:
    """Move an instance on: to available, or to gone."""
    instance = service.store.get(Instance, record.key)
    if instance is None or not service.is_due(instance):
        return
    if instance.status == "deleting":
        for connection in connections.of_instance(service, instance.arn):
            service.store.remove(Connection, connection.key)
        service.store.remove(Instance, instance.key)
        return
    service.store.put(
        replace(
            instance,
            status="available",
            due=None,
            attributes={**instance.attributes, **instance.applying},
            applying={},
        )
    )


def find(service: Service, arn: str) -> Instance:
    """Return an instance, or raise ResourceNotFoundFault."""
    instance = service.store.get(Instance, arn)
    if instance is None:
        raise not_found(f"Replication Instance {arn} not found.")
    return instance


def wire(service: Service, instance: Instance) -> Json:
    """Return the instance as the service answers it."""
    answer: Json = {
        **instance.attributes,
        "ReplicationInstanceIdentifier": instance.name,
        "ReplicationInstanceArn": instance.arn,
        "ReplicationInstanceStatus": instance.status,
        "VpcSecurityGroups": [
            {"VpcSecurityGroupId": group, "Status": "active"} for group in instance.security_groups
        ],
        "ReplicationSubnetGroup": subnet_groups.wire(_group_of(service, instance)),
        "PendingModifiedValues": {**instance.pending, **instance.applying},
    }
    if instance.status != "creating":
        answer["InstanceCreateTime"] = instance.created.timestamp()
        # The sandbox replicates from this machine.
        answer["ReplicationInstancePrivateIpAddress"] = "127.0.0.1"
        answer["ReplicationInstancePrivateIpAddresses"] = ["127.0.0.1"]
    return answer


def _apply_now(service: Service, instance: Instance, changes: Json) -> Instance:
    if not changes:
        return instance
    upgrading = "EngineVersion" in changes
    if upgrading:
        interrupt_all(service, instance.arn)
    return replace(
        instance,
        status="upgrading" if upgrading else "modifying",
        due=service.after(service.delays.instance_modify),
        applying=changes,
        pending={},
    )


def _group(call: Call) -> SubnetGroup:
    name = call.input.optional_text("ReplicationSubnetGroupIdentifier")
    if name is None:
        return subnet_groups.find_default(call.service, call.region)
    return subnet_groups.find(call.service, call.region, name)


def _group_of(service: Service, instance: Instance) -> SubnetGroup:
    return subnet_groups.find(service, instance.region, instance.subnet_group)


def _security_groups(call: Call, group: SubnetGroup) -> tuple[str, ...]:
    return security_groups(call, group, call.input.texts("VpcSecurityGroupIds"))


def security_groups(call: Call, group: SubnetGroup, wanted: list[str]) -> tuple[str, ...]:
    """Return the wanted security groups of a subnet group's VPC, its default one for none.

    Raises:
        Fault: ResourceNotFoundFault, one does not exist there.
    """
    vpc = group.subnets[0].vpc
    found = call.service.cloud.security_groups(call.region, wanted, vpc)
    missing = [one for one in wanted if one not in found]
    if missing:
        raise not_found(f"The security groups {', '.join(missing)} do not exist in VPC {vpc}.")
    return tuple(found)


def _check_available(instance: Instance, verb: str) -> None:
    if instance.status != "available":
        raise invalid_state(
            f"Replication Instance {instance.name} cannot be {verb}: it is {instance.status}."
        )


def _check_name_free(call: Call, name: str) -> None:
    for other in call.all(Instance):
        if other.name == name:
            raise already_exists(f"Replication Instance {name} already exists.", other.arn)


def _new_name(call: Call, instance: Instance) -> str:
    wanted = call.input.optional_text("ReplicationInstanceIdentifier")
    if wanted is None or wanted.lower() == instance.name:
        return instance.name
    name = identifier("ReplicationInstanceIdentifier", wanted, longest=LONGEST_IDENTIFIER)
    _check_name_free(call, name)
    return name
