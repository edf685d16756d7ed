"""The S3 target endpoint's settings: members of botocore's `S3Settings`."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names
from dmslake.spec import Spec, staging_settings

TIMESTAMP_COLUMN = "dms_ts"
NULL = r"\N"


def s3_settings(spec: Spec, names: Names, role_arn: str) -> Mapping[str, object]:
    """Return the settings of the staging endpoint; what the spec says comes last.

    An operation and a timestamp column in full-load files, too, give full load and changes one
    shape. NULL is written as Hive's own null, because AWS's documents disagree about the default
    (`NULL` or nothing) and both can be a value.
    """
    settings: dict[str, object] = {
        "ServiceAccessRoleArn": role_arn,
        "BucketName": spec.staging.bucket,
        "DataFormat": spec.staging.format,
        "IncludeOpForFullLoad": True,
        "TimestampColumnName": TIMESTAMP_COLUMN,
        "ExpectedBucketOwner": names.account.id,
    }
    if spec.staging.prefix:
        settings["BucketFolder"] = spec.staging.prefix
    if spec.staging.format == "csv":
        settings["CsvNullValue"] = NULL
    else:
        # Athena, Glue and Spark before 3 read microseconds as nonsense.
        settings["ParquetTimestampInMillisecond"] = True
    # Said in either case: a key that the spec no longer has would be no difference otherwise.
    settings["EncryptionMode"] = "sse-s3"
    if spec.staging.kms_key:
        settings["EncryptionMode"] = "sse-kms"
        settings["ServerSideEncryptionKmsKeyId"] = spec.staging.kms_key
    return settings | dict(staging_settings(spec.staging))
