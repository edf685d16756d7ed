"""A DMS endpoint: the source database, or the staging bucket as the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of
from dmslake.aws.eventually import Refusal
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Interrupt,
    Live,
    Patience,
    Permissions,
    Ready,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds.certificate import certificate_arn, certificate_name
from dmslake.kinds.dms_resource import DmsResource, Seen
from dmslake.kinds.dms_search import search_one
from dmslake.kinds.endpoint_settings import (
    S3,
    comparable,
    extra_attributes,
    fold,
    found_attributes,
    sendable,
    uses_secret,
    with_connection,
)

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import EndpointTypeDef

PASSWORD_TAG = "dmslake:password-fingerprint"  # noqa: S105 - the name of a tag, not a password
# DMS tries to assume the role while it makes the endpoint, and IAM needs a moment to know it.
_ROLE_NOT_READY = (Refusal("AccessDeniedFault"), Refusal("S3AccessDeniedFault"))
_BUSY = Refusal("InvalidResourceStateFault")
_NOT_TAKEN = (
    "InvalidParameterValueException",
    "InvalidParameterCombinationException",
    "ResourceNotFoundFault",
)
_CONNECTION = {
    "server": "ServerName",
    "port": "Port",
    "username": "Username",
    "database": "DatabaseName",
}
# The model names one engine differently where it is made and where it is described.
_ENGINES = {"documentdb": "docdb"}
_KMS, _KEY = "sse-kms", "ServerSideEncryptionKmsKeyId"
# Seconds: a role that stands for long is refused for a reason, a new one because it is new.
_NEW_ROLE, _OLD_ROLE = 180, 30


@dataclass(frozen=True, kw_only=True)
class Endpoint(DmsResource["EndpointTypeDef"]):
    """An endpoint; `settings` are members of botocore's structure `settings_member`.

    DMS never returns a password. A fingerprint of it in a tag shows that it changed: slow to
    compute, salted with the pipeline, and cut so short that it cannot give the password away.

    Attributes:
        certificate: the identifier of a certificate of ours.
        extra_attributes: extra connection attributes, ``a=1;b=2``.
    """

    kind: ClassVar[str] = "endpoint"
    arn_member: ClassVar[str] = "EndpointArn"
    state_member: ClassVar[str] = "Status"
    create_only: ClassVar[frozenset[str]] = frozenset({"engine", "direction", "kms_encryption"})
    enums: ClassVar[frozenset[str]] = frozenset({"direction", "engine", "ssl_mode"})
    interrupts: ClassVar[Mapping[str, Interrupt]] = dict.fromkeys(
        (
            *_CONNECTION, "ssl_mode", "certificate", "settings", "extra_attributes",
            "password_fingerprint",
        ),
        Interrupt.RESTARTS,
    )  # fmt: skip
    patience: ClassVar[Patience] = Patience(usual=10, limit=600)
    passing: ClassVar[tuple[Refusal, ...]] = _ROLE_NOT_READY
    tagged: ClassVar[frozenset[str]] = frozenset({"tags", "password_fingerprint"})
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeEndpoints", "dms:DescribeCertificates", "dms:ListTagsForResource"),
        create=(
            "dms:DescribeEndpoints", "dms:DescribeCertificates", "dms:ListTagsForResource",
            "dms:CreateEndpoint", "dms:ModifyEndpoint", "dms:AddTagsToResource", "iam:GetRole",
            "iam:PassRole", "secretsmanager:DescribeSecret",
        ),
        update=(
            "dms:DescribeEndpoints", "dms:DescribeCertificates", "dms:ModifyEndpoint",
            "dms:AddTagsToResource", "iam:GetRole", "iam:PassRole",
            "secretsmanager:DescribeSecret",
        ),
        delete=("dms:DescribeEndpoints", "dms:DeleteEndpoint"),
    )  # fmt: skip

    direction: Literal["source", "target"]
    engine: str
    server: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_fingerprint: str | None = None
    ssl_mode: str = "none"
    settings_member: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    certificate: str | None = None
    extra_attributes: str | None = None

    def describe(self) -> str:
        return f"{self.direction} endpoint {self.name}"

    def desired(self) -> Attributes:
        encryption = fold(str(self.settings.get("EncryptionMode", "")))
        secret = uses_secret(self.settings)
        return {
            "direction": self.direction,
            "engine": self.engine,
            "server": None if secret else self.server,
            "port": None if secret else self.port,
            "username": None if secret else self.username,
            "database": self.database,
            "password_fingerprint": self.password_fingerprint,
            "ssl_mode": self.ssl_mode,
            "certificate": self.certificate,
            "settings": comparable(self.settings) if self.settings_member else None,
            # In place from KMS to S3's own keys, but not back: a replacement.
            "kms_encryption": True if encryption == _KMS else None,
            "extra_attributes": extra_attributes(self.extra_attributes) or None,
            "tags": self.own_tags(),
        }

    def find(self, aws: Clients) -> EndpointTypeDef | None:
        return find_endpoint(aws, self.name)

    def settle(self, live: Live) -> Settled:
        settled = super().settle(live)
        wanted = self.settings.get(_KEY)
        if wanted and isinstance(settled, Ready) and "settings" in self.recent.asked:
            held = cast("Mapping[str, object]", live.attributes.get("settings") or {})
            if held.get(_KEY) != wanted:
                return Broken(
                    "DMS did not keep the KMS key, so that it would encrypt with another one",
                    fix="check staging.kms_key; `dmslake up` sends it again",
                )
        return settled

    def attributes(self, seen: Seen[EndpointTypeDef]) -> Attributes:
        found = seen.described
        _, structure = self._structure(found)
        raw: dict[str, Any] = {**structure, **{n: v for n, v in found.items() if v is not None}}
        text = found.get("ExtraConnectionAttributes")
        wanted = extra_attributes(self.extra_attributes)
        return {
            "direction": found.get("EndpointType"),
            "engine": _ENGINES.get(str(raw.get("EngineName")), raw.get("EngineName")),
            **{ours: raw.get(wire) for ours, wire in _CONNECTION.items()},
            "ssl_mode": found.get("SslMode", "none"),
            "certificate": _certificate(seen.aws, found),
            "settings": comparable(structure),
            "kms_encryption": fold(str(structure.get("EncryptionMode"))) == _KMS,
            "extra_attributes": found_attributes(wanted, text, structure),
            "password_fingerprint": seen.tags.get(PASSWORD_TAG),
        }

    def request(self, aws: Clients) -> None:
        aws.dms.create_endpoint(
            EndpointIdentifier=self.name,
            EndpointType=self.direction,
            EngineName=self.engine,
            Tags=self.tag_list(),
            **self._members(aws),
        )

    def create(self, aws: Clients) -> None:
        super().create(aws)
        if self.settings.get(_KEY):
            # DMS drops the key when it creates, and takes it when it modifies.
            self._modify(aws, endpoint_arn(aws, self.name), {}, _NEW_ROLE)
            self.expect(frozenset({"settings"}))

    def change(self, seen: Seen[EndpointTypeDef], changed: Attributes) -> None:
        if not set(changed) - {"tags"}:
            return
        member, structure = self._structure(seen.described)
        options: dict[str, Any] = {}
        if uses_secret(structure) != uses_secret(self.settings):
            # Settings are merged, and a secret beside credentials is refused: all of them anew.
            options = {"ExactSettings": True, member: self._settings()}
        new_role = any(
            structure.get(name) != value
            for name, value in self.settings.items()
            if name.endswith("RoleArn")
        )
        self._modify(seen.aws, seen.arn, options, _NEW_ROLE if new_role else _OLD_ROLE)
        if self.certificate is None and seen.described.get("CertificateArn"):
            self._let_certificate_go(seen)

    def request_deletion(self, seen: Seen[EndpointTypeDef]) -> None:
        seen.aws.dms.delete_endpoint(EndpointArn=seen.arn)

    def all_tags(self) -> dict[str, str]:
        fingerprint = self.password_fingerprint
        return {**self.own_tags(), **({PASSWORD_TAG: fingerprint} if fingerprint else {})}

    def _modify(self, aws: Clients, arn: str, options: dict[str, Any], within: float) -> None:
        members = {**self._members(aws), **options}
        self.patiently(
            lambda: aws.dms.modify_endpoint(EndpointArn=arn, EngineName=self.engine, **members),
            *_ROLE_NOT_READY,
            _BUSY,
            within=within,
        )

    def _let_certificate_go(self, seen: Seen[EndpointTypeDef]) -> None:
        """Take the certificate off that no mode needs any more, or it could never be deleted.

        No document says that an empty text is taken here; refused, the certificate stays.
        """
        refusal_of(
            lambda: seen.aws.dms.modify_endpoint(EndpointArn=seen.arn, CertificateArn=""),
            *_NOT_TAKEN,
        )

    def _structure(self, found: EndpointTypeDef) -> tuple[str, Mapping[str, object]]:
        """Return the name and the members of the settings that an endpoint has."""
        members = cast("Mapping[str, Any]", found)
        named = (name for name, value in members.items() if name.endswith("Settings") and value)
        name = self.settings_member or next(named, "")
        return name, members.get(name) or {}

    def _connection(self) -> dict[str, object]:
        members = {wire: getattr(self, ours) for ours, wire in _CONNECTION.items()}
        return {**members, "Password": self.password}

    def _settings(self) -> dict[str, object]:
        if self.settings_member == S3:
            return sendable(self.settings)
        return with_connection(self.settings, self._connection())

    def _members(self, aws: Clients) -> Any:
        """Return everything that is sent: settings are merged, and a password is never known."""
        members: dict[str, object] = {}
        if self.settings_member:
            members[self.settings_member] = self._settings()
        if self.settings_member != S3:
            secret = uses_secret(self.settings)
            top = {"DatabaseName": self.database} if secret else self._connection()
            members.update(sendable({**top, "SslMode": self.ssl_mode}))
        if self.certificate:
            members["CertificateArn"] = certificate_arn(aws, self.certificate)
        if self.extra_attributes:
            members["ExtraConnectionAttributes"] = self.extra_attributes
        return members


def _certificate(aws: Clients, found: EndpointTypeDef) -> str:
    arn = found.get("CertificateArn")
    return certificate_name(aws, arn) if arn else ""


def find_endpoint(aws: Clients, name: str) -> EndpointTypeDef | None:
    """Return the endpoint of this name as DMS describes it, or None."""
    found: EndpointTypeDef | None = search_one(
        aws.dms.describe_endpoints, "Endpoints", "endpoint-id", name
    )
    return found


def endpoint_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the endpoint of this name. Raises NotFoundError."""
    endpoint = find_endpoint(aws, name)
    if endpoint is None:
        raise NotFoundError(f"endpoint {name} does not exist")
    return endpoint["EndpointArn"]
