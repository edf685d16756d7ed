"""A right to make one function is no right to make another; one on messages is one on many."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.calls import ECHO, Calls, archive


def test_a_function_is_made_by_whoever_may_make_that_one(calls: Calls) -> None:
    role = calls.role()
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:mine-*"
    keys = calls.user("lambda:CreateFunction", resource=arn)
    passing = calls.user("lambda:CreateFunction", "iam:PassRole")
    wanted: dict[str, Any] = {
        "Role": role, "Runtime": "python3.13", "Handler": "index.handler",
        "Code": {"ZipFile": archive(ECHO)},
    }  # fmt: skip
    limited = calls.client("lambda", keys)
    for name, missing in (("mine-a", "iam:PassRole"), ("yours", "lambda:CreateFunction")):
        with pytest.raises(ClientError, match=missing):
            limited.create_function(FunctionName=name, **wanted)
    made = calls.client("lambda", passing).create_function(FunctionName="yours", **wanted)
    assert made["FunctionArn"].endswith(":function:yours")


def test_a_batch_of_messages_needs_the_right_on_each(calls: Calls) -> None:
    url, arn = calls.queue()
    calls.sqs.send_message(QueueUrl=url, MessageBody="a")
    (message,) = calls.sqs.receive_message(QueueUrl=url)["Messages"]
    batch: Any = {
        "QueueUrl": url,
        "Entries": [{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}],
    }
    with pytest.raises(ClientError, match="not authorized"):
        calls.client("sqs", calls.user("sqs:ReceiveMessage")).delete_message_batch(**batch)
    allowed = calls.client("sqs", calls.user("sqs:DeleteMessage", resource=arn))
    assert [one["Id"] for one in allowed.delete_message_batch(**batch)["Successful"]] == ["0"]
