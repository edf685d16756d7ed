"""What the loader may do, and who may hand it work: the least that works."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import Statements, below, key_use, trust_of
from dmslake.spec import Spec


def loader_trust() -> Statements:
    """Let Lambda assume the role; it takes no conditions when a function is made."""
    return {"Lambda": trust_of("lambda.amazonaws.com")}


def loader_policy(spec: Spec, names: Names) -> Statements:
    """Allow to read staging, write the lake and the log, and give up on an event by queueing it.

    ListBucket is what makes S3 answer 404 instead of 403 for an object that is gone; the actions on
    versions are for a staging bucket that somebody made versioned. A copy takes annotations with it
    unless it is told not to, in a word that not every boto3 knows; S3 documents that it needs these
    rights for that. GetObject in the lake is for a look at the target, when the answer to a copy
    was lost: without ListBucket there, 403 also stands for what is not there, and the copy is made
    again.
    """
    staging, lake = names.bucket_arn(spec.staging.bucket), names.bucket_arn(spec.lake.bucket)
    log_group = names.account.arn("logs", f"log-group:{names.function_log_group}")
    return {
        "ReadStagedObjects": {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectAnnotation",
            ],
            "Resource": below(staging, spec.staging.prefix),
        },
        "SeeWhatIsGone": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": staging},
        "WriteLake": {
            "Effect": "Allow",
            "Action": [
                "s3:PutObject",
                "s3:PutObjectTagging",
                "s3:PutObjectAnnotation",
                "s3:AbortMultipartUpload",
                "s3:GetObject",
            ],
            "Resource": below(lake, spec.lake.prefix),
        },
        "WriteLog": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group}:*",
        },
        **_queues(names),
        **_keys(spec, names),
    }


def _queues(names: Names) -> Statements:
    """Allow both triggers' ways, whichever is the spec's.

    When one takes the other's place, what waits in the queue, and what Lambda is still trying, has
    to come through: neither way may lose its rights before it is empty.
    """
    return {
        "TakeFromQueue": {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": names.queue_arn,
        },
        "QueueWhatFailed": {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": names.dead_letters_arn,
        },
    }


def _keys(spec: Spec, names: Names) -> Statements:
    found: dict[str, Mapping[str, object]] = {}
    if spec.staging.kms_key:
        found["DecryptStagedObjects"] = key_use(spec.staging.kms_key, names, "s3", "kms:Decrypt")
    if spec.lake.kms_key:
        actions = ("kms:GenerateDataKey", "kms:Decrypt")
        found["EncryptLake"] = key_use(spec.lake.kms_key, names, "s3", *actions)
    return found


def queue_policy(spec: Spec, names: Names) -> Statements:
    """Let S3 announce objects of the staging bucket, as long as it is this account's.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    return {
        "StagingAnnouncesObjects": {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": names.queue_arn,
            "Condition": {
                "ArnLike": {"aws:SourceArn": names.bucket_arn(spec.staging.bucket)},
                "StringEquals": {"aws:SourceAccount": names.account.id},
            },
        }
    }
