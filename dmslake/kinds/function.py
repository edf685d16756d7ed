"""The loader: a Lambda function whose code is the zipped `dmslake.lake`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, translating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import CloudError
from dmslake.kinds.tags import CONCURRENCY_TAG, OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        FunctionConfigurationTypeDef,
        GetFunctionResponseTypeDef,
    )

# A role that was just made cannot be assumed at once, and its policy is not seen at once.
_ROLE_NOT_READY = (
    Refusal("InvalidParameterValueException", "cannot be assumed by Lambda"),
    Refusal("InvalidParameterValueException", "execution role does not have permissions"),
)
_STILL_UPDATING = (
    Refusal("ResourceConflictException", "update"),
    Refusal("ResourceConflictException", "cannot be performed at this time"),
)
_MOVING = ("Pending", "InProgress", "Deleting")
_UNRESERVED = "unreserved"
_CONFIGURATION = (
    "runtime",
    "handler",
    "role",
    "timeout_s",
    "memory_mb",
    "environment",
)


@dataclass(frozen=True, kw_only=True)
class Function(Resource[Clients]):
    """A function.

    Attributes:
        archive: the whole zip file.
        role: the ARN of the role that it runs with.
        concurrency: how many of it run at once, at most, and are always possible; None for no
            limit of ours.
    """

    kind: ClassVar[str] = "function"
    patience: ClassVar[Patience] = Patience(usual=5, limit=300)
    permissions: ClassVar[Permissions] = Permissions(
        read=("lambda:GetFunction",),
        create=(
            "lambda:CreateFunction", "lambda:TagResource", "lambda:PutFunctionConcurrency",
            "iam:PassRole",
        ),
        update=(
            "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
            "lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency",
            "lambda:TagResource", "lambda:UntagResource", "iam:PassRole",
        ),
        delete=("lambda:DeleteFunction",),
    )  # fmt: skip

    archive: bytes = field(repr=False)
    role: str
    handler: str
    environment: Mapping[str, str]
    runtime: str = "python3.13"
    memory_mb: int = 256
    timeout_s: int = 60
    concurrency: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def desired(self) -> Attributes:
        return {
            "code_sha256": code_sha256(self.archive),
            "runtime": self.runtime,
            "handler": self.handler,
            "role": self.role,
            "timeout_s": self.timeout_s,
            "memory_mb": self.memory_mb,
            "environment": dict(self.environment),
            "environment_names": tuple(sorted(self.environment)),
            "concurrency": _UNRESERVED if self.concurrency is None else self.concurrency,
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(
            lambda: aws.lambda_.get_function(FunctionName=self.name), "ResourceNotFoundException"
        )
        if found is None:
            return None
        configuration = found["Configuration"]
        environment = configuration.get("Environment", {}).get("Variables", {})
        tags = found.get("Tags", {})
        return Live(
            attributes={
                "code_sha256": configuration.get("CodeSha256"),
                "runtime": configuration.get("Runtime"),
                "handler": configuration.get("Handler"),
                "role": configuration.get("Role"),
                "timeout_s": configuration.get("Timeout"),
                "memory_mb": configuration.get("MemorySize"),
                "environment": environment,
                "environment_names": tuple(sorted(environment)),
                "concurrency": self._concurrency(found, tags),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
            state=_state(configuration),
            reason=str(
                configuration.get("StateReason") or configuration.get("LastUpdateStatusReason", "")
            ),
        )

    def _concurrency(self, found: GetFunctionResponseTypeDef, tags: Mapping[str, str]) -> object:
        # A limit that somebody else set, to stop the function for instance, is none of ours.
        if self.concurrency is None and CONCURRENCY_TAG not in tags:
            return _UNRESERVED
        return found.get("Concurrency", {}).get("ReservedConcurrentExecutions", _UNRESERVED)

    def settle(self, live: Live) -> Settled:
        if live.state == "Failed":
            return Broken(live.reason or "Lambda gives no reason")
        # Inactive and the like are functions that Lambda puts to sleep: the next event wakes them.
        return Pending(live.state) if live.state in _MOVING else Ready()

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceConflictException"):
            eventually(
                lambda: aws.lambda_.create_function(
                    FunctionName=self.name,
                    Code={"ZipFile": self.archive},
                    Architectures=["arm64"],
                    PackageType="Zip",
                    Description=f"Moves staged objects of pipeline {self.owner} into the lake",
                    Tags=self._all_tags(),
                    **self._configuration(),
                ),
                *_ROLE_NOT_READY,
                within=120,
            )
        if self.concurrency is not None:
            self._limit(aws)

    def update(self, aws: Clients, changed: Attributes) -> None:
        # Code first, then configuration; each is refused while the other is still under way.
        if "code_sha256" in changed:
            eventually(
                lambda: aws.lambda_.update_function_code(
                    FunctionName=self.name, ZipFile=self.archive, Architectures=["arm64"]
                ),
                *_STILL_UPDATING,
                within=120,
            )
        if changed.keys() & {*_CONFIGURATION, "environment_names"}:
            eventually(
                lambda: aws.lambda_.update_function_configuration(
                    FunctionName=self.name, **self._configuration()
                ),
                *_STILL_UPDATING,
                *_ROLE_NOT_READY,
                within=120,
            )
        if "concurrency" in changed:
            self._limit(aws)
        if "tags" in changed:
            aws.lambda_.tag_resource(Resource=self._arn(aws), Tags=self._all_tags())

    def _limit(self, aws: Clients) -> None:
        """Set or take away the limit; the tag says whether there is one of ours."""
        if self.concurrency is None:
            aws.lambda_.delete_function_concurrency(FunctionName=self.name)
            aws.lambda_.untag_resource(Resource=self._arn(aws), TagKeys=[CONCURRENCY_TAG])
            return
        aws.lambda_.tag_resource(
            Resource=self._arn(aws), Tags={CONCURRENCY_TAG: str(self.concurrency)}
        )
        try:
            with translating(self.describe()):
                self._reserve(aws, self.concurrency)
        except CloudError as error:
            if error.service_code != "InvalidParameterValueException":
                raise
            raise CloudError(
                f"{self.describe()} cannot have a concurrency of {self.concurrency}",
                why=error.why,
                fix="lower loader.concurrency, leave it out, or ask AWS for a higher quota of "
                "concurrent executions: 100 of them always stay unreserved",
                service_code=error.service_code,
                operation=error.operation,
            ) from error

    def _reserve(self, aws: Clients, concurrency: int) -> None:
        eventually(
            lambda: aws.lambda_.put_function_concurrency(
                FunctionName=self.name, ReservedConcurrentExecutions=concurrency
            ),
            *_STILL_UPDATING,
            within=120,
        )

    def _arn(self, aws: Clients) -> str:
        return aws.account.arn("lambda", f"function:{self.name}")

    def delete(self, aws: Clients) -> None:
        with tolerating("ResourceNotFoundException"):
            aws.lambda_.delete_function(FunctionName=self.name)

    def _configuration(self) -> Any:
        return {
            "Runtime": self.runtime,
            "Handler": self.handler,
            "Role": self.role,
            "Timeout": self.timeout_s,
            "MemorySize": self.memory_mb,
            "Environment": {"Variables": dict(self.environment)},
        }

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)


def code_sha256(archive: bytes) -> str:
    """Return the hash in the form in which Lambda reports it (`CodeSha256`: base64 of SHA-256)."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def _state(configuration: FunctionConfigurationTypeDef) -> str:
    state = str(configuration.get("State", "Active"))
    update = str(configuration.get("LastUpdateStatus", "Successful"))
    if state == "Active" and update in ("InProgress", "Failed"):
        return update
    return state
