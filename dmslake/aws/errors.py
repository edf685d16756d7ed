"""The one place where AWS's errors become ours: code -> class and what to do about it."""

from __future__ import annotations

import re
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


_DENIED = _Meaning(
    AccessError,
    "allow {denied} for the identity that runs dmslake; `dmslake plan --permissions` prints the "
    "whole policy",
)
_CREDENTIALS = _Meaning(AccessError, "renew the credentials (for example `aws sso login`)")
_REGION = _Meaning(
    AccessError, "use a region that is enabled for this account, or correct aws.region in the spec"
)
_QUOTA = _Meaning(CloudError, "ask AWS for a higher quota, or remove what is not used any more")
_BUSY = _Meaning(CloudError, "AWS asks for fewer requests; run it again in a minute")
_KEY = _Meaning(
    AccessError,
    "check that the KMS key exists, is enabled, and that its policy allows the identity that runs "
    "dmslake and the roles of the pipeline to use it",
)

# Codes as they stand in the wire answer. Those of DMS without a model (`InvalidParameterValue…`,
# `ThrottlingException`) are known from users' reports only.
_MEANINGS: dict[str, _Meaning] = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AccessDeniedFault": _DENIED,
    "AuthorizationError": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "403": _DENIED,
    "S3AccessDeniedFault": _Meaning(
        AccessError, "check that the role of the endpoint may use the bucket, and trusts DMS"
    ),
    "AuthFailure": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "RequestExpired": _Meaning(AccessError, "set this machine's clock: AWS refuses old requests"),
    "RequestTimeTooSkewed": _Meaning(
        AccessError, "set this machine's clock: AWS refuses old requests"
    ),
    "OptInRequired": _REGION,
    "RegionDisabledException": _REGION,
    "KMSKeyNotAccessibleFault": _KEY,
    "KMSAccessDeniedFault": _KEY,
    "KMSDisabledFault": _KEY,
    "KMSNotFoundFault": _KEY,
    "RequestLimitExceeded": _BUSY,
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
    "NotFound": _Meaning(NotFoundError),
    "NoSuchEntity": _Meaning(NotFoundError),
    "ResourceNotFoundFault": _Meaning(NotFoundError),
    "ResourceNotFoundException": _Meaning(NotFoundError),
}

QUOTA_CODES = frozenset(code for code, meaning in _MEANINGS.items() if meaning is _QUOTA)
DENIED_CODES = frozenset(code for code, meaning in _MEANINGS.items() if meaning is _DENIED)

# Calls of S3 whose IAM action has another name, and of services beside it; their refusals do not
# always say which.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_ACTIONS = {
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "DescribeLogStreams": "logs:DescribeLogStreams",
    "FilterLogEvents": "logs:FilterLogEvents",
    "GetMetricStatistics": "cloudwatch:GetMetricStatistics",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "Invoke": "lambda:InvokeFunction",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "CreateBucket": "s3:CreateBucket",
    "DeleteBucket": "s3:DeleteBucket",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject and s3:DeleteObjectVersion",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetBucketPolicy": "s3:GetBucketPolicy",
    "GetBucketTagging": "s3:GetBucketTagging",
    "GetObject": "s3:GetObject",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjectsV2": "s3:ListBucket",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "PutObject": "s3:PutObject",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
# As most services say it: who, "is not authorized to perform" what, "on resource", and why not.
_REFUSAL = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)"
    r"(?:.*? on (?:the )?resource:? \"?(?P<resource>arn:[^\s\",]+|\*))?",
    re.DOTALL,
)


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
        fix=meaning.fix.format(denied=_denied(operation, message_of(error))),
        service_code=code,
        operation=operation,
    )


def _denied(operation: str, message: str) -> str:
    """Name the action, and the resource where the service says it, that was not allowed."""
    said = _REFUSAL.search(message)
    if said is None:
        return _ACTIONS.get(operation, operation)
    on = f" on {said['resource'].rstrip('.')}" if said["resource"] else ""
    return f"{said['action']}{on}"


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
