"""Connections: one endpoint tested from one instance, really, in the background."""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.sandbox.dms import probes
from dmslake.sandbox.dms.faults import invalid_state, not_found
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Connection, Endpoint, Instance, Record
from dmslake.sandbox.dms.service import Call, Service

_log = logging.getLogger(__name__)
SUCCESSFUL = "successful"
LISTING: Listing[Connection] = Listing(
    filters={
        "endpoint-arn": lambda connection: [connection.endpoint_arn],
        "replication-instance-arn": lambda connection: [connection.instance_arn],
    },
    order=lambda connection: connection.arn,
    noun="Connections",
)


def test(call: Call) -> Json:
    """TestConnection: starts a test; DescribeConnections tells how it went."""
    service, asked = call.service, call.input
    with service.lock:
        instance = service.store.get(Instance, asked.text("ReplicationInstanceArn"))
        if instance is None:
            raise not_found(
                f"Replication instance {asked.text('ReplicationInstanceArn')} not found."
            )
        if instance.status != "available":
            raise invalid_state(
                f"Replication instance {instance.name} is not in available state; "
                f"it is {instance.status}."
            )
        endpoint = service.store.get(Endpoint, asked.text("EndpointArn"))
        if endpoint is None:
            raise not_found(f"Endpoint {asked.text('EndpointArn')} not found.")
        if endpoint.status != "active":
            raise invalid_state(f"Endpoint {endpoint.name} is in {endpoint.status} state.")
        connection = begin(service, instance, endpoint)
        return {"Connection": wire(service, connection)}


def describe(call: Call) -> Json:
    """DescribeConnections."""
    with call.service.lock:
        connections, marker = LISTING.page(call.all(Connection), call.input)
        return {
            "Connections": [wire(call.service, connection) for connection in connections],
            "Marker": marker,
        }


def delete(call: Call) -> Json:
    """DeleteConnection."""
    service, asked = call.service, call.input
    with service.lock:
        key = connection_key(asked.text("ReplicationInstanceArn"), asked.text("EndpointArn"))
        connection = service.store.get(Connection, key)
        if connection is None:
            raise not_found("Connection not found.")
        return {"Connection": wire(service, begin_delete(service, connection))}


def begin(service: Service, instance: Instance, endpoint: Endpoint) -> Connection:
    """Start a test, unless one is under way."""
    key = connection_key(instance.arn, endpoint.arn)
    before = service.store.get(Connection, key)
    if before is not None and before.status == "testing":
        raise invalid_state(
            f"Connection between replication instance {instance.name} and endpoint "
            f"{endpoint.name} is already being tested."
        )
    connection = Connection(
        arn=key,
        region=endpoint.region,
        name=endpoint.name,
        status="testing",
        created=service.clock(),
        due=service.after(service.delays.connection_test),
        instance_arn=instance.arn,
        endpoint_arn=endpoint.arn,
        attempt=1 if before is None else before.attempt + 1,
    )
    service.store.put(connection)
    _launch(service, connection)
    return connection


def begin_delete(service: Service, connection: Connection) -> Connection:
    """Have a connection disappear."""
    connection = replace(
        connection, status="deleting", due=service.after(service.delays.connection_delete)
    )
    service.store.put(connection)
    return connection


def retest(service: Service, endpoint: Endpoint) -> None:
    """Void the tests of a changed endpoint and start new ones, as ModifyEndpoint does."""
    for connection in of_endpoint(service, endpoint.arn):
        service.tests.drop(_attempt(connection))
        service.store.put(
            replace(connection, status="failed", failure="The endpoint was modified.")
        )
        instance = service.store.get(Instance, connection.instance_arn)
        if instance is not None and instance.status == "available":
            begin(service, instance, endpoint)


def advance(service: Service, record: Record) -> None:
    """Move a connection on: testing to its result, deleting to gone."""
    connection = service.store.get(Connection, record.key)
    if connection is None:
        return
    if connection.status == "testing":
        _advance_test(service, connection)
    elif connection.status == "deleting" and service.is_due(connection):
        service.store.remove(Connection, connection.key)


def of_endpoint(service: Service, endpoint_arn: str) -> list[Connection]:
    """Return the connections of an endpoint."""
    return [one for one in service.store.all(Connection) if one.endpoint_arn == endpoint_arn]


def of_instance(service: Service, instance_arn: str) -> list[Connection]:
    """Return the connections of an instance."""
    return [one for one in service.store.all(Connection) if one.instance_arn == instance_arn]


def connection_key(instance_arn: str, endpoint_arn: str) -> str:
    """Return the key of a connection; connections have no ARN of their own."""
    return f"{instance_arn} {endpoint_arn}"


def wire(service: Service, connection: Connection) -> Json:
    """Return the connection as the service answers it."""
    instance = service.store.get(Instance, connection.instance_arn)
    answer: Json = {
        "ReplicationInstanceArn": connection.instance_arn,
        "EndpointArn": connection.endpoint_arn,
        "Status": connection.status,
        "EndpointIdentifier": connection.name,
        "ReplicationInstanceIdentifier": "" if instance is None else instance.name,
    }
    if connection.failure is not None:
        answer["LastFailureMessage"] = connection.failure
    return answer


def _advance_test(service: Service, connection: Connection) -> None:
    key = _attempt(connection)
    if key not in service.tests:
        # A test that was under way when the service went down is made again.
        _launch(service, connection)
        return
    if not service.is_due(connection):
        return
    ended = service.tests.take(key)
    if ended is None:
        return
    error = ended.exception()
    if error is not None:
        _log.error("a connection test broke", exc_info=error)
    failure = ended.result() if error is None else f"Test Endpoint failed: {type(error).__name__}"
    service.store.put(
        replace(
            connection,
            status=SUCCESSFUL if failure is None else "failed",
            failure=failure,
            due=None,
        )
    )


def _launch(service: Service, connection: Connection) -> None:
    endpoint = service.store.get(Endpoint, connection.endpoint_arn)
    if endpoint is not None:
        tested = endpoint
        service.tests.start(_attempt(connection), lambda: probes.probe(service, tested))


def _attempt(connection: Connection) -> str:
    return f"{connection.key} {connection.attempt}"
