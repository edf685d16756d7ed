"""Nobody is root in the sandbox's account, and policies hold."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPSConnection
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from dmslake.sandbox.record import Keys, read_record
from tests.sandbox.calls import Calls

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def test_the_administrator_is_a_user_who_may_do_everything(calls: Calls) -> None:
    arn = calls.sts.get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{calls.sandbox.account}:user/dmslake-sandbox"
    assert calls.bucket() in {one["Name"] for one in calls.s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize("key", ["123456789012", "000000000000", "test", "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [("sts", "get_caller_identity"), ("s3", "list_buckets"), ("iam", "list_users"),
     ("lambda", "list_functions"), ("sqs", "list_queues"), ("logs", "describe_log_groups")],
)  # fmt: skip
def test_no_well_known_key_opens_the_account(
    calls: Calls, key: str, service: str, operation: str
) -> None:
    client = calls.client(service, Keys(access_key_id=key, secret_access_key="test"))
    refusals = {"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException"}
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert code_of(caught) in refusals


@pytest.mark.parametrize("service", ["s3", "iam", "sqs"])
def test_the_administrator_s_key_is_worth_nothing_without_its_secret(
    calls: Calls, service: str
) -> None:
    known = calls.sandbox.keys.access_key_id
    client = calls.client(service, Keys(access_key_id=known, secret_access_key="guessed"))
    call = {"s3": "list_buckets", "iam": "list_users", "sqs": "list_queues"}[service]
    with pytest.raises(ClientError) as caught:
        getattr(client, call)()
    assert code_of(caught) == "SignatureDoesNotMatch"


def test_unsigned_requests_see_nothing(calls: Calls) -> None:
    bucket = calls.bucket()
    client = boto3.client(
        "s3",
        endpoint_url=calls.sandbox.cloud_url,
        region_name=calls.sandbox.region,
        verify=str(calls.sandbox.authority),
        config=Config(signature_version=UNSIGNED, proxies={}),
    )
    with pytest.raises(ClientError) as caught:
        client.list_objects_v2(Bucket=bucket)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_ministack/reset"), ("GET", "/_ministack/sqs/messages"), ("GET", "/_aws/x"),
     ("POST", "/_ministack/config"), ("GET", "/_localstack/health"), ("GET", "/_sandbox/x")],
)  # fmt: skip
def test_ministack_s_own_controls_are_closed(calls: Calls, method: str, path: str) -> None:
    trusted = ssl.create_default_context(cafile=str(calls.sandbox.authority))
    port = int(calls.sandbox.cloud_url.rpartition(":")[2])
    with closing(HTTPSConnection("127.0.0.1", port, context=trusted)) as connection:
        connection.request(method, path)
        assert connection.getresponse().status == 403


def test_a_restricted_user_is_denied_what_is_not_allowed(calls: Calls) -> None:
    bucket = calls.bucket()
    keys = calls.user("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/in/*")
    client = calls.client("s3", keys)
    client.put_object(Bucket=bucket, Key="in/a", Body=b"")
    denied: tuple[Callable[[], object], ...] = (
        lambda: client.put_object(Bucket=bucket, Key="out/a", Body=b""),
        lambda: client.get_object(Bucket=bucket, Key="in/a"),
        lambda: client.list_objects_v2(Bucket=bucket),
        lambda: calls.client("iam", keys).list_users(),
        lambda: calls.client("sqs", keys).list_queues(),
    )
    for call in denied:
        with pytest.raises(ClientError) as caught:
            call()
        assert code_of(caught) in {"AccessDenied", "AccessDeniedException"}


def test_a_wildcard_reaches_keys_with_line_breaks_and_nothing_more(calls: Calls) -> None:
    bucket = calls.bucket()
    keys = calls.user("s3:*", resource=f"arn:aws:s3:::{bucket}/in/*.csv")
    client = calls.client("s3", keys)
    client.put_object(Bucket=bucket, Key="in/a\nb.csv", Body=b"x")
    assert client.get_object(Bucket=bucket, Key="in/a\nb.csv")["Body"].read() == b"x"
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="in/a.csv\n", Body=b"")
    assert code_of(caught) == "AccessDenied"


def test_dms_acts_as_a_role_that_trusts_dms(calls: Calls) -> None:
    bucket = calls.bucket()
    role = calls.role("dms.amazonaws.com")
    calls.allow(role, f"arn:aws:s3:::{bucket}/*", "s3:PutObject")
    answer = service(calls).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    keys = Keys(access_key_id=answer["AccessKeyId"], secret_access_key=answer["SecretAccessKey"])
    client = calls.client("s3", keys, answer["SessionToken"])
    client.put_object(Bucket=bucket, Key="a", Body=b"")
    with pytest.raises(ClientError) as caught:
        client.get_object(Bucket=bucket, Key="a")
    assert code_of(caught) == "AccessDenied"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:dms:*:123456789012:*"}},
    ],
)
def test_the_conditions_of_a_trust_policy_are_met_by_dms(
    calls: Calls, condition: dict[str, dict[str, str]]
) -> None:
    role = calls.role("dms.amazonaws.com", **condition)
    assert service(calls).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]


def test_dms_does_not_act_as_a_role_that_does_not_trust_it(calls: Calls) -> None:
    refused = (
        calls.role("lambda.amazonaws.com"),
        calls.role("dms.us-east-1.amazonaws.com"),
        calls.role("dms.amazonaws.com", StringEquals={"aws:SourceAccount": "999999999999"}),
        f"arn:aws:iam::{calls.sandbox.account}:role/nobody-made-this",
    )
    for role in refused:
        with pytest.raises(ClientError) as caught:
            service(calls).assume_role(RoleArn=role, RoleSessionName="session")
        assert code_of(caught) == "AccessDenied"


def test_nobody_else_acts_as_a_role_of_dms(calls: Calls) -> None:
    role = calls.role("dms.amazonaws.com")
    with pytest.raises(ClientError) as caught:
        calls.sts.assume_role(RoleArn=role, RoleSessionName="session")
    assert code_of(caught) == "AccessDenied"


def service(calls: Calls) -> STSClient:
    """Return STS as the sandbox's DMS calls it."""
    record = read_record(calls.sandbox.folder)
    assert record is not None
    client: STSClient = calls.client("sts", record.service)
    return client
