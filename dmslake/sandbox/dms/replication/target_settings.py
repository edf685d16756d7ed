"""The S3 settings of a target endpoint, read into the words that the writers use.

Defaults are those of the service as files show them (an empty field for NULL, LF after every row).
What would change the files and is not done here is refused by name, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dmslake.sandbox.dms.replication.failures import SettingsError

_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}
_REFUSED = ("PreserveTransactions", "CdcPath", "GlueCatalogGeneration")
_DATE_PATTERNS = {
    "yyyymmdd": ("%Y", "%m", "%d"),
    "yyyymmddhh": ("%Y", "%m", "%d", "%H"),
    "yyyymm": ("%Y", "%m"),
    "mmyyyydd": ("%m", "%Y", "%d"),
    "ddmmyyyy": ("%d", "%m", "%Y"),
}
_DATE_DELIMITERS = {"slash": "/", "dash": "-", "underscore": "_", "none": ""}


@dataclass(frozen=True, kw_only=True)
class CsvFraming:
    """How values become a CSV row; `quoted` is the setting Rfc4180."""

    delimiter: str = ","
    row_delimiter: str = "\n"
    null: str = ""
    quoted: bool = True


@dataclass(frozen=True, kw_only=True)
class TargetSettings:
    """S3Settings, ready for use: sizes in bytes, the interval in seconds.

    `date_pattern` is the strftime pattern of the date folders, empty without them.
    `encryption` holds boto3's upload arguments for encryption, ACL and the bucket's owner.
    """

    framing: CsvFraming
    header: bool
    op_in_load: bool
    inserts_only: bool
    inserts_and_updates: bool
    timestamp_column: str
    task_start_as_timestamp: bool
    max_file_bytes: int
    batch_seconds: int
    batch_bytes: int
    gzip: bool
    date_pattern: str
    timezone: ZoneInfo
    expected_owner: str
    upload_arguments: Mapping[str, str]

    @property
    def op_in_changes(self) -> bool:
        """Whether change rows carry their indicator (guide, "Indicating source DB operations")."""
        if self.inserts_only or self.inserts_and_updates:
            return self.op_in_load
        return True

    @property
    def kept_operations(self) -> str:
        """The indicators of the changes that are written."""
        if self.inserts_only:
            return "I"
        return "IU" if self.inserts_and_updates else "IUD"

    @property
    def extension(self) -> str:
        return ".csv.gz" if self.gzip else ".csv"


def read_target_settings(settings: Mapping[str, object]) -> TargetSettings:
    """Read botocore's `S3Settings` members.

    Raises:
        SettingsError: a value is wrong, or asks for files that are not written here.
    """
    given = _Settings(settings)
    _refuse(given)
    return TargetSettings(
        framing=_framing(given),
        header=given.flag("AddColumnName"),
        op_in_load=given.flag("IncludeOpForFullLoad"),
        inserts_only=given.flag("CdcInsertsOnly"),
        inserts_and_updates=given.flag("CdcInsertsAndUpdates"),
        timestamp_column=given.text("TimestampColumnName"),
        task_start_as_timestamp=given.flag("UseTaskStartTimeForFullLoadTimestamp"),
        max_file_bytes=given.number("MaxFileSize", 1_048_576) * 1024,
        batch_seconds=given.number("CdcMaxBatchInterval", 60),
        batch_bytes=given.number("CdcMinFileSize", 32_000) * 1024,
        gzip=given.folded("CompressionType", "none") == "gzip",
        date_pattern=_date_pattern(given),
        timezone=_timezone(given.text("DatePartitionTimezone") or "UTC"),
        expected_owner=given.text("ExpectedBucketOwner"),
        upload_arguments=_upload_arguments(given),
    )


class _Settings:
    """Typed access to a settings mapping; None counts as absent."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def wants(self, name: str) -> bool:
        return str(self._values.get(name, "")).lower() not in {"", "false", "n"}

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise SettingsError(f"the target setting {name} is not text")
        return value

    def folded(self, name: str, default: str) -> str:
        # The service takes enum values in any case and with either separator, and echoes another.
        return self.text(name, default).lower().replace("_", "-")

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._values.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in {"true", "y"}

    def number(self, name: str, default: int) -> int:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not str(value).isdigit():
            raise SettingsError(f"the target setting {name} is not a number: {value!r}")
        return int(str(value))


def _refuse(given: _Settings) -> None:
    refused = [name for name in _REFUSED if given.wants(name)]
    if given.folded("DataFormat", "csv") != "csv":
        refused.append("DataFormat parquet")
    if refused:
        raise SettingsError(
            f"the target setting {refused[0]} is not supported here", fix="leave it out"
        )
    if given.flag("CdcInsertsOnly") and given.flag("CdcInsertsAndUpdates"):
        raise SettingsError("CdcInsertsOnly and CdcInsertsAndUpdates exclude each other")


def _framing(given: _Settings) -> CsvFraming:
    delimiter = given.text("CsvDelimiter", ",")
    row_delimiter = given.text("CsvRowDelimiter", "\n")
    return CsvFraming(
        delimiter=_ESCAPES.get(delimiter, delimiter) or ",",
        row_delimiter=_ESCAPES.get(row_delimiter, row_delimiter).replace("\\r\\n", "\r\n") or "\n",
        null=given.text("CsvNullValue"),
        quoted=given.flag("Rfc4180", default=True),
    )


def _date_pattern(given: _Settings) -> str:
    if not given.flag("DatePartitionEnabled"):
        return ""
    sequence = given.folded("DatePartitionSequence", "yyyymmdd")
    delimiter = given.folded("DatePartitionDelimiter", "slash")
    if sequence not in _DATE_PATTERNS or delimiter not in _DATE_DELIMITERS:
        raise SettingsError(f"unknown date partition {sequence!r} with delimiter {delimiter!r}")
    return _DATE_DELIMITERS[delimiter].join(_DATE_PATTERNS[sequence])


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"unknown DatePartitionTimezone {name!r}", why=str(error)) from error


def _upload_arguments(given: _Settings) -> dict[str, str]:
    arguments = {}
    if given.folded("EncryptionMode", "sse-s3") == "sse-kms":
        arguments["ServerSideEncryption"] = "aws:kms"
        arguments["SSEKMSKeyId"] = given.text("ServerSideEncryptionKmsKeyId")
    acl = given.folded("CannedAclForObjects", "none")
    if acl != "none":
        arguments["ACL"] = acl
    if given.text("ExpectedBucketOwner"):
        arguments["ExpectedBucketOwner"] = given.text("ExpectedBucketOwner")
    return {name: value for name, value in arguments.items() if value}
