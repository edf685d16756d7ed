"""The services beside DMS: what they refuse for a moment is tried again, what is wrong is told."""

from __future__ import annotations

from urllib.parse import unquote_plus

import pytest

from tests.faults.script import Behaviour, refuse
from tests.faults.world import World, spec

PASSING: dict[str, tuple[str, Behaviour]] = {
    "a role that Lambda cannot assume yet": (
        "lambda:CreateFunction",
        refuse(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
    ),
    "a permission of the role that Lambda does not see yet": (
        "lambda:PutFunctionEventInvokeConfig",
        refuse(
            "InvalidParameterValueException",
            "The function's execution role does not have permissions to call SendMessage on "
            "arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed",
        ),
    ),
    "a permission of the function that S3 does not see yet": (
        "s3:PutBucketNotificationConfiguration",
        refuse("InvalidArgument", "Unable to validate the following destination configurations"),
    ),
    "a queue that was just deleted": (
        "sqs:CreateQueue",
        refuse(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with "
            "the same name.",
        ),
    ),
    "a bucket that was just deleted": (
        "s3:CreateBucket",
        refuse(
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against this resource. "
            "Please try again.",
            status=409,
        ),
    ),
    "an S3 that is overrun": (
        "s3:PutBucketPolicy", refuse("SlowDown", "Please reduce your request rate.", status=503),
    ),
    "an IAM that is overrun": (
        "iam:PutRolePolicy", refuse("Throttling", "Rate exceeded"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PASSING)
def test_what_passes_by_itself_is_tried_again(whole: World, what: str) -> None:
    call, refusal = PASSING[what]
    whole.script.on(call, refusal, times=2)
    whole.up(spec())
    assert whole.script.calls.count(call) >= 3


@pytest.mark.parametrize(
    ("read", "made", "absent"),
    [
        ("iam:GetRole", "iam:CreateRole", refuse("NoSuchEntity", "no such role", status=404)),
        ("s3:HeadBucket", "s3:CreateBucket", refuse("404", "Not Found", status=404)),
        (
            "sqs:GetQueueUrl", "sqs:CreateQueue",
            refuse("AWS.SimpleQueueService.NonExistentQueue", "no such queue"),
        ),
        (
            "lambda:GetFunction", "lambda:CreateFunction",
            refuse("ResourceNotFoundException", "no such function", status=404),
        ),
    ],
)  # fmt: skip
def test_what_was_just_made_and_is_not_seen_is_waited_for(
    whole: World, read: str, made: str, absent: Behaviour
) -> None:
    whole.script.on(read, absent, after=made, times=2)
    whole.up(spec())


def test_02_nobody_puts_a_condition_on_the_role_of_the_logs(whole: World) -> None:
    """With a condition, DMS never makes a log group and says nothing."""
    whole.up(spec())
    made = [unquote_plus(text) for text in whole.script.sent("iam:CreateRole")]
    (logs,) = [text for text in made if "RoleName=dms-cloudwatch-logs-role" in text]
    (network,) = [text for text in made if "RoleName=dms-vpc-role" in text]
    for text in (logs, network):
        assert '"Service": "dms.amazonaws.com"' in text
        assert "Condition" not in text


def test_the_trigger_stands_before_the_task_starts_and_goes_after_it_stopped(
    whole: World,
) -> None:
    """No object may be staged that nobody is told of."""
    whole.up(spec())
    calls = whole.script.calls
    opened = calls.index("s3:PutBucketNotificationConfiguration")
    assert opened < calls.index("dms:StartReplicationTask")
    whole.aws.s3.delete_bucket_policy(Bucket="shop-staging")  # moto takes its calls for plain HTTP
    whole.script.clear()
    whole.down(spec())
    closed = calls.index("s3:PutBucketNotificationConfiguration")
    assert calls.index("dms:StopReplicationTask") < closed
