"""What an endpoint of each engine must and must not hold, and how its settings read back."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue

from dmslake.sandbox.dms.engines import (
    NEEDS_DATABASE_NAME,
    SETTINGS_OF_ENGINE,
    WITHOUT_DATABASE_SERVER,
    is_valid,
    ssl_modes,
)
from dmslake.sandbox.dms.faults import (
    Fault,
    blank,
    invalid_combination,
    invalid_value,
)
from dmslake.sandbox.dms.model import fold
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.replication.failures import SettingsError
from dmslake.sandbox.dms.replication.target_settings import read_target_settings

LAST_PORT = 65535
CONNECTION = ("Username", "Password", "ServerName", "Port", "DatabaseName")
_POSTGRES_DEFAULTS: Json = {
    "CaptureDdls": True,
    "ExecuteTimeout": 60,
    "FailTasksOnLobTruncation": False,
    "HeartbeatEnable": False,
    "HeartbeatFrequency": 5,
    "HeartbeatSchema": "public",
    "MapBooleanAsBoolean": False,
    "PluginName": "no-preference",
    "TrimSpaceInChar": True,
}
_S3_DEFAULTS: Json = {
    "AddColumnName": False,
    "AddTrailingPaddingCharacter": False,
    "BucketFolder": "",
    "CannedAclForObjects": "none",
    "CdcInsertsAndUpdates": False,
    "CdcInsertsOnly": False,
    "CdcMaxBatchInterval": 60,
    "CdcMinFileSize": 32000,
    "CompressionType": "NONE",
    "CsvDelimiter": ",",
    "CsvRowDelimiter": "\\n",
    "DataFormat": "csv",
    "DataPageSize": 1048576,
    "DatePartitionDelimiter": "SLASH",
    "DatePartitionEnabled": False,
    "DatePartitionSequence": "yyyymmdd",
    "DictPageSizeLimit": 1048576,
    "EnableStatistics": True,
    "EncodingType": "rle-dictionary",
    "EncryptionMode": "sse-s3",
    "GlueCatalogGeneration": False,
    "IgnoreHeaderRows": 0,
    "IncludeOpForFullLoad": False,
    "MaxFileSize": 1048576,
    "ParquetTimestampInMillisecond": False,
    "ParquetVersion": "parquet-1-0",
    "PreserveTransactions": False,
    "Rfc4180": True,
    "RowGroupLength": 10000,
    "UseCsvNoSupValue": False,
    "UseTaskStartTimeForFullLoadTimestamp": False,
}
_DEFAULTS: dict[str, Json] = {
    "PostgreSQLSettings": _POSTGRES_DEFAULTS,
    "S3Settings": _S3_DEFAULTS,
}
_RANGES = {
    "MaxFileSize": (1, 1048576),
    "CdcMaxBatchInterval": (0, 2**31 - 1),
    "CdcMinFileSize": (0, 2**31 - 1),
    "IgnoreHeaderRows": (0, 1),
}


@dataclass(frozen=True)
class Draft:
    """An endpoint as it would be stored, before its rules are checked."""

    type: str
    engine: str
    attributes: Json
    settings: Json
    secrets: dict[str, str] = field(repr=False)

    def connection(self, name: str) -> JsonValue:
        """Return a connection member: top level first, as the service does."""
        if name == "Password":
            return self.secrets.get(name)
        top = self.attributes.get(name)
        return self.settings.get(name) if top is None else top


def check(draft: Draft, *, writable: bool = True) -> None:
    """Refuse an endpoint that AWS, or with `writable` the sandbox, would not take.

    Raises:
        Fault: InvalidParameterValueException or InvalidParameterCombinationException.
    """
    if not is_valid(draft.engine, draft.type):
        raise invalid_value(f"The engine {draft.engine} is not valid for a {draft.type} endpoint.")
    if draft.engine == "s3":
        _check_no_server(draft)
        _check_s3(draft.settings, is_target=draft.type == "target")
        if writable and draft.type == "target":
            check_writable(draft.settings)
    elif draft.engine in WITHOUT_DATABASE_SERVER:
        _check_no_server(draft)
    else:
        _check_server(draft)
    _check_ssl(draft)


def shown_settings(engine: str, settings: Json) -> Json:
    """Return the settings as a Describe shows them: with defaults, and enums in the echo's case."""
    defaults = _DEFAULTS.get(SETTINGS_OF_ENGINE[engine] or "", {})
    return {**defaults, **{name: _echo(name, value) for name, value in settings.items()}}


def check_for_task(settings: Json) -> None:
    """Check what the service checks of an S3 target only when a task is created."""
    if settings.get("TimestampColumnName") == "":
        raise invalid_value("TimestampColumnName cannot be an empty string.")
    _check_s3(settings, is_target=True)


def _echo(name: str, value: JsonValue) -> JsonValue:
    # Terraform normalises exactly these: the echo's case is not that of the API model.
    if not isinstance(value, str):
        return value
    if name in {"CompressionType", "DatePartitionDelimiter"}:
        return value.upper()
    if name in {"DatePartitionSequence", "CannedAclForObjects"}:
        return value.lower()
    if name in {"EncryptionMode", "DataFormat", "EncodingType", "ParquetVersion"}:
        return fold(value)
    return value


def _check_no_server(draft: Draft) -> None:
    given = [name for name in CONNECTION if draft.attributes.get(name) is not None]
    if draft.secrets:
        given.insert(0, "Password")
    if given:
        raise invalid_combination(
            f"The parameters {', '.join(given)} are not valid for engine {draft.engine}."
        )


def _check_server(draft: Draft) -> None:
    secret = [
        name
        for name in ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
        if draft.settings.get(name)
    ]
    if secret:
        _check_secret(draft, secret)
    else:
        for name in _required(draft):
            if draft.connection(name) in {None, ""}:
                raise blank(name)
        _check_port(draft.connection("Port"))
    _check_oracle_asm(draft)
    if draft.engine in NEEDS_DATABASE_NAME and not draft.connection("DatabaseName"):
        raise blank("DatabaseName")


def _required(draft: Draft) -> tuple[str, ...]:
    if draft.engine == "mongodb" and draft.settings.get("AuthType") == "no":
        return ("ServerName", "Port")
    return ("Password", "Username", "ServerName", "Port")


def _check_oracle_asm(draft: Draft) -> None:
    pair = ("SecretsManagerOracleAsmAccessRoleArn", "SecretsManagerOracleAsmSecretId")
    given = [name for name in pair if draft.settings.get(name)]
    if len(given) == 1:
        raise blank(next(name for name in pair if name not in given))


def _check_secret(draft: Draft, secret: list[str]) -> None:
    for name in ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId"):
        if name not in secret:
            raise blank(name)
    for name in ("Password", "Username", "ServerName", "Port"):
        if draft.connection(name) is not None:
            raise invalid_combination(
                f"The parameter {name} cannot be given together with SecretsManagerSecretId."
            )


def _check_port(port: JsonValue) -> None:
    if not isinstance(port, int) or not 1 <= port <= LAST_PORT:
        raise invalid_value(f"The parameter Port must be 1 to {LAST_PORT}, not {port}.")


def _check_ssl(draft: Draft) -> None:
    mode = str(draft.attributes.get("SslMode") or "none")
    allowed = ssl_modes(draft.engine)
    if mode not in allowed:
        raise invalid_combination(
            f"SSL mode {mode} is not supported for {draft.engine}; use {' or '.join(allowed)}."
        )
    if mode in {"verify-ca", "verify-full"} and not draft.attributes.get("CertificateArn"):
        raise invalid_combination(f"SSL mode {mode} requires a CertificateArn.")


def _check_s3(settings: Json, *, is_target: bool) -> None:
    required = ("BucketName", "ServiceAccessRoleArn")
    for name in required if is_target else (*required, "ExternalTableDefinition"):
        if not settings.get(name):
            raise blank(name)
    _check_s3_exclusions(settings)
    for name, (least, most) in _RANGES.items():
        value = settings.get(name)
        if isinstance(value, int) and not least <= value <= most:
            raise invalid_value(f"{name} must be in the range {least} to {most}, not {value}.")


def check_writable(settings: Json) -> None:
    """Refuse the settings of an S3 target for files that the sandbox cannot write."""
    try:
        read_target_settings(settings)
    except SettingsError as error:
        raise invalid_value(f"Not in the dmslake sandbox: {error}") from error


def _check_s3_exclusions(settings: Json) -> None:
    if settings.get("CdcInsertsOnly") is True and settings.get("CdcInsertsAndUpdates") is True:
        raise _exclusive("CdcInsertsOnly", "CdcInsertsAndUpdates")
    transactions = "PreserveTransactions" if settings.get("PreserveTransactions") is True else ""
    if transactions and not settings.get("CdcPath"):
        raise invalid_combination("CdcPath is required when PreserveTransactions is true.")
    transactions = transactions or ("CdcPath" if settings.get("CdcPath") else "")
    for name in ("AddColumnName", "DatePartitionEnabled", "GlueCatalogGeneration"):
        if transactions and settings.get(name) is True:
            raise _exclusive(name, transactions)


def _exclusive(one: str, other: str) -> Fault:
    return invalid_combination(f"{one} and {other} cannot be used together.")
