"""What the pipeline's roles may do, and who may assume them: the least that works."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names
from dmslake.spec import Spec

Statements = Mapping[str, Mapping[str, object]]


def dms_trust(names: Names) -> Statements:
    """Let only DMS of this account and region assume the role (needs DMS engine 3.4.7 or later).

    Which ARN an S3 target presents is not documented, hence the `*`.
    https://docs.aws.amazon.com/dms/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    return {
        "DmsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": "dms.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": names.account.id},
                "ArnLike": {"aws:SourceArn": names.account.arn("dms", "*")},
            },
        }
    }


def dms_policy(spec: Spec, names: Names) -> Statements:
    """Allow to write and remove staged objects, and to list the bucket.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html#CHAP_Target.S3.Prerequisites
    """
    bucket = names.bucket_arn(spec.staging.bucket)
    return {
        "WriteStagedObjects": {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"],
            "Resource": _below(bucket, spec.staging.prefix),
        },
        "ListStaging": {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": bucket,
        },
    }


def loader_trust() -> Statements:
    """Let Lambda assume the role; it takes no conditions when a function is made."""
    return {
        "Lambda": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    }


def loader_policy(spec: Spec, names: Names) -> Statements:
    """Allow to read staging, write the lake and the log, and give up on an event by queueing it.

    ListBucket is what makes S3 answer 404 instead of 403 for an object that is gone; the actions on
    versions are for a staging bucket that somebody made versioned.
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
            ],
            "Resource": _below(staging, spec.staging.prefix),
        },
        "SeeWhatIsGone": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": staging},
        "WriteLake": {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"],
            "Resource": _below(lake, spec.lake.prefix),
        },
        "WriteLog": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group}:*",
        },
        "QueueWhatFailed": {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": names.dead_letters_arn,
        },
    }


def _below(bucket_arn: str, prefix: str) -> str:
    return f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
