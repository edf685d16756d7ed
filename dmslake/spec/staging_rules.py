"""What staging's settings may hold, and what they say about each other.

Source: the DMS user guide's page on S3 as a target, and the text of S3Settings in the API
reference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from dmslake.lake.routing import TimezoneError, load_zone
from dmslake.spec.mistakes import Placed, mistake
from dmslake.spec.model.names import folder
from dmslake.spec.settings import Refused

REFUSED_IN_STAGING: Refused = {
    "bucket_name": "decided by staging.bucket",
    "bucket_folder": "decided by staging.prefix",
    "data_format": "decided by staging.format",
    "encryption_mode": "decided by staging.kms_key",
    "expected_bucket_owner": "always the account that the pipeline is in",
    "external_table_definition": "for S3 as a source only, and here S3 is the target",
    "ignore_header_rows": "for S3 as a source only, and here S3 is the target",
    "server_side_encryption_kms_key_id": "decided by staging.kms_key",
    "service_access_role_arn": "decided by staging.role",
}

_CSV_ONLY = (
    "add_column_name",
    "csv_delimiter",
    "csv_no_sup_value",
    "csv_null_value",
    "csv_row_delimiter",
    "max_file_size",
    "rfc4180",
    "use_csv_no_sup_value",
)
_FULL_LOAD_CSV = ("add_column_name", "max_file_size")
_PARQUET_ONLY = (
    "data_page_size",
    "dict_page_size_limit",
    "enable_statistics",
    "encoding_type",
    "parquet_timestamp_in_millisecond",
    "parquet_version",
    "row_group_length",
)
_NOT_IN_TRANSACTION_ORDER = (
    "add_column_name",
    "date_partition_enabled",
    "glue_catalog_generation",
)
_DATE_PARTITIONS = (
    "date_partition_delimiter",
    "date_partition_sequence",
    "date_partition_timezone",
)
# Buckets have had access control lists switched off since 2023; then S3 takes these only.
_ACLS_OF_NEW_BUCKETS = ("none", "bucket-owner-full-control")
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The settings, and what other fields of staging say about them; None: not known.

    Without some that could not be read they are not complete: then none is missing for sure.
    """

    settings: Mapping[str, object]
    complete: bool
    format: str | None
    existing: bool | None

    def on(self, name: str) -> bool:
        """Tell whether a switch is on."""
        return self.settings.get(name) is True


def staging_conflicts(target: Target) -> Iterator[Placed]:
    """Yield what settings that are right by themselves cannot say together."""
    for check in (_format, _together, _changes, _catalog, _acl):
        yield from check(target)
    for check in (_transactions, _partitions, _missing_values) if target.complete else ():
        yield from check(target)


def _format(target: Target) -> Iterator[Placed]:
    """DMS takes some settings for one format only; transaction files are always CSV."""
    wrong, other = (_CSV_ONLY, "csv") if target.format == "parquet" else (_PARQUET_ONLY, "parquet")
    name_of = {"csv": "CSV", "parquet": "Parquet"}
    for name in wrong if target.format else ():
        if name not in target.settings or (
            target.on("preserve_transactions") and name in _CSV_ONLY and name not in _FULL_LOAD_CSV
        ):
            continue
        message = f"this setting is for {name_of[other]} only, and staging.format is "
        fix = f"remove it, or write format: {other}"
        yield (name,), mistake(message + str(target.format), fix=fix)


def _together(target: Target) -> Iterator[Placed]:
    """Some settings contradict the order of transactions."""
    for name in _NOT_IN_TRANSACTION_ORDER if "cdc_path" in target.settings else ():
        if target.on(name):
            message = "DMS does not take this together with cdc_path"
            yield (name,), mistake(message, fix="remove one of them")


def _transactions(target: Target) -> Iterator[Placed]:
    """Changes in the order of their transactions go to a folder of their own."""
    path = target.settings.get("cdc_path")
    if target.on("preserve_transactions") and path is None:
        fix = "add cdc_path: transactions"
        yield ("preserve_transactions",), mistake("cdc_path is missing, and this needs it", fix=fix)
    if path is not None:
        yield from _folder("cdc_path", path)
        if not target.on("preserve_transactions"):
            fix = "add preserve_transactions: true, or remove it"
            message = "without preserve_transactions DMS does not use it"
            yield ("cdc_path",), mistake(message, fix=fix)


def _folder(name: str, path: object) -> Iterator[Placed]:
    try:
        if not folder(str(path)):
            yield (name,), mistake("{value} is not a folder", fix="name one")
    except PydanticCustomError as error:
        yield (name,), error


def _partitions(target: Target) -> Iterator[Placed]:
    for name in _DATE_PARTITIONS:
        if name in target.settings and not target.on("date_partition_enabled"):
            fix = "add date_partition_enabled: true, or remove it"
            yield (name,), mistake("DMS does not use it without date_partition_enabled", fix=fix)
    zone = target.settings.get("date_partition_timezone")
    if isinstance(zone, str):
        try:
            load_zone(zone)
        except TimezoneError:
            fix = "use an IANA name such as Europe/Paris"
            yield ("date_partition_timezone",), mistake("{value} is not a time zone", fix=fix)


def _changes(target: Target) -> Iterator[Placed]:
    if target.on("cdc_inserts_only") and target.on("cdc_inserts_and_updates"):
        message = "cdc_inserts_only is true as well, and they exclude each other"
        yield ("cdc_inserts_and_updates",), mistake(message, fix="remove one of them")


def _missing_values(target: Target) -> Iterator[Placed]:
    """What stands for a column that the source's log does not hold."""
    if "csv_no_sup_value" in target.settings and not target.on("use_csv_no_sup_value"):
        fix = "add use_csv_no_sup_value: true, or remove it"
        message = "DMS does not use it without use_csv_no_sup_value"
        yield ("csv_no_sup_value",), mistake(message, fix=fix)


def _catalog(target: Target) -> Iterator[Placed]:
    """Glue reads full load and changes as one table, so both need the operation's column."""
    without_operation = target.settings.get("include_op_for_full_load") is False
    if target.on("glue_catalog_generation") and target.format == "csv" and without_operation:
        message = "glue_catalog_generation needs the operation in the full load's files, too"
        yield ("include_op_for_full_load",), mistake(message, fix="remove it")


def _acl(target: Target) -> Iterator[Placed]:
    acl = target.settings.get("canned_acl_for_objects")
    if target.existing is False and acl is not None and acl not in _ACLS_OF_NEW_BUCKETS:
        message = "the bucket that dmslake creates takes no access control lists but "
        fix = "use one of these, or a bucket of yours with existing: true"
        names = " and ".join(_ACLS_OF_NEW_BUCKETS)
        yield ("canned_acl_for_objects",), mistake(message + names, fix=fix)
