"""Records turned into what the data plane works with, and the real connection tests."""

from __future__ import annotations

from dataclasses import replace

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.cloud import CloudFailureError, RoleRefusedError, SecretRefusedError
from dmslake.sandbox.dms.endpoint_rules import Draft
from dmslake.sandbox.dms.engines import POSTGRESQL, display_name
from dmslake.sandbox.dms.records import Certificate, Endpoint
from dmslake.sandbox.dms.replication.model import SourceDatabase, StagingTarget
from dmslake.sandbox.dms.service import Service

_OF_EVERY_OBJECT = (
    "ExpectedBucketOwner", "EncryptionMode", "ServerSideEncryptionKmsKeyId", "CannedAclForObjects",
)  # fmt: skip
_NOT_REACHED = "Test Endpoint failed: Application-Status: 1020912, Application-Message: "


class UnusableEndpointError(Exception):
    """An endpoint cannot be used; the message says why, without secrets."""


def probe(service: Service, endpoint: Endpoint) -> str | None:
    """Test an endpoint for real; return the failure as the service words it, or None."""
    try:
        if endpoint.type == "target":
            _probe_target(service, endpoint)
        elif is_idle(service, endpoint):
            _probe_idle_source(service, endpoint)
        else:
            service.plane.test_source(source_of(service, endpoint))
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
    if endpoint.engine not in POSTGRESQL:
        raise UnusableEndpointError(
            f"the sandbox can only read PostgreSQL, not {display_name(endpoint.engine)}"
        )
    values = _connection(service, endpoint)
    missing = [name for name in ("ServerName", "Port", "Username") if not values.get(name)]
    if missing or not values["Port"].isdigit():
        raise UnusableEndpointError(f"no usable {', '.join(missing) or 'Port'} is known")
    slot = endpoint.settings.get("SlotName")
    certificate = service.store.get(
        Certificate, str(endpoint.attributes.get("CertificateArn") or "")
    )
    return SourceDatabase(
        host=values["ServerName"],
        port=int(values["Port"]),
        database=values.get("DatabaseName", ""),
        username=values["Username"],
        password=values.get("Password", ""),
        ssl_mode=str(endpoint.attributes.get("SslMode") or "none"),
        slot_name=slot if isinstance(slot, str) and slot else None,
        certificate=certificate.pem if certificate is not None else "",
    )


def is_idle(service: Service, source: Endpoint) -> bool:
    """Tell whether tasks of a source only go through their states here, without its data."""
    return service.plane.idle_engines and source.engine not in POSTGRESQL


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


def _probe_target(service: Service, endpoint: Endpoint) -> None:
    target = target_of(endpoint)
    if service.plane.idle_engines:
        # The files of idle tasks are never written, so their format may be any.
        kept = {name: endpoint.settings.get(name) for name in _OF_EVERY_OBJECT}
        target = replace(target, settings=kept)
    client = service.cloud.s3_for_role(endpoint.region, role_of(endpoint))
    service.plane.test_target(target, lambda: client)


def _probe_idle_source(service: Service, endpoint: Endpoint) -> None:
    if endpoint.engine == "s3":
        service.cloud.s3_for_role(endpoint.region, role_of(endpoint))
        return
    values = _connection(service, endpoint)
    if not values["ServerName"] or not values["Port"].isdigit():
        raise UnusableEndpointError("no usable ServerName and Port are known")


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
