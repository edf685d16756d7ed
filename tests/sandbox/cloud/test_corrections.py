"""What MiniStack does differently from AWS, and the sandbox does not."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.processes import wait_until
from tests.sandbox.calls import ECHO, Calls, archive, statement

STRANGER = "999999999999"


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def notify(calls: Calls, bucket: str, function_arn: str) -> None:
    calls.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": function_arn, "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )


def permit(calls: Calls, function_arn: str, bucket: str, account: str) -> None:
    calls.functions.add_permission(
        FunctionName=function_arn,
        StatementId=f"s{time.monotonic_ns()}",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount=account,
    )


def writer(calls: Calls, bucket: str) -> str:
    """Make a function that writes an object for every object it is told of."""
    role = calls.role()
    calls.allow(role, f"arn:aws:s3:::{bucket}/*", "s3:PutObject")
    code = f"""
import boto3, urllib.parse

def handler(event, context):
    for record in event["Records"]:
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        boto3.client("s3").put_object(Bucket="{bucket}", Key="seen/" + key, Body=b"")
"""
    return calls.function(role, code)


def keys_in(calls: Calls, bucket: str) -> set[str]:
    return {one["Key"] for one in calls.s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_notifications_need_the_function_s_permission(calls: Calls) -> None:
    bucket, account = calls.bucket(), calls.sandbox.account
    function = calls.function(calls.role())
    wrong: tuple[tuple[str, str], ...] = ((calls.bucket(), account), (bucket, STRANGER))
    for source, owner in wrong:
        with pytest.raises(ClientError, match="Unable to validate the following") as caught:
            notify(calls, bucket, function)
        assert code_of(caught) == "InvalidArgument"
        permit(calls, function, source, owner)
    with pytest.raises(ClientError):
        notify(calls, bucket, function)
    permit(calls, function, bucket, account)
    notify(calls, bucket, function)


def test_notifications_need_a_function_that_exists(calls: Calls) -> None:
    region, account = calls.sandbox.region, calls.sandbox.account
    with pytest.raises(ClientError, match="Unable to validate the following") as caught:
        notify(calls, calls.bucket(), f"arn:aws:lambda:{region}:{account}:function:nobody")
    assert code_of(caught) == "InvalidArgument"


def test_events_arrive_as_long_as_the_function_permits_it(calls: Calls) -> None:
    bucket, seen = calls.bucket(), calls.bucket()
    function = writer(calls, seen)
    permit(calls, function, bucket, calls.sandbox.account)
    notify(calls, bucket, function)
    calls.s3.put_object(Bucket=bucket, Key="a b+c/ü.csv", Body=b"x")
    assert wait_until(lambda: keys_in(calls, seen) == {"seen/a b+c/ü.csv"}, 20)
    policy = json.loads(calls.functions.get_policy(FunctionName=function)["Policy"])
    calls.functions.remove_permission(
        FunctionName=function, StatementId=policy["Statement"][0]["Sid"]
    )
    calls.s3.put_object(Bucket=bucket, Key="refused", Body=b"x")
    permit(calls, function, bucket, calls.sandbox.account)
    calls.s3.put_object(Bucket=bucket, Key="last", Body=b"x")
    assert wait_until(lambda: "seen/last" in keys_in(calls, seen), 20)
    assert "seen/refused" not in keys_in(calls, seen)


def test_no_event_of_a_burst_is_lost(calls: Calls) -> None:
    bucket, seen = calls.bucket(), calls.bucket()
    function = writer(calls, seen)
    permit(calls, function, bucket, calls.sandbox.account)
    notify(calls, bucket, function)
    # One at a time: nearly all are throttled again and again.
    calls.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    for number in range(30):
        calls.s3.put_object(Bucket=bucket, Key=str(number), Body=b"x")
    wanted = {f"seen/{number}" for number in range(30)}
    assert wait_until(lambda: keys_in(calls, seen) == wanted, 60)


@pytest.mark.parametrize("matches", [True, False])
def test_the_expected_owner_of_a_bucket_is_checked(calls: Calls, *, matches: bool) -> None:
    bucket, s3 = calls.bucket(), calls.s3
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    owner = calls.sandbox.account if matches else STRANGER
    source: Any = {"Bucket": bucket, "Key": "a"}
    attempts = (
        lambda: s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner),
        lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=owner),
        lambda: s3.put_object(Bucket=bucket, Key="b", Body=b"", ExpectedBucketOwner=owner),
        lambda: s3.get_object(Bucket=bucket, Key="a", ExpectedBucketOwner=owner),
        lambda: s3.head_object(Bucket=bucket, Key="a", ExpectedBucketOwner=owner),
        lambda: s3.copy_object(
            Bucket=bucket, Key="c", CopySource=source, ExpectedBucketOwner=owner
        ),
        lambda: s3.copy_object(
            Bucket=bucket, Key="d", CopySource=source, ExpectedSourceBucketOwner=owner
        ),
    )
    statuses = set()
    for attempt in attempts:
        try:
            statuses.add(attempt()["ResponseMetadata"]["HTTPStatusCode"])
        except ClientError as error:
            statuses.add(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert statuses == ({200} if matches else {403})
    assert keys_in(calls, bucket) == ({"a", "b", "c", "d"} if matches else {"a"})


def test_a_bucket_that_does_not_exist_is_not_found_whoever_should_own_it(calls: Calls) -> None:
    with pytest.raises(ClientError) as caught:
        calls.s3.list_objects_v2(Bucket="nobody-made-this", ExpectedBucketOwner=STRANGER)
    assert code_of(caught) == "NoSuchBucket"


def test_listing_and_head_tell_the_same_whole_second(calls: Calls) -> None:
    bucket = calls.bucket()
    for number in range(5):
        calls.s3.put_object(Bucket=bucket, Key=str(number), Body=b"")
    for one in calls.s3.list_objects_v2(Bucket=bucket)["Contents"]:
        head = calls.s3.head_object(Bucket=bucket, Key=one["Key"])
        assert one["LastModified"] == head["LastModified"]
        assert one["LastModified"].microsecond == 0


def test_a_multipart_object_is_as_old_as_its_upload(calls: Calls) -> None:
    bucket, s3 = calls.bucket(), calls.s3
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    initiated = datetime.now(UTC)
    assert wait_until(lambda: (datetime.now(UTC) - initiated).total_seconds() > 1.1, 5)
    tag = s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="a", UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]},
    )  # fmt: skip
    assert s3.head_object(Bucket=bucket, Key="a")["LastModified"] <= initiated


def test_a_function_needs_a_role_that_trusts_lambda(calls: Calls) -> None:
    nobody = f"arn:aws:iam::{calls.sandbox.account}:role/nobody-made-this"
    for role in (calls.role("dms.amazonaws.com"), nobody):
        with pytest.raises(ClientError, match="cannot be assumed by Lambda") as caught:
            calls.function(role)
        assert code_of(caught) == "InvalidParameterValueException"


def test_a_function_cannot_be_given_such_a_role_later(calls: Calls) -> None:
    function = calls.function(calls.role())
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        calls.functions.update_function_configuration(
            FunctionName=function, Role=calls.role("dms.amazonaws.com")
        )
    calls.functions.update_function_configuration(FunctionName=function, Role=calls.role())


def test_passing_a_role_is_a_right_of_its_own(calls: Calls) -> None:
    role = calls.role()
    wanted: dict[str, Any] = {
        "FunctionName": "passed", "Role": role, "Runtime": "python3.13",
        "Handler": "index.handler", "Code": {"ZipFile": archive(ECHO)},
    }  # fmt: skip
    with pytest.raises(ClientError, match="iam:PassRole") as caught:
        calls.client("lambda", calls.user("lambda:*")).create_function(**wanted)
    assert code_of(caught) == "AccessDeniedException"
    calls.client("lambda", calls.user("lambda:*", "iam:PassRole")).create_function(**wanted)


def test_a_function_logs_only_with_the_right_to(calls: Calls) -> None:
    role = calls.role()
    function = calls.function(role)
    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    calls.functions.invoke(FunctionName=function, Payload=b'{"said": 1}')
    calls.logs.create_log_group(logGroupName=group)
    assert calls.logs.filter_log_events(logGroupName=group)["events"] == []
    arn = f"arn:aws:logs:*:*:log-group:{group}"
    calls.allow(role, f"{arn}:*", "logs:PutLogEvents", "logs:CreateLogStream")
    calls.functions.invoke(FunctionName=function, Payload=b'{"said": 2}')
    text = "".join(
        one["message"] for one in calls.logs.filter_log_events(logGroupName=group)["events"]
    )
    assert 'echo {"said": 2}' in text
    assert '"said": 1' not in text


def test_a_function_inherits_no_setting_of_the_cloud(calls: Calls) -> None:
    function = calls.function(calls.role())
    answer = calls.functions.invoke(FunctionName=function, Payload=b"{}")
    environment = json.loads(answer["Payload"].read())["environment"]
    assert not set(environment) & {"LOG_LEVEL", "STATE_DIR", "AUTH", "PYTHONPATH", "SERVICES"}
    assert not [name for name in environment if name.startswith("DMSLAKE")]
    assert environment["AWS_ENDPOINT_URL"] == calls.sandbox.cloud_url
    assert environment["AWS_REGION"] == calls.sandbox.region


def test_a_destination_needs_the_role_s_right_to_send(calls: Calls) -> None:
    role = calls.role()
    function = calls.function(role)
    url, queue = calls.queue()
    wanted: dict[str, Any] = {
        "FunctionName": function,
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }
    with pytest.raises(ClientError, match="permissions to call SendMessage") as caught:
        calls.functions.put_function_event_invoke_config(**wanted)
    assert code_of(caught) == "InvalidParameterValueException"
    calls.allow(role, queue, "sqs:SendMessage")
    calls.functions.put_function_event_invoke_config(**wanted)
    calls.functions.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"fail": true}')
    answer = calls.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
    told = json.loads(answer["Messages"][0]["Body"])
    assert told["requestPayload"] == {"fail": True}
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 1
    assert told["responsePayload"]["errorMessage"] == "told to fail"


def test_a_queue_is_read_with_the_role_s_rights(calls: Calls) -> None:
    seen = calls.bucket()
    role = calls.role()
    code = f"""
import boto3

def handler(event, context):
    for record in event["Records"]:
        boto3.client("s3").put_object(Bucket="{seen}", Key=record["body"], Body=b"")
"""
    calls.allow(role, f"arn:aws:s3:::{seen}/*", "s3:PutObject")
    function = calls.function(role, code)
    url, queue = calls.queue()
    with pytest.raises(ClientError, match="permissions to call ReceiveMessage") as caught:
        calls.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    assert code_of(caught) == "InvalidParameterValueException"
    rights = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    calls.allow(role, queue, *rights)
    calls.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    calls.sqs.send_message(QueueUrl=url, MessageBody="sent")
    assert wait_until(lambda: keys_in(calls, seen) == {"sent"}, 20)


def test_a_policy_that_refuses_plain_http_does_not_refuse_the_sandbox(calls: Calls) -> None:
    bucket = calls.bucket()
    policy = statement(
        "s3:*",
        Resource=[f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        Principal="*",
        Condition={"Bool": {"aws:SecureTransport": "false"}},
    )
    policy["Statement"][0]["Effect"] = "Deny"
    calls.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    calls.s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert keys_in(calls, bucket) == {"a"}


def test_every_run_of_a_function_is_counted_and_no_other(calls: Calls) -> None:
    function = calls.function(calls.role())
    name = function.rpartition(":")[2]
    calls.functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    calls.functions.invoke(FunctionName=name, Payload=b"{}")
    for payload in (b"{}", b'{"fail": true}'):
        calls.functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    assert wait_until(lambda: counted(calls, name, "Invocations") == 3, 20)
    assert counted(calls, name, "Errors") == 1
    calls.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded") as caught:
        calls.functions.invoke(FunctionName=name, Payload=b"{}")
    assert code_of(caught) == "TooManyRequestsException"
    assert counted(calls, name, "Throttles") == 1
    assert counted(calls, name, "Invocations") == 3


def counted(calls: Calls, function: str, metric: str) -> float:
    now = datetime.now(UTC)
    answer = calls.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=10),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))
