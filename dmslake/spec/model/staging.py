"""The section `staging`: the bucket that DMS writes to."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from dmslake.spec.model.names import BucketName, Prefix
from dmslake.spec.section import Section, Whole

_LATER = "not supported yet"

# Members of the DMS S3Settings structure (CreateEndpoint), by what decides them.
_DECIDED = {
    "bucket_name": "decided by staging.bucket",
    "bucket_folder": "decided by staging.prefix",
    "data_format": "decided by staging.format",
    "include_op_for_full_load": "always true, so that full load and changes share one shape",
    "timestamp_column_name": "always dms_ts, so that full load and changes share one shape",
    "expected_bucket_owner": "always the account that the pipeline is in",
    "service_access_role_arn": "always the role that dmslake creates",
}
_STILL_TO_COME = (
    "add_column_name",
    "add_trailing_padding_character",
    "canned_acl_for_objects",
    "cdc_inserts_and_updates",
    "cdc_inserts_only",
    "cdc_path",
    "compression_type",
    "csv_delimiter",
    "csv_no_sup_value",
    "csv_row_delimiter",
    "data_page_size",
    "date_partition_delimiter",
    "date_partition_enabled",
    "date_partition_sequence",
    "date_partition_timezone",
    "dict_page_size_limit",
    "enable_statistics",
    "encoding_type",
    "encryption_mode",
    "external_table_definition",
    "glue_catalog_generation",
    "ignore_header_rows",
    "parquet_timestamp_in_millisecond",
    "parquet_version",
    "preserve_transactions",
    "rfc4180",
    "row_group_length",
    "server_side_encryption_kms_key_id",
    "use_csv_no_sup_value",
    "use_task_start_time_for_full_load_timestamp",
)


class StagingSettings(Section):
    """How DMS cuts and writes its files: members of its S3Settings, in snake_case."""

    reserved: ClassVar[Mapping[str, str]] = {**_DECIDED, **dict.fromkeys(_STILL_TO_COME, _LATER)}

    cdc_max_batch_interval: Whole | None = Field(
        default=None,
        ge=1,
        description="A file of changes is closed after this many seconds, or when it has "
        "reached cdc_min_file_size, whichever comes first. DMS's own default: 60.",
        examples=[60],
    )
    cdc_min_file_size: Whole | None = Field(
        default=None,
        ge=1,
        description="A file of changes is closed at this size in KB. DMS's own default: 32000.",
        examples=[32000],
    )
    csv_null_value: str | None = Field(
        default=None,
        description="What stands for NULL in CSV files; it may be empty (''). DMS's own "
        "default: NULL. Only with format: csv.",
        examples=["NULL"],
    )
    max_file_size: Whole | None = Field(
        default=None,
        ge=1,
        le=1048576,
        description="The largest file of a full load, in KB. DMS's own default: 1048576, which "
        "is 1 GB. Only with format: csv.",
        examples=[1048576],
    )


class Staging(Section):
    """The bucket that DMS writes to, and how it writes."""

    bucket: BucketName = Field(
        description="The bucket for DMS's files. It is created if it does not exist.",
        examples=["acme-shop-staging"],
    )
    prefix: Prefix = Field(
        default="",
        description="The folder below which DMS writes schema/table/file. Slashes at its ends "
        "do not matter. Empty: the bucket itself.",
        examples=["dms"],
    )
    format: Literal["csv", "parquet"] = Field(
        default="csv",
        description="What DMS writes. csv is the default because every DMS version and every "
        "reader agrees on it and one can look inside; parquet keeps the types and is smaller "
        "and faster to query.",
        examples=["csv"],
    )
    expire_after_days: Whole | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Staged files are deleted after this many days. Choose more than a backfill "
        "ever has to reach back. If it is not written, they are kept.",
        examples=[30],
    )
    settings: StagingSettings = Field(
        default_factory=StagingSettings,
        description="How DMS cuts and writes its files: members of its S3Settings, in snake_case.",
    )
