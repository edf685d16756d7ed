"""Where Lambda puts an event that it could not handle: retries, patience, and the queue after that.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Permissions, Resource

_ABSENT = "ResourceNotFoundException"
_RETRIES = 2
_SIX_HOURS = 21_600
# The role's permission to send to the queue is checked here, and is not seen at once.
_ROLE_NOT_READY = Refusal("InvalidParameterValueException", "execution role does not have")


@dataclass(frozen=True, kw_only=True)
class FailureDestination(Resource[Clients]):
    """The asynchronous-invocation settings of a function; its `name` is the function's."""

    kind: ClassVar[str] = "failure_destination"
    permissions: ClassVar[Permissions] = Permissions(
        read=("lambda:GetFunctionEventInvokeConfig",),
        create=("lambda:PutFunctionEventInvokeConfig",),
        update=("lambda:PutFunctionEventInvokeConfig",),
        delete=("lambda:DeleteFunctionEventInvokeConfig",),
    )

    queue_arn: str

    def desired(self) -> Attributes:
        return {
            "on_failure": self.queue_arn,
            "retries": _RETRIES,
            "event_age_seconds": _SIX_HOURS,
        }

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(
            lambda: aws.lambda_.get_function_event_invoke_config(FunctionName=self.name), _ABSENT
        )
        if found is None:
            return None
        destination = found.get("DestinationConfig", {}).get("OnFailure", {})
        return Live(
            attributes={
                "on_failure": destination.get("Destination"),
                "retries": found.get("MaximumRetryAttempts"),
                "event_age_seconds": found.get("MaximumEventAgeInSeconds"),
            }
        )

    def create(self, aws: Clients) -> None:
        eventually(
            lambda: aws.lambda_.put_function_event_invoke_config(
                FunctionName=self.name,
                MaximumRetryAttempts=_RETRIES,
                MaximumEventAgeInSeconds=_SIX_HOURS,
                DestinationConfig={"OnFailure": {"Destination": self.queue_arn}},
            ),
            _ROLE_NOT_READY,
            within=120,
        )

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - PUT replaces all
        self.create(aws)

    def delete(self, aws: Clients) -> None:
        with tolerating(_ABSENT):
            aws.lambda_.delete_function_event_invoke_config(FunctionName=self.name)
