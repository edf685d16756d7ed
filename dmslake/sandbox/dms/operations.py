"""Every operation of the service, by name; and how each kind of resource moves on by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dmslake.sandbox.dms import (
    connections,
    endpoints,
    instance_rules,
    instances,
    quotas,
    subnet_groups,
    tags,
    task_runs,
    tasks,
)
from dmslake.sandbox.dms.cloud import CloudFailureError
from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import Connection, Endpoint, Instance, Record, Task
from dmslake.sandbox.dms.service import Advance, Call, Service

Operation = Callable[[Call], Json]

OPERATIONS: Mapping[str, Operation] = {
    "AddTagsToResource": tags.add,
    "CreateEndpoint": endpoints.create,
    "CreateReplicationInstance": instances.create,
    "CreateReplicationSubnetGroup": subnet_groups.create,
    "CreateReplicationTask": tasks.create,
    "DeleteConnection": connections.delete,
    "DeleteEndpoint": endpoints.delete,
    "DeleteReplicationInstance": instances.delete,
    "DeleteReplicationSubnetGroup": subnet_groups.delete,
    "DeleteReplicationTask": tasks.delete,
    "DescribeAccountAttributes": quotas.describe_account,
    "DescribeConnections": connections.describe,
    "DescribeEndpoints": endpoints.describe,
    "DescribeOrderableReplicationInstances": instance_rules.describe_orderable,
    "DescribeReplicationInstances": instances.describe,
    "DescribeReplicationSubnetGroups": subnet_groups.describe,
    "DescribeReplicationTasks": tasks.describe,
    "DescribeTableStatistics": task_runs.describe_tables,
    "ListTagsForResource": tags.describe,
    "ModifyEndpoint": endpoints.modify,
    "ModifyReplicationInstance": instances.modify,
    "ModifyReplicationSubnetGroup": subnet_groups.modify,
    "ModifyReplicationTask": tasks.modify,
    "ReloadTables": task_runs.reload_tables,
    "RemoveTagsFromResource": tags.remove,
    "StartReplicationTask": task_runs.start,
    "StopReplicationTask": task_runs.stop,
    "TestConnection": connections.test,
}
# In this order: an instance that has become available lets its tasks go on in the same pass.
ADVANCES: Mapping[type[Record], Advance] = {
    Instance: instances.advance,
    Endpoint: endpoints.advance,
    Connection: connections.advance,
    Task: task_runs.advance,
}


def answer(service: Service, region: str, operation: str, body: bytes) -> Json:
    """Answer one request; absent members are left out of what is returned.

    Raises:
        Fault: every refusal, InvalidOperationFault for an operation that only AWS has.
    """
    members = service.model.read(operation, body)
    perform = OPERATIONS.get(operation)
    if perform is None:
        raise Fault(
            "InvalidOperationFault", f"{operation} is not implemented by the dmslake sandbox"
        )
    service.settle()
    try:
        answered = perform(Call(service, region, Parameters(members)))
    except CloudFailureError as error:
        raise Fault("FailedDependencyFault", str(error)) from error
    service.wake()
    return {name: value for name, value in answered.items() if value is not None}
