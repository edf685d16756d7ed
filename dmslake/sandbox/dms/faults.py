"""The service's refusals, under the codes that AWS DMS really sends.

Codes without a "Fault" suffix are not in botocore's model but are what the service returns
(`InvalidParameterValueException`, `InvalidParameterCombinationException`, `ValidationException`).
"""

from __future__ import annotations


class Fault(Exception):  # noqa: N818 - AWS's own word for it
    """One refusal: the code and the message that the caller sees, and members beside them."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, members: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


def access_denied(message: str) -> Fault:
    """A role that DMS needs is missing, misconfigured or not assumable."""
    return Fault("AccessDeniedFault", message)


def not_found(message: str) -> Fault:
    """The named resource does not exist, or a filter matched nothing."""
    return Fault("ResourceNotFoundFault", message)


def already_exists(message: str, arn: str) -> Fault:
    """A resource of this name exists; `arn` is returned beside the message, as on AWS."""
    return Fault("ResourceAlreadyExistsFault", message, members={"resourceArn": arn})


def invalid_state(message: str) -> Fault:
    """The resource, or one that depends on it, is in a state that forbids the call."""
    return Fault("InvalidResourceStateFault", message)


def invalid_value(message: str) -> Fault:
    """A parameter has a value that the service does not take."""
    return Fault("InvalidParameterValueException", message)


def invalid_combination(message: str) -> Fault:
    """Parameters that exclude each other, or that only go together."""
    return Fault("InvalidParameterCombinationException", message)


def blank(parameter: str) -> Fault:
    """A parameter that this resource needs is absent or empty."""
    return invalid_value(f"The parameter {parameter} must be provided and must not be blank.")


def quota_exceeded(noun: str, quota: int) -> Fault:
    """The account has as many of these as its quota allows."""
    return Fault("ResourceQuotaExceededFault", f"The quota of {quota} {noun} has been exceeded.")


def not_in_sandbox(what: str) -> Fault:
    """AWS takes this value and the sandbox does not; refused rather than silently ignored."""
    return invalid_value(f"{what} is not supported by the dmslake sandbox")
