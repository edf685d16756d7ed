"""What a backfill by S3 Batch Operations makes for itself: the role that its jobs take."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import Statements
from dmslake.kinds.role import Role
from dmslake.spec import Spec

SERVICE = "batchoperations.s3.amazonaws.com"
FOLDER = ".dmslake/batch"


def batch_role(spec: Spec, names: Names, function: str, manifest: str = "") -> Role:
    """Return the role of the jobs; `function` is the ARN of the loader, with its version.

    `manifest` is "generated" where S3 makes it, the ARN of an inventory's where there is one.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html
    """
    return Role(
        name=names.batch_role,
        trust=_trust(names),
        policy={**_policy(spec, names, function), **_reading(spec, names, manifest)},
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


def _reading(spec: Spec, names: Names, manifest: str) -> Statements:
    """Return what reading a manifest takes that dmslake did not write."""
    if not manifest:
        return {}
    if not manifest.startswith("arn:"):
        return {
            "MakeManifest": {
                "Effect": "Allow",
                "Action": "s3:PutInventoryConfiguration",
                "Resource": names.bucket_arn(spec.staging.bucket),
            }
        }
    # An inventory's files lie in a folder beside those of its manifests, of any depth.
    bucket = manifest.split("/", 1)[0]
    return {
        "ReadInventory": {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": f"{bucket}/*",
        }
    }
