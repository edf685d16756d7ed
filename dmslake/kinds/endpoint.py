"""A DMS endpoint: the source database, or the staging bucket as the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Interrupt,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds import tags as tagging
from dmslake.kinds.dms_tags import put_tags, tags_of
from dmslake.kinds.tags import OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import EndpointTypeDef

PASSWORD_TAG = "dmslake:password-fingerprint"  # noqa: S105 - the name of a tag, not a password
_ABSENT = "ResourceNotFoundFault"
# DMS tries to assume the role while it makes the endpoint, and IAM needs a moment to know it.
_ROLE_NOT_READY = (
    Refusal("AccessDeniedFault"),
    Refusal("S3AccessDeniedFault"),
)
_TASKS_STILL_THERE = Refusal("InvalidResourceStateFault", "task")
_CONNECTION = {
    "server": "ServerName",
    "port": "Port",
    "username": "Username",
    "database": "DatabaseName",
    "ssl_mode": "SslMode",
}
_REPLACED_WHOLE = ("engine", "direction")


@dataclass(frozen=True, kw_only=True)
class Endpoint(Resource[Clients]):
    """An endpoint; `s3_settings` are botocore's `S3Settings` for a target, None for a source.

    DMS never returns a password. A fingerprint of it in a tag shows that it changed: slow to
    compute, salted with the pipeline, and cut so short that it cannot give the password away.
    """

    kind: ClassVar[str] = "endpoint"
    create_only: ClassVar[frozenset[str]] = frozenset(_REPLACED_WHOLE)
    enums: ClassVar[frozenset[str]] = frozenset({"direction", "ssl_mode", "s3_settings"})
    interrupts: ClassVar[Mapping[str, Interrupt]] = dict.fromkeys(
        (*_CONNECTION, "s3_settings", "password_fingerprint"), Interrupt.RESTARTS
    )
    patience: ClassVar[Patience] = Patience(usual=10, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeEndpoints", "dms:ListTagsForResource"),
        create=("dms:CreateEndpoint", "dms:AddTagsToResource", "iam:PassRole"),
        update=(
            "dms:DescribeEndpoints", "dms:ModifyEndpoint", "dms:AddTagsToResource", "iam:PassRole",
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
    s3_settings: Mapping[str, object] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        return f"{self.direction} endpoint {self.name}"

    def desired(self) -> Attributes:
        return {
            "direction": self.direction,
            "engine": self.engine,
            "server": self.server,
            "port": self.port,
            "database": self.database,
            "username": self.username,
            "password_fingerprint": self.password_fingerprint,
            "ssl_mode": self.ssl_mode,
            "s3_settings": self.s3_settings,
            "tags": owned(self.tags, self.owner),
        }

    def read(self, aws: Clients) -> Live | None:
        endpoint = find_endpoint(aws, self.name)
        if endpoint is None:
            return None
        tags = tags_of(aws, endpoint["EndpointArn"])
        if tags is None:
            return None
        raw = cast("Mapping[str, object]", endpoint)
        return Live(
            attributes={
                "direction": endpoint.get("EndpointType"),
                "engine": endpoint.get("EngineName"),
                **{ours: raw.get(wire) for ours, wire in _CONNECTION.items()},
                "password_fingerprint": tags.get(PASSWORD_TAG),
                "s3_settings": endpoint.get("S3Settings", {}),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
            state=str(endpoint.get("Status", "")),
        )

    def settle(self, live: Live) -> Settled:
        if live.state == "failed":
            return Broken("DMS reports it as failed")
        # Any other word than these two is the service's way to say that it can be used.
        return Pending(live.state) if live.state in ("creating", "deleting") else Ready()

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceAlreadyExistsFault"):
            eventually(
                lambda: aws.dms.create_endpoint(
                    EndpointIdentifier=self.name,
                    EndpointType=self.direction,
                    EngineName=self.engine,
                    Tags=cast("Any", tagging.as_list(self._all_tags())),
                    **self._settings(),
                ),
                *_ROLE_NOT_READY,
                within=120,
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        arn = endpoint_arn(aws, self.name)
        if set(changed) - {"tags"}:
            eventually(
                lambda: aws.dms.modify_endpoint(
                    EndpointArn=arn, EngineName=self.engine, **self._settings()
                ),
                *_ROLE_NOT_READY,
                within=120,
            )
        if changed.keys() & {"tags", "password_fingerprint"}:
            put_tags(aws, arn, self._all_tags())

    def delete(self, aws: Clients) -> None:
        endpoint = find_endpoint(aws, self.name)
        if endpoint is None or endpoint.get("Status") == "deleting":
            return
        with tolerating(_ABSENT):
            eventually(
                lambda: aws.dms.delete_endpoint(EndpointArn=endpoint["EndpointArn"]),
                _TASKS_STILL_THERE,
                within=120,
            )

    def _settings(self) -> Any:
        if self.s3_settings is not None:
            return {"S3Settings": dict(self.s3_settings)}
        values = {wire: getattr(self, ours) for ours, wire in _CONNECTION.items()}
        values["Password"] = self.password
        return {name: value for name, value in values.items() if value is not None}

    def _all_tags(self) -> dict[str, str]:
        tags = owned(self.tags, self.owner)
        if self.password_fingerprint:
            tags[PASSWORD_TAG] = self.password_fingerprint
        return tags


def find_endpoint(aws: Clients, name: str) -> EndpointTypeDef | None:
    """Return the endpoint of this name as DMS describes it, or None."""
    filters: Any = [{"Name": "endpoint-id", "Values": [name]}]
    answer = unless_absent(lambda: aws.dms.describe_endpoints(Filters=filters), _ABSENT)
    found = answer["Endpoints"] if answer else []
    return found[0] if found else None


def endpoint_arn(aws: Clients, name: str) -> str:
    """Return the ARN of the endpoint of this name. Raises NotFoundError."""
    endpoint = find_endpoint(aws, name)
    if endpoint is None:
        raise NotFoundError(f"endpoint {name} does not exist")
    return endpoint["EndpointArn"]
