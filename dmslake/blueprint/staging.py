"""The S3 target endpoint's settings: members of botocore's `S3Settings`."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names
from dmslake.spec import Spec

TIMESTAMP_COLUMN = "dms_ts"
NULL = r"\N"

_MEMBERS = {
    "cdc_max_batch_interval": "CdcMaxBatchInterval",
    "cdc_min_file_size": "CdcMinFileSize",
    "csv_null_value": "CsvNullValue",
    "max_file_size": "MaxFileSize",
}


def s3_settings(spec: Spec, names: Names) -> Mapping[str, object]:
    """Return the settings of the staging endpoint.

    An operation and a timestamp column in full-load files, too, give full load and changes one
    shape. NULL is written as Hive's own null, because AWS's documents disagree about the default
    (`NULL` or nothing) and both can be a value.
    """
    settings: dict[str, object] = {
        "ServiceAccessRoleArn": names.role_arn(names.dms_role, spec.aws.role_path),
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
    chosen = spec.staging.settings.model_dump(exclude_none=True)
    return settings | {_MEMBERS[name]: value for name, value in chosen.items()}
