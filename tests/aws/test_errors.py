"""AWS's errors as users see them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from dmslake.aws.errors import (
    DENIED_CODES,
    QUOTA_CODES,
    code_of,
    message_of,
    refusal_of,
    tolerating,
    translating,
    unless_absent,
)
from dmslake.errors import AccessError, CloudError, DmslakeError, NotFoundError


def answer(code: str, message: str = "", operation: str = "CreateBucket") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, operation)


def translated(error: Exception, doing: str = "bucket.shop-lake") -> CloudError:
    with pytest.raises(CloudError) as raised, translating(doing):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


DENIED = (
    "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AuthorizationError",
    "UnauthorizedOperation", "403",
)  # fmt: skip
CREDENTIALS = (
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidToken",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
)  # fmt: skip
CLOCK = ("RequestExpired", "RequestTimeTooSkewed")
BUSY = (
    "RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException",
    "TooManyRequestsException",
)  # fmt: skip
REGION = ("OptInRequired", "RegionDisabledException")
KEY = (
    "KMSAccessDeniedFault", "KMSDisabledFault", "KMSKeyNotAccessibleFault", "KMSNotFoundFault",
)  # fmt: skip
QUOTA = (
    "ResourceQuotaExceededFault", "StorageQuotaExceededFault", "LimitExceeded",
    "LimitExceededException", "CodeStorageExceededException",
)  # fmt: skip
GONE = (
    "NoSuchBucket", "NoSuchEntity", "NotFound", "ResourceNotFoundException",
    "ResourceNotFoundFault",
)  # fmt: skip

MEANINGS: list[tuple[str, type[CloudError], str]] = [
    *((code, AccessError, "allow s3:CreateBucket for the identity that runs") for code in DENIED),
    *((code, AccessError, "aws.region in the spec") for code in REGION),
    *((code, AccessError, "the KMS key exists, is enabled") for code in KEY),
    ("S3AccessDeniedFault", AccessError, "the role of the endpoint"),
    *((code, AccessError, "aws sso login") for code in CREDENTIALS),
    *((code, AccessError, "clock") for code in CLOCK),
    *((code, CloudError, "run it again in a minute") for code in BUSY),
    *((code, CloudError, "quota") for code in QUOTA),
    *((code, NotFoundError, "") for code in GONE),
    ("InsufficientResourceCapacityFault", CloudError, "replication.instance.class"),
    ("ReplicationSubnetGroupDoesNotCoverEnoughAZs", CloudError, "two availability zones"),
    ("InvalidSubnet", CloudError, "replication.network.subnets"),
    ("SomethingNobodyKnows", CloudError, ""),
]


@pytest.mark.parametrize(("code", "kind", "fix"), MEANINGS, ids=[code for code, *_ in MEANINGS])
def test_an_answer_becomes_the_error_of_its_meaning(
    code: str, kind: type[CloudError], fix: str
) -> None:
    error = translated(answer(code, "because of the service's reasons"))
    assert type(error) is kind
    assert error.what == "bucket.shop-lake: CreateBucket failed"
    assert error.why == f"{code}: because of the service's reasons"
    assert fix in error.fix
    assert bool(error.fix) == bool(fix)
    assert (error.service_code, error.operation) == (code, "CreateBucket")


def test_the_code_is_not_said_twice() -> None:
    error = translated(answer("NoSuchBucket", "NoSuchBucket: the bucket does not exist"))
    assert error.why == "NoSuchBucket: the bucket does not exist"


def test_an_answer_without_a_message_still_has_a_reason() -> None:
    assert translated(answer("403")).why == "403"


def test_an_answer_without_anything_is_an_error_all_the_same() -> None:
    empty: Any = {}
    error = ClientError(empty, "HeadBucket")
    assert (code_of(error), message_of(error)) == ("", "")
    assert translated(error).what == "bucket.shop-lake: HeadBucket failed"


CLIENT_SIDE: list[tuple[BotoCoreError, type[CloudError], str, str]] = [
    (boto.ProfileNotFound(profile="prod"), AccessError, "prod", "list-profiles"),
    (boto.NoCredentialsError(), AccessError, "Unable to locate credentials", "sso login"),
    (
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        AccessError, "AWS_SECRET_ACCESS_KEY", "sso login",
    ),
    (
        boto.CredentialRetrievalError(provider="process", error_msg="no"),
        AccessError, "process", "sso login",
    ),
    (
        boto.TokenRetrievalError(provider="sso", error_msg="old"),
        AccessError, "sso", "sso login",
    ),
    (boto.UnauthorizedSSOTokenError(), AccessError, "SSO", "sso login"),
    (
        boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:9/"),
        CloudError, "cannot be reached", "network",
    ),
    (boto.ConnectTimeoutError(endpoint_url="x"), CloudError, "cannot be reached", "network"),
    (boto.ReadTimeoutError(endpoint_url="x"), CloudError, "cannot be reached", "network"),
    (
        boto.SSLError(endpoint_url="x", error=OSError("self-signed")),
        CloudError, "self-signed", "network",
    ),
    (
        boto.ProxyConnectionError(proxy_url="http://127.0.0.1:9"),
        CloudError, "cannot be reached", "network",
    ),
    (boto.ParamValidationError(report="Name: too long"), CloudError, "Name: too long", ""),
    (boto.UnknownServiceError(service_name="x", known_service_names="y"), CloudError, "x", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind", "says", "fix"), CLIENT_SIDE, ids=[type(e).__name__ for e, *_ in CLIENT_SIDE]
)
def test_what_never_reached_aws_is_told_apart(
    error: BotoCoreError, kind: type[CloudError], says: str, fix: str
) -> None:
    found = translated(error, "connecting to AWS")
    assert type(found) is kind
    assert found.what.startswith("connecting to AWS")
    assert says in str(found)
    assert fix in found.fix
    assert bool(found.fix) == bool(fix)


def test_our_own_errors_and_bugs_pass_unchanged() -> None:
    for error in (DmslakeError("ours"), KeyError("a bug")):
        with pytest.raises(type(error)) as raised, translating("anything"):
            raise error
        assert raised.value is error


def test_absent_is_a_named_code_and_nothing_else() -> None:
    def raising(code: str) -> str:
        raise answer(code)

    assert unless_absent(lambda: "there", "NoSuchBucket") == "there"
    assert unless_absent(lambda: raising("NoSuchBucket"), "Other", "NoSuchBucket") is None
    with pytest.raises(ClientError, match="AccessDenied"):
        unless_absent(lambda: raising("AccessDenied"), "NoSuchBucket")


def test_a_refusal_is_told_by_its_code() -> None:
    def raising(code: str) -> None:
        raise answer(code)

    assert refusal_of(lambda: "there", "404") is None
    assert refusal_of(lambda: raising("404"), "403", "404") == "404"
    with pytest.raises(ClientError, match="500"):
        refusal_of(lambda: raising("500"), "403", "404")


def fails(error: ClientError) -> None:
    raise error


def test_tolerating_takes_only_what_it_was_told() -> None:
    with tolerating("EntityAlreadyExists", "Other"):
        fails(answer("EntityAlreadyExists"))
    with tolerating("InvalidResourceStateFault", saying="not running"):
        fails(answer("InvalidResourceStateFault", "the task is not running"))
    with pytest.raises(ClientError), tolerating("EntityAlreadyExists"):
        fails(answer("AccessDenied"))
    with pytest.raises(ClientError), tolerating("InvalidResourceStateFault", saying="not running"):
        fails(answer("InvalidResourceStateFault", "the task is being deleted"))


WHO = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
ROLE = "arn:aws:iam::123456789012:role/r"
ENDPOINT = "arn:aws:dms:eu-west-1:123456789012:endpoint:ABC"


@pytest.mark.parametrize(
    ("message", "denied"),
    [
        (
            f"{WHO}dms:CreateEndpoint on resource: {ENDPOINT} because no policy allows the action",
            f"dms:CreateEndpoint on {ENDPOINT}",
        ),
        (
            f'{WHO}s3:PutObject on resource: "arn:aws:s3:::acme/k" with an explicit deny',
            "s3:PutObject on arn:aws:s3:::acme/k",
        ),
        (f"{WHO}iam:PassRole on resource: {ROLE}.", f"iam:PassRole on {ROLE}"),
        (f"{WHO}dms:DescribeEndpoints on resource: *", "dms:DescribeEndpoints on *"),
        (f"{WHO}logs:CreateLogGroup", "logs:CreateLogGroup"),
        ("Access Denied", "CreateEndpoint"),
    ],
)  # fmt: skip
def test_a_denial_names_the_action_and_the_resource(message: str, denied: str) -> None:
    error = translated(answer("AccessDenied", message, "CreateEndpoint"))
    assert error.fix.startswith(f"allow {denied} for the identity that runs dmslake; ")
    assert "`dmslake plan --permissions`" in error.fix


def test_a_denied_look_at_a_bucket_names_iams_own_word_for_it() -> None:
    error = translated(answer("403", "Forbidden", "HeadBucket"))
    assert error.fix.startswith("allow s3:ListBucket for ")


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("GetQueueAttributes", "sqs:GetQueueAttributes"),
        ("GetMetricStatistics", "cloudwatch:GetMetricStatistics"),
        ("DescribeLogStreams", "logs:DescribeLogStreams"),
    ],
)
def test_a_denial_that_does_not_say_what_is_named_all_the_same(operation: str, action: str) -> None:
    """SQS says of a queue only that access to it is denied."""
    said = "Access to the resource https://sqs.eu-west-1.example.com/ is denied."
    error = translated(answer("AccessDenied", said, operation))
    assert error.fix.startswith(f"allow {action} for ")


def test_the_codes_of_quotas_and_denials_are_known() -> None:
    assert set(QUOTA) == QUOTA_CODES
    assert set(DENIED) == DENIED_CODES
