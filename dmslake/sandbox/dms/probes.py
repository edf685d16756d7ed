"""Records turned into what the data plane works with, and the real connection tests."""

from __future__ import annotations

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.cloud import CloudFailureError, RoleRefusedError, SecretRefusedError
from dmslake.sandbox.dms.endpoint_rules import Draft
from dmslake.sandbox.dms.records import Endpoint
from dmslake.sandbox.dms.replication.model import SourceDatabase, StagingTarget
from dmslake.sandbox.dms.service import Service

_NOT_REACHED = "Test Endpoint failed: Application-Status: 1020912, Application-Message: "


class UnusableEndpointError(Exception):
    """An endpoint cannot be used; the message says why, without secrets."""


def probe(service: Service, endpoint: Endpoint) -> str | None:
    """Test an endpoint for real; return the failure as the service words it, or None."""
    try:
        if endpoint.type == "source":
            service.plane.test_source(source_of(service, endpoint))
        else:
            role = role_of(endpoint)
            client = service.cloud.s3_for_role(endpoint.region, role)
            service.plane.test_target(target_of(endpoint), lambda: client)
    except (SandboxError, UnusableEndpointError) as error:
        return f"{_NOT_REACHED}{error}"
    except (RoleRefusedError, SecretRefusedError, CloudFailureError) as error:
        return f"{_NOT_REACHED}Failed to assume the endpoint's role: {error}"
    return None


def source_of(service: Service, endpoint: Endpoint) -> SourceDatabase:
    """Return the database behind a source endpoint, its secret read if it has one.

    Raises:
        UnusableEndpointError: another engine than PostgreSQL, or a secret without connection data.
        RoleRefusedError, SecretRefusedError: the secret cannot be read.
    """
    if endpoint.engine != "postgres":
        raise UnusableEndpointError(
            f"the sandbox replicates from PostgreSQL only, not from {endpoint.engine}"
        )
    values = _connection(service, endpoint)
    missing = [name for name in ("ServerName", "Port", "Username") if not values.get(name)]
    if missing or not values["Port"].isdigit():
        raise UnusableEndpointError(f"no usable {', '.join(missing) or 'Port'} is known")
    slot = endpoint.settings.get("SlotName")
    return SourceDatabase(
        host=values["ServerName"],
        port=int(values["Port"]),
        database=values.get("DatabaseName", ""),
        username=values["Username"],
        password=values.get("Password", ""),
        ssl_mode=str(endpoint.attributes.get("SslMode") or "none"),
        slot_name=slot if isinstance(slot, str) and slot else None,
    )


def target_of(endpoint: Endpoint) -> StagingTarget:
    """Return where a target endpoint's files go.

    Raises:
        UnusableEndpointError: another engine than S3.
    """
    if endpoint.engine != "s3":
        raise UnusableEndpointError(
            f"the sandbox writes to Amazon S3 only, not to {endpoint.engine}"
        )
    return StagingTarget(
        bucket=str(endpoint.settings.get("BucketName", "")),
        folder=str(endpoint.settings.get("BucketFolder") or ""),
        settings=endpoint.settings,
    )


def role_of(endpoint: Endpoint) -> str:
    """Return the role that DMS acts as towards an S3 target.

    Raises:
        UnusableEndpointError: another engine than S3.
    """
    target_of(endpoint)
    return str(endpoint.settings.get("ServiceAccessRoleArn", ""))


def _connection(service: Service, endpoint: Endpoint) -> dict[str, str]:
    draft = Draft(
        type=endpoint.type,
        engine=endpoint.engine,
        attributes=endpoint.attributes,
        settings=endpoint.settings,
        secrets=endpoint.secrets,
    )
    names = ("ServerName", "Port", "Username", "Password", "DatabaseName")
    values = {name: str(draft.connection(name) or "") for name in names}
    secret = endpoint.settings.get("SecretsManagerSecretId")
    if isinstance(secret, str) and secret:
        role = str(endpoint.settings.get("SecretsManagerAccessRoleArn"))
        read = service.cloud.secret(endpoint.region, role, secret)
        # User guide: the keys of a DMS secret are username, password, host and port.
        values["ServerName"], values["Port"] = read.get("host", ""), read.get("port", "")
        values["Username"], values["Password"] = read.get("username", ""), read.get("password", "")
    return values
