"""Endpoints: created, changed and deleted; a change voids every connection test."""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.sandbox.dms import certificates, connections, tags
from dmslake.sandbox.dms.cloud import DMS_PRINCIPAL, RoleRefusedError, SecretRefusedError
from dmslake.sandbox.dms.endpoint_drafts import draft_of_create, draft_of_modify
from dmslake.sandbox.dms.endpoint_rules import Draft, check, shown_settings
from dmslake.sandbox.dms.engines import SETTINGS_OF_ENGINE, display_name
from dmslake.sandbox.dms.faults import access_denied, already_exists, invalid_state, not_found
from dmslake.sandbox.dms.names import identifier, partition
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import (
    Connection,
    Endpoint,
    Record,
    ReplicationConfig,
    Runnable,
    Task,
)
from dmslake.sandbox.dms.service import Call, Service

_log = logging.getLogger(__name__)
_IDLE = frozenset(
    {"creating", "created", "ready", "stopped", "failed", "failed-move"}
    | {"modifying", "moving", "deleting"}
)
LISTING: Listing[Endpoint] = Listing(
    filters={
        "endpoint-arn": lambda endpoint: [endpoint.arn],
        "endpoint-type": lambda endpoint: [endpoint.type],
        "endpoint-id": lambda endpoint: [endpoint.name],
        "engine-name": lambda endpoint: [endpoint.engine],
    },
    order=lambda endpoint: endpoint.name,
    noun="Endpoints",
)


def create(call: Call) -> Json:
    """CreateEndpoint: the role is tried, the database and the bucket are not."""
    service, asked = call.service, call.input
    name = identifier("EndpointIdentifier", asked.text("EndpointIdentifier"), longest=255)
    draft = draft_of_create(call, service.model)
    _check(call, draft)
    labels = tags.read(asked.structures("Tags"))
    _check_roles(service, call.region, draft)
    with service.lock:
        _check_name_free(call, name)
        check_quota(service, call.region, Endpoint)
        endpoint = Endpoint(
            arn=service.new_arn(call.region, "endpoint", asked.optional_text("ResourceIdentifier")),
            region=call.region,
            name=name,
            status="creating",
            created=service.clock(),
            due=service.after(service.delays.endpoint_create),
            tags=labels,
            type=draft.type,
            engine=draft.engine,
            attributes=draft.attributes,
            settings=draft.settings,
            secrets=draft.secrets,
        )
        service.store.put(endpoint)
    return {"Endpoint": wire(service, endpoint)}


def modify(call: Call) -> Json:
    """ModifyEndpoint: merged over what is there, or in place of it with ExactSettings."""
    service, asked = call.service, call.input
    with service.lock:
        before = find(service, asked.text("EndpointArn"))
        _check_modifiable(service, before)
    draft = draft_of_modify(call, before, service.model)
    _check(call, draft)
    _check_roles(service, call.region, draft)
    with service.lock:
        endpoint = find(service, before.arn)
        _check_modifiable(service, endpoint)
        endpoint = replace(
            endpoint,
            name=_new_name(call, endpoint),
            engine=draft.engine,
            attributes=draft.attributes,
            settings=draft.settings,
            secrets=draft.secrets,
        )
        service.store.put(endpoint)
        connections.retest(service, endpoint)
    return {"Endpoint": wire(service, endpoint)}


def describe(call: Call) -> Json:
    """DescribeEndpoints."""
    with call.service.lock:
        endpoints, marker = LISTING.page(call.all(Endpoint), call.input)
        return {"Endpoints": [wire(call.service, one) for one in endpoints], "Marker": marker}


def delete(call: Call) -> Json:
    """DeleteEndpoint: refused while a task uses it; its connections go with it."""
    service = call.service
    with service.lock:
        endpoint = find(service, call.input.text("EndpointArn"))
        if endpoint.status == "deleting":
            raise invalid_state(f"Endpoint {endpoint.name} is already being deleted.")
        users = users_of(service, endpoint)
        if users:
            raise invalid_state(
                f"Endpoint {endpoint.arn} is part of one or more {_kind(users[0])}s: "
                f"{', '.join(one.name for one in users)}."
            )
        endpoint = replace(
            endpoint, status="deleting", due=service.after(service.delays.endpoint_delete)
        )
        service.store.put(endpoint)
        for connection in connections.of_endpoint(service, endpoint.arn):
            connections.begin_delete(service, connection)
    return {"Endpoint": wire(service, endpoint)}


def advance(service: Service, endpoint: Record) -> None:
    """Move an endpoint on: creating to active, deleting to gone."""
    if not service.is_due(endpoint):
        return
    if endpoint.status == "deleting":
        for connection in connections.of_endpoint(service, endpoint.arn):
            service.store.remove(Connection, connection.key)
        service.store.remove(Endpoint, endpoint.key)
    else:
        service.store.put(replace(endpoint, status="active", due=None))


def find(service: Service, arn: str) -> Endpoint:
    """Return an endpoint, or raise ResourceNotFoundFault."""
    endpoint = service.store.get(Endpoint, arn)
    if endpoint is None:
        raise not_found(f"Endpoint {arn} not found.")
    return endpoint


def users_of(service: Service, endpoint: Endpoint) -> list[Runnable]:
    """Return the tasks and serverless replications that go from or to an endpoint."""
    every = (*service.store.all(Task), *service.store.all(ReplicationConfig))
    return [one for one in every if endpoint.arn in {one.source_arn, one.target_arn}]


def wire(service: Service, endpoint: Endpoint) -> Json:
    """Return the endpoint as the service answers it; passwords are not among its members."""
    answer: Json = {
        **endpoint.attributes,
        "EndpointIdentifier": endpoint.name,
        "EndpointType": endpoint.type.upper(),
        "EngineName": endpoint.engine,
        "EngineDisplayName": display_name(endpoint.engine),
        "EndpointArn": endpoint.arn,
        "Status": endpoint.status,
        "SslMode": endpoint.attributes.get("SslMode", "none"),
    }
    structure = SETTINGS_OF_ENGINE[endpoint.engine]
    if structure is not None:
        answer[structure] = shown_settings(endpoint.engine, endpoint.settings)
    if endpoint.engine != "s3":
        answer.setdefault("KmsKeyId", service.default_kms_key(endpoint.region))
    return answer


def _check(call: Call, draft: Draft) -> None:
    # What idle engines stage is never written; a task that is not idle checks its target itself.
    check(draft, writable=not call.service.plane.idle_engines)
    certificate = draft.attributes.get("CertificateArn")
    if isinstance(certificate, str) and certificate:
        certificates.find(call.service, certificate)


def _kind(user: Runnable) -> str:
    return "ReplicationTask" if isinstance(user, Task) else "ReplicationConfig"


def _check_roles(service: Service, region: str, draft: Draft) -> None:
    settings = draft.settings
    role = settings.get("ServiceAccessRoleArn") or draft.attributes.get("ServiceAccessRoleArn")
    if isinstance(role, str):
        problem = service.cloud.role_problem(role, DMS_PRINCIPAL)
        if problem is not None:
            _log.warning("%s: %s", role, problem)
            raise access_denied(f"The IAM Role {role} is not configured properly.")
    secret, reader = (
        settings.get("SecretsManagerSecretId"),
        settings.get("SecretsManagerAccessRoleArn"),
    )
    if isinstance(secret, str) and isinstance(reader, str):
        _check_secret(service, region, reader, secret)


def _check_secret(service: Service, region: str, role: str, secret: str) -> None:
    try:
        service.cloud.secret(region, role, secret)
    except RoleRefusedError as error:
        _log.warning("%s: %s", role, error)
        raise access_denied(
            f"The IAM Role {role} should have the DMS Regional Service Principal "
            f"'dms.{region}.{_suffix(region)}' as trusted entity."
        ) from error
    except SecretRefusedError as error:
        raise access_denied(f"The secret {secret} cannot be used: {error}") from error


def _suffix(region: str) -> str:
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def _check_name_free(call: Call, name: str) -> None:
    for other in call.all(Endpoint):
        if other.name == name:
            raise already_exists(f"Endpoint {name} already exists.", other.arn)


def _new_name(call: Call, endpoint: Endpoint) -> str:
    wanted = call.input.optional_text("EndpointIdentifier")
    if wanted is None or wanted.lower() == endpoint.name:
        return endpoint.name
    name = identifier("EndpointIdentifier", wanted, longest=255)
    _check_name_free(call, name)
    return name


def _check_modifiable(service: Service, endpoint: Endpoint) -> None:
    if endpoint.status != "active":
        raise invalid_state(f"Endpoint {endpoint.name} is in {endpoint.status} state.")
    busy = [one for one in users_of(service, endpoint) if one.status not in _IDLE]
    if busy:
        raise invalid_state(
            f"Endpoint {endpoint.name} cannot be modified while it is used by a running "
            f"{_kind(busy[0])}: {', '.join(one.name for one in busy)}."
        )
