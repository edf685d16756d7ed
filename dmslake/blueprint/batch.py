"""What a backfill by S3 Batch Operations makes for itself: the role that its jobs take."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import Statements
from dmslake.kinds.role import Role
from dmslake.spec import Spec

SERVICE = "batchoperations.s3.amazonaws.com"
FOLDER = ".dmslake/batch"


def batch_role(spec: Spec, names: Names, function: str) -> Role:
    """Return the role of the jobs; `function` is the ARN of the loader, with its version.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html
    """
    return Role(
        name=names.batch_role,
        trust=_trust(names),
        policy=_policy(spec, names, function),
        path=spec.aws.role_path,
        boundary=spec.aws.permissions_boundary,
        owner=spec.name,
        tags=spec.aws.tags,
    )


def _trust(names: Names) -> Statements:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": names.account.id}},
    }
    return {"BatchOperations": statement}


def _policy(spec: Spec, names: Names, function: str) -> Statements:
    own = f"{names.bucket_arn(spec.staging.bucket)}/{FOLDER}/*"
    return {
        "CallLoader": {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": function,
        },
        "ReadManifest": {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": own,
        },
        "WriteReport": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": own},
    }
