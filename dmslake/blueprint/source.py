"""The source: its endpoint, and what DMS needs to sign in there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dmslake.blueprint.dms_policies import source_policy, source_trust
from dmslake.blueprint.fingerprint import fingerprint
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.roles import RoleOf, Wish, role_for, unwanted_role
from dmslake.engine.resource import Address
from dmslake.kinds.certificate import Certificate
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.stale_certificates import StaleCertificates
from dmslake.spec import Source, Spec, source_secrets, source_settings


def source_endpoint(spec: Spec, names: Names) -> tuple[Endpoint, Parts]:
    """Return the endpoint, and all resources of the source with it."""
    address = Address(Endpoint.kind, names.source_endpoint)
    certificate, certificates = _certificate(spec, names, address)
    role, roles = _role(spec, names, address)
    member, settings = source_settings(spec.source)
    secrets = {n: s.get_secret_value() for n, s in source_secrets(spec.source).items()}
    endpoint = Endpoint(
        name=names.source_endpoint,
        owner=spec.name,
        tags=spec.aws.tags,
        direction="source",
        engine=spec.source.engine,
        database=spec.source.database,
        ssl_mode=spec.source.ssl,
        certificate=None if certificate is None else certificate.name,
        settings_member=member if settings or secrets or role else None,
        settings={**settings, **secrets, **_access(spec.source, role)},
        extra_attributes=spec.source.extra_connection_attributes,
        password_fingerprint=_fingerprint(spec, names, secrets),
        after=tuple(r.address for r in (certificate, role) if r is not None),
        **_credentials(spec.source),
    )
    return endpoint, Parts((endpoint,)) + certificates + roles


def _credentials(source: Source) -> dict[str, Any]:
    """Return how DMS signs in by itself: nothing with a secret, which says it all.

    There may be no password: some servers know DMS by other means (IAM, Kerberos).
    """
    if source.secret is not None or source.engine == "s3":
        return {}
    password = source.password
    return {
        "server": source.host,
        "port": source.port,
        "username": source.username,
        "password": None if password is None else password.get_secret_value(),
    }


def _fingerprint(spec: Spec, names: Names, settings: Mapping[str, str]) -> str | None:
    """Return what tells whether a secret changed: the password, or one among the settings."""
    password = spec.source.password
    secrets = [] if password is None else [password.get_secret_value()]
    secrets += [f"{name}={settings[name]}" for name in sorted(settings)]
    if not secrets:
        return None
    salt = f"{names.account.id}/{names.account.region}/{spec.name}"
    return fingerprint("\0".join(secrets), salt)


def _access(source: Source, role: RoleOf | None) -> Mapping[str, object]:
    if role is None:
        return {}
    if source.secret is None:
        return {"ServiceAccessRoleArn": role.arn}
    return {
        "SecretsManagerAccessRoleArn": role.arn,
        "SecretsManagerSecretId": source.secret,
    }


def _role(spec: Spec, names: Names, endpoint: Address) -> tuple[RoleOf | None, Parts]:
    """Return the role that reads the secret or the S3 source, where there is one."""
    source = spec.source
    if source.secret is None and source.engine != "s3":
        return None, Parts((), (unwanted_role(spec, names.source_role, (endpoint,)),))
    trust = source_trust(source, names)
    principal = "dms.amazonaws.com"
    if source.secret is not None:
        principal = f"dms.{names.account.region}.{names.account.dns_suffix}"
    wish = Wish(
        name=names.source_role,
        principal=principal,
        trust=trust,
        policy=source_policy(source, names),
        used_by=(endpoint,),
    )
    shared = source.role if source.secret is None else source.secret_role
    role = role_for(spec, names, wish, shared)
    return role, role.parts


def _certificate(spec: Spec, names: Names, endpoint: Address) -> tuple[Certificate | None, Parts]:
    file = spec.source.certificate
    current = None if file is None else names.certificate(file.text)
    stale = StaleCertificates(
        name=names.certificates,
        prefix=names.certificates,
        current=current,
        owner=spec.name,
        gone_after=(endpoint,),
    )
    if file is None or current is None:
        return None, Parts((), (stale,))
    certificate = Certificate(name=current, pem=file.text, owner=spec.name, tags=spec.aws.tags)
    return certificate, Parts((certificate,), (stale,))
