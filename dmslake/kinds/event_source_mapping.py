"""What makes Lambda take messages from a queue and hand them to the loader.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import (
    Attributes,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.kinds.queue import queue_attributes
from dmslake.kinds.tags import OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationResponseTypeDef

_ABSENT = "ResourceNotFoundException"
_PARTIAL_FAILURES = ("ReportBatchItemFailures",)
_UNLIMITED = "as many as Lambda sees fit"
_MOVING = ("Creating", "Enabling", "Disabling", "Updating", "Deleting")
# The role's rights on the queue are checked here, and neither they nor the queue is seen at once.
_ROLE_NOT_READY = (
    Refusal("InvalidParameterValueException", "execution role does not have permissions"),
    Refusal("InvalidParameterValueException", "cannot be assumed by Lambda"),
    Refusal("InvalidParameterValueException", "queue does not exist"),
)
# A change of the queue's visibility timeout takes up to a minute to be seen.
_QUEUE_NOT_READY = Refusal("InvalidParameterValueException", "visibility timeout")
# One that is still being made or changed can neither be changed nor deleted.
_IN_USE = Refusal("ResourceInUseException")


@dataclass(frozen=True, kw_only=True)
class EventSourceMapping(Resource[Clients]):
    """The mapping between a queue and a function: there is one for each such pair.

    Attributes:
        function: the function's name.
        batch_size: messages of one invocation, at most.
        window_s: how long messages are gathered for one invocation.
        max_concurrency: invocations at once, 2 or more; None for as many as Lambda sees fit.
    """

    kind: ClassVar[str] = "event_source_mapping"
    patience: ClassVar[Patience] = Patience(usual=10, limit=300)
    permissions: ClassVar[Permissions] = Permissions(
        read=("sqs:GetQueueAttributes", "lambda:ListEventSourceMappings", "lambda:ListTags"),
        create=("lambda:CreateEventSourceMapping", "lambda:TagResource"),
        update=(
            "lambda:ListEventSourceMappings", "lambda:UpdateEventSourceMapping",
            "lambda:TagResource",
        ),
        delete=("lambda:ListEventSourceMappings", "lambda:DeleteEventSourceMapping"),
    )  # fmt: skip

    function: str
    queue_arn: str
    batch_size: int
    window_s: int
    max_concurrency: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        return f"trigger of function {self.function} by queue {self.name}"

    def desired(self) -> Attributes:
        return {
            "batch_size": self.batch_size,
            "window_seconds": self.window_s,
            "max_concurrency": self.max_concurrency or _UNLIMITED,
            "failures": _PARTIAL_FAILURES,
            "enabled": True,
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        # Without its queue it does nothing; the queue is asked for by its own kind, too.
        if queue_attributes(aws, self.queue_arn.rpartition(":")[2]) is None:
            return None
        found = self._find(aws)
        if found is None:
            return None
        tags = self._tags(aws, found)
        if tags is None:
            return None
        state = str(found.get("State", ""))
        scaling = found.get("ScalingConfig", {})
        return Live(
            attributes={
                "batch_size": found.get("BatchSize"),
                "window_seconds": found.get("MaximumBatchingWindowInSeconds", 0),
                "max_concurrency": scaling.get("MaximumConcurrency") or _UNLIMITED,
                "failures": tuple(found.get("FunctionResponseTypes", ())),
                "enabled": state not in ("Disabled", "Disabling"),
                "tags": tags,
            },
            owner=tags.get(OWNER_TAG),
            state=state,
            reason=_said(found),
        )

    def _find(self, aws: Clients) -> EventSourceMappingConfigurationResponseTypeDef | None:
        answer = unless_absent(
            lambda: aws.lambda_.list_event_source_mappings(
                FunctionName=self.function, EventSourceArn=self.queue_arn
            ),
            _ABSENT,
        )
        found: Any = answer["EventSourceMappings"] if answer else []
        # One that is on its way out may still stand beside its successor.
        staying = [one for one in found if one.get("State") != "Deleting"]
        return next(iter([*staying, *found]), None)

    def _tags(
        self, aws: Clients, found: EventSourceMappingConfigurationResponseTypeDef
    ) -> dict[str, str] | None:
        arn = found.get("EventSourceMappingArn", "")
        answer = unless_absent(lambda: aws.lambda_.list_tags(Resource=arn), _ABSENT)
        return None if answer is None else answer.get("Tags", {})

    def settle(self, live: Live) -> Settled:
        return Pending(live.state.lower()) if live.state in _MOVING else Ready()

    def create(self, aws: Clients) -> None:
        with tolerating("ResourceConflictException", saying="already exists"):
            eventually(
                lambda: aws.lambda_.create_event_source_mapping(
                    FunctionName=self.function,
                    EventSourceArn=self.queue_arn,
                    Tags=self._all_tags(),
                    **self._settings(),
                ),
                *_ROLE_NOT_READY,
                _QUEUE_NOT_READY,
                _IN_USE,
                within=120,
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        found = self._find(aws)
        if found is None:
            self.create(aws)
            return
        if changed.keys() - {"tags"}:
            # An empty limit takes the limit away; leaving it out would keep it.
            unlimited: Any = {} if self.max_concurrency else {"ScalingConfig": {}}
            eventually(
                lambda: aws.lambda_.update_event_source_mapping(
                    UUID=found["UUID"], **{**self._settings(), **unlimited}
                ),
                *_ROLE_NOT_READY,
                _QUEUE_NOT_READY,
                _IN_USE,
                within=120,
            )
        if "tags" in changed:
            aws.lambda_.tag_resource(Resource=found["EventSourceMappingArn"], Tags=self._all_tags())

    def delete(self, aws: Clients) -> None:
        found = self._find(aws)
        if found is None or found.get("State") == "Deleting":
            return
        with tolerating(_ABSENT):
            eventually(
                lambda: aws.lambda_.delete_event_source_mapping(UUID=found["UUID"]),
                _IN_USE,
                within=120,
            )

    def _settings(self) -> Any:
        scaling = (
            {"ScalingConfig": {"MaximumConcurrency": self.max_concurrency}}
            if self.max_concurrency
            else {}
        )
        return {
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.window_s,
            "FunctionResponseTypes": list(_PARTIAL_FAILURES),
            "Enabled": True,
            **scaling,
        }

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)


def _said(found: EventSourceMappingConfigurationResponseTypeDef) -> str:
    """Return what Lambda says went wrong, e.g. ``PROBLEM: ...``; an ordinary result is no news."""
    result = str(found.get("LastProcessingResult", ""))
    return result if result.startswith("PROBLEM") else ""
