"""What the roles may do that DMS assumes, and who may assume them: the least that works."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import Statements, below, key_use, trust_of
from dmslake.spec import Source, Spec, source_settings, staging_settings

_CATALOG_ACTIONS = (
    "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateDatabase",
    "glue:CreatePartition", "glue:CreateTable", "glue:DeleteTable", "glue:GetDatabase",
    "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:UpdatePartition",
    "glue:UpdateTable",
)  # fmt: skip
_ATHENA_ACTIONS = (
    "athena:CreateWorkGroup", "athena:GetQueryExecution", "athena:StartQueryExecution",
)  # fmt: skip


def dms_trust(names: Names) -> Statements:
    """Let only DMS of this account and region assume the role (DMS engine 3.4.7 or later)."""
    return {"DmsOfThisAccount": trust_of("dms.amazonaws.com", names)}


def dms_policy(spec: Spec, names: Names) -> Statements:
    """Allow to write and remove staged objects, and to list the bucket.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html#CHAP_Target.S3.Prerequisites
    """
    bucket = names.bucket_arn(spec.staging.bucket)
    settings = staging_settings(spec.staging)
    actions = ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"]
    if "CannedAclForObjects" in settings:
        actions.append("s3:PutObjectAcl")
    statements: dict[str, Mapping[str, object]] = {
        "WriteStagedObjects": {
            "Effect": "Allow",
            "Action": actions,
            "Resource": below(bucket, spec.staging.prefix),
        },
        "ListStaging": {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": bucket,
        },
    }
    if spec.staging.kms_key:
        statements["EncryptStagedObjects"] = key_use(
            spec.staging.kms_key, names, "s3", "kms:GenerateDataKey", "kms:Decrypt"
        )
    if settings.get("GlueCatalogGeneration"):
        statements.update(_catalog(names))
    return statements


def _catalog(names: Names) -> Statements:
    """Allow what DMS needs to fill the Glue catalog by itself; the names it makes up are its own.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html#CHAP_Target.S3.GlueCatalog
    """
    kinds = ("catalog", "database/*", "table/*")
    workgroup = names.account.arn("athena", "workgroup/glue_catalog_generation_for_task_*")
    return {
        "FillCatalog": {
            "Effect": "Allow",
            "Action": list(_CATALOG_ACTIONS),
            "Resource": [names.account.arn("glue", kind) for kind in kinds],
        },
        "QueryCatalog": {
            "Effect": "Allow",
            "Action": list(_ATHENA_ACTIONS),
            "Resource": workgroup,
        },
    }


def source_trust(source: Source, names: Names) -> Statements:
    """Let DMS assume the role that reads the source's secret, or an S3 source.

    For a secret DMS wants its regional name here, and refuses the global one.
    https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html
    """
    if source.secret is None:
        return {"DmsOfThisAccount": trust_of("dms.amazonaws.com", names)}
    service = f"dms.{names.account.region}.{names.account.dns_suffix}"
    return {"DmsOfThisRegion": trust_of(service)}


def source_policy(source: Source, names: Names) -> Statements:
    """Allow to read the source's secret, or the bucket of an S3 source."""
    if source.secret is None:
        return _s3_source(source, names)
    statements: dict[str, Mapping[str, object]] = {
        "ReadSecret": {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": source.secret,
        }
    }
    if source.secret_kms_key:
        statements["DecryptSecret"] = key_use(
            source.secret_kms_key, names, "secretsmanager", "kms:Decrypt", "kms:DescribeKey"
        )
    return statements


def _s3_source(source: Source, names: Names) -> Statements:
    """https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.S3.html."""
    _, settings = source_settings(source)
    bucket = names.bucket_arn(str(settings.get("BucketName", "")))
    folder = str(settings.get("BucketFolder", "")).strip("/")
    return {
        "ReadSource": {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": below(bucket, folder),
        },
        "ListSource": {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": bucket,
        },
    }
