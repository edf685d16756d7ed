"""Mappings between a queue and a function are checked as Lambda checks them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.processes import wait_until
from tests.sandbox.calls import Calls, statement

RIGHTS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.fixture
def pair(calls: Calls) -> tuple[str, str, str, str]:
    """Return a function that may read a queue, its role, the queue's URL and ARN."""
    url, arn = calls.queue()
    role = calls.role()
    calls.allow(role, arn, *RIGHTS)
    return calls.function(role), role, url, arn


def refusal(calls: Calls, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        calls.functions.create_event_source_mapping(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_pair_has_one_mapping(calls: Calls, pair: tuple[str, str, str, str]) -> None:
    function, _, _, arn = pair
    made = calls.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    code, message = refusal(calls, FunctionName=function, EventSourceArn=arn)
    assert code == "ResourceConflictException"
    assert made["UUID"] in message
    calls.functions.delete_event_source_mapping(UUID=made["UUID"])
    calls.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)


def test_messages_must_stay_hidden_as_long_as_the_function_may_run(
    calls: Calls, pair: tuple[str, str, str, str]
) -> None:
    function, _, url, arn = pair
    calls.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "9"})
    code, message = refusal(calls, FunctionName=function, EventSourceArn=arn)
    assert code == "InvalidParameterValueException"
    assert message == (
        "Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds"
    )


def test_large_batches_need_a_window(calls: Calls, pair: tuple[str, str, str, str]) -> None:
    function, _, _, arn = pair
    code, message = refusal(calls, FunctionName=function, EventSourceArn=arn, BatchSize=11)
    assert code == "InvalidParameterValueException"
    assert "batch window" in message


def test_the_queue_must_exist(calls: Calls, pair: tuple[str, str, str, str]) -> None:
    function, role, _, arn = pair
    calls.allow(role, f"{arn}x", *RIGHTS)
    code, message = refusal(calls, FunctionName=function, EventSourceArn=f"{arn}x")
    assert code == "InvalidParameterValueException"
    assert "queue does not exist" in message


def test_a_role_that_loses_its_right_reads_no_more(
    calls: Calls, pair: tuple[str, str, str, str]
) -> None:
    function, role, url, arn = pair
    made = calls.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    name = role.rpartition("/")[2]
    (policy,) = calls.iam.list_role_policies(RoleName=name)["PolicyNames"]
    kept = calls.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    calls.iam.put_role_policy(
        RoleName=name,
        PolicyName=policy,
        PolicyDocument=str(statement(*RIGHTS[1:], Resource=arn)).replace("'", '"'),
    )
    calls.sqs.send_message(QueueUrl=url, MessageBody="{}")

    def result() -> str:
        found = calls.functions.get_event_source_mapping(UUID=made["UUID"])
        return found["LastProcessingResult"]

    def waiting() -> str:
        found = calls.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return found["Attributes"]["ApproximateNumberOfMessages"]

    assert wait_until(lambda: result().startswith("PROBLEM"), 20)
    assert waiting() == "1"
    document = str(kept).replace("'", '"')
    calls.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    assert wait_until(lambda: waiting() == "0" and result().startswith("OK"), 20)
