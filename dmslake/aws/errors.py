"""The one place where AWS's errors become ours: code -> class and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from dmslake.errors import AccessError, CloudError, NotFoundError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Meaning:
    raises: type[CloudError]
    fix: str = ""


_DENIED = _Meaning(AccessError, "allow {operation} for the identity that runs dmslake")
_CREDENTIALS = _Meaning(AccessError, "renew the credentials (for example `aws sso login`)")
_QUOTA = _Meaning(CloudError, "ask AWS for a higher quota, or remove what is not used any more")
_BUSY = _Meaning(CloudError, "AWS asks for fewer requests; run it again in a minute")

# Codes as they stand in the wire answer. Those of DMS without a model (`InvalidParameterValue…`,
# `ThrottlingException`) are known from users' reports only.
_MEANINGS: dict[str, _Meaning] = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AccessDeniedFault": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "403": _DENIED,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "RequestExpired": _Meaning(AccessError, "set this machine's clock: AWS refuses old requests"),
    "RequestTimeTooSkewed": _Meaning(
        AccessError, "set this machine's clock: AWS refuses old requests"
    ),
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "SlowDown": _BUSY,
    "TooManyRequestsException": _BUSY,
    "ResourceQuotaExceededFault": _QUOTA,
    "StorageQuotaExceededFault": _QUOTA,
    "LimitExceeded": _QUOTA,
    "LimitExceededException": _QUOTA,
    "CodeStorageExceededException": _QUOTA,
    "InsufficientResourceCapacityFault": _Meaning(
        CloudError, "choose another replication.instance.class, or try again later"
    ),
    "ReplicationSubnetGroupDoesNotCoverEnoughAZs": _Meaning(
        CloudError, "name subnets of at least two availability zones in replication.network.subnets"
    ),
    "InvalidSubnet": _Meaning(
        CloudError, "check replication.network.subnets: all must exist and be in one VPC"
    ),
    "NoSuchBucket": _Meaning(NotFoundError),
    "NoSuchEntity": _Meaning(NotFoundError),
    "ResourceNotFoundFault": _Meaning(NotFoundError),
    "ResourceNotFoundException": _Meaning(NotFoundError),
}


def code_of(error: ClientError) -> str:
    """Return the service's own error code, e.g. ``NoSuchBucket``; HEAD answers have ``404``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return the service's own message."""
    return str(error.response.get("Error", {}).get("Message", "")) or code_of(error)


def unless_absent(call: Callable[[], Answer], *absent: str) -> Answer | None:
    """Return what the call returns, or None when it fails with one of the named codes.

    "Absent" is always a named code, never any error: a denied read must not look like nothing.
    """
    try:
        return call()
    except ClientError as error:
        if code_of(error) in absent:
            return None
        raise


def refusal_of(call: Callable[[], object], *codes: str) -> str | None:
    """Return the code with which the call is refused, if it is one of these; else None."""
    try:
        call()
    except ClientError as error:
        if code_of(error) in codes:
            return code_of(error)
        raise
    return None


@contextmanager
def tolerating(*codes: str, saying: str = "") -> Iterator[None]:
    """Take an error as success when it has one of the codes (and contains the text)."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes or saying not in message_of(error):
            raise


@contextmanager
def translating(doing: str) -> Iterator[None]:
    """Turn botocore's errors into ours; `doing` says what was tried, in the user's words."""
    try:
        yield
    except ClientError as error:
        raise _from_answer(error, doing) from error
    except BotoCoreError as error:
        raise _from_client(error, doing) from error


def _from_answer(error: ClientError, doing: str) -> CloudError:
    code = code_of(error)
    meaning = _MEANINGS.get(code, _Meaning(CloudError))
    operation = error.operation_name
    return meaning.raises(
        f"{doing}: {operation} failed",
        why=f"{code}: {message_of(error)}" if code not in message_of(error) else message_of(error),
        fix=meaning.fix.format(operation=operation),
        service_code=code,
        operation=operation,
    )


_CREDENTIAL_ERRORS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
)


def _from_client(error: BotoCoreError, doing: str) -> CloudError:
    if isinstance(error, ProfileNotFound):
        return AccessError(f"{doing}: {error}", fix="`aws configure list-profiles` lists them")
    if isinstance(error, _CREDENTIAL_ERRORS):
        return AccessError(f"{doing}: {error}", fix=_CREDENTIALS.fix)
    if isinstance(error, (BotoConnectionError, HTTPClientError)):
        return CloudError(
            f"{doing}: AWS cannot be reached",
            why=str(error),
            fix="check the network, the region and AWS_ENDPOINT_URL",
            service_code="Unreachable",
        )
    if isinstance(error, ParamValidationError):
        return CloudError(f"{doing}: a request does not fit AWS's model", why=str(error))
    return CloudError(doing, why=str(error))
