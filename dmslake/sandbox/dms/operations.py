"""Every operation of the service, by name; and how each kind of resource moves on by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dmslake.sandbox.dms import (
    certificates,
    connections,
    endpoints,
    event_subscriptions,
    instance_rules,
    instances,
    moving,
    offers,
    quotas,
    reloading,
    replication_configs,
    replications,
    subnet_groups,
    tags,
    task_runs,
    tasks,
)
from dmslake.sandbox.dms.cloud import CloudFailureError
from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import (
    Connection,
    Endpoint,
    EventSubscription,
    Instance,
    Record,
    ReplicationConfig,
    Task,
)
from dmslake.sandbox.dms.service import Advance, Call, Service

Operation = Callable[[Call], Json]

OPERATIONS: Mapping[str, Operation] = {
    "AddTagsToResource": tags.add,
    "CreateEndpoint": endpoints.create,
    "CreateEventSubscription": event_subscriptions.create,
    "CreateReplicationConfig": replication_configs.create,
    "CreateReplicationInstance": instances.create,
    "CreateReplicationSubnetGroup": subnet_groups.create,
    "CreateReplicationTask": tasks.create,
    "DeleteCertificate": certificates.delete,
    "DeleteConnection": connections.delete,
    "DeleteEndpoint": endpoints.delete,
    "DeleteEventSubscription": event_subscriptions.delete,
    "DeleteReplicationConfig": replication_configs.delete,
    "DeleteReplicationInstance": instances.delete,
    "DeleteReplicationSubnetGroup": subnet_groups.delete,
    "DeleteReplicationTask": tasks.delete,
    "DescribeAccountAttributes": quotas.describe_account,
    "DescribeCertificates": certificates.describe,
    "DescribeConnections": connections.describe,
    "DescribeEndpointTypes": offers.describe_endpoint_types,
    "DescribeEndpoints": endpoints.describe,
    "DescribeEngineVersions": offers.describe_versions,
    "DescribeEventCategories": event_subscriptions.describe_categories,
    "DescribeEventSubscriptions": event_subscriptions.describe,
    "DescribeOrderableReplicationInstances": instance_rules.describe_orderable,
    "DescribeReplicationConfigs": replication_configs.describe,
    "DescribeReplicationInstances": instances.describe,
    "DescribeReplicationSubnetGroups": subnet_groups.describe,
    "DescribeReplicationTableStatistics": replications.describe_tables,
    "DescribeReplicationTasks": tasks.describe,
    "DescribeReplications": replications.describe,
    "DescribeTableStatistics": task_runs.describe_tables,
    "ImportCertificate": certificates.import_one,
    "ListTagsForResource": tags.describe,
    "ModifyEndpoint": endpoints.modify,
    "ModifyEventSubscription": event_subscriptions.modify,
    "ModifyReplicationConfig": replication_configs.modify,
    "ModifyReplicationInstance": instances.modify,
    "ModifyReplicationSubnetGroup": subnet_groups.modify,
    "ModifyReplicationTask": tasks.modify,
    "MoveReplicationTask": moving.move,
    "ReloadReplicationTables": reloading.reload_replication_tables,
    "ReloadTables": reloading.reload_task_tables,
    "RemoveTagsFromResource": tags.remove,
    "StartReplication": replications.start,
    "StartReplicationTask": task_runs.start,
    "StopReplication": replications.stop,
    "StopReplicationTask": task_runs.stop,
    "TestConnection": connections.test,
}
# In this order: an instance that has become available lets its tasks go on in the same pass.
ADVANCES: Mapping[type[Record], Advance] = {
    Instance: instances.advance,
    Endpoint: endpoints.advance,
    Connection: connections.advance,
    Task: task_runs.advance,
    ReplicationConfig: replications.advance,
    EventSubscription: event_subscriptions.advance,
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
