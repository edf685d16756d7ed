"""What an endpoint of each engine must and must not hold, and how its settings read back."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

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

# CreateEndpoint, EngineName; the settings structure of each (API reference). None: no structure.
SETTINGS_OF_ENGINE: dict[str, str | None] = {
    "mysql": "MySQLSettings",
    "oracle": "OracleSettings",
    "postgres": "PostgreSQLSettings",
    "mariadb": "MySQLSettings",
    "aurora": "MySQLSettings",
    "aurora-postgresql": "PostgreSQLSettings",
    "opensearch": "ElasticsearchSettings",
    "redshift": "RedshiftSettings",
    "s3": "S3Settings",
    "db2": "IBMDb2Settings",
    "db2-zos": "IBMDb2Settings",
    "azuredb": "MicrosoftSQLServerSettings",
    "sybase": "SybaseSettings",
    "dynamodb": "DynamoDbSettings",
    "mongodb": "MongoDbSettings",
    "kinesis": "KinesisSettings",
    "kafka": "KafkaSettings",
    "elasticsearch": "ElasticsearchSettings",
    "docdb": "DocDbSettings",
    "sqlserver": "MicrosoftSQLServerSettings",
    "neptune": "NeptuneSettings",
    "babelfish": "MicrosoftSQLServerSettings",
    "redshift-serverless": "RedshiftSettings",
    "aurora-serverless": "MySQLSettings",
    "aurora-postgresql-serverless": "PostgreSQLSettings",
    "gcp-mysql": "GcpMySQLSettings",
    "azure-sql-managed-instance": "MicrosoftSQLServerSettings",
    "redis": "RedisSettings",
    "dms-transfer": "DmsTransferSettings",
}
WITHOUT_DATABASE_SERVER = frozenset(
    {"s3", "dynamodb", "kinesis", "kafka", "opensearch", "elasticsearch", "neptune", "redis"}
    | {"dms-transfer"}
)
NEEDS_DATABASE_NAME = frozenset(
    {"postgres", "aurora-postgresql", "aurora-postgresql-serverless", "oracle", "sqlserver"}
    | {"azuredb", "azure-sql-managed-instance", "babelfish", "db2", "db2-zos", "sybase", "redshift"}
)
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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An endpoint as it would be stored, before its rules are checked."""

    type: str
    engine: str
    attributes: Json
    settings: Json
    secrets: dict[str, str]

    def connection(self, name: str) -> JsonValue:
        """Return a connection member: top level first, as the service does."""
        if name == "Password":
            return self.secrets.get(name)
        top = self.attributes.get(name)
        return self.settings.get(name) if top is None else top


def check(draft: Draft) -> None:
    """Refuse an endpoint that AWS, or the sandbox, would not take.

    Raises:
        Fault: InvalidParameterValueException or InvalidParameterCombinationException.
    """
    if draft.engine == "s3":
        _check_no_server(draft)
        _check_s3(draft.settings, is_target=draft.type == "target")
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
        for name in ("Password", "Username", "ServerName", "Port"):
            if draft.connection(name) in {None, ""}:
                raise blank(name)
        _check_port(draft.connection("Port"))
    if draft.engine in NEEDS_DATABASE_NAME and not draft.connection("DatabaseName"):
        raise blank("DatabaseName")


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
    mode = draft.attributes.get("SslMode") or "none"
    if draft.engine == "s3" and mode != "none":
        raise invalid_combination("The SSL mode of an s3 endpoint must be none.")
    if draft.engine in {"mysql", "mariadb", "aurora"} and mode == "require":
        raise invalid_combination(f"SSL mode require is not supported for {draft.engine}.")
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
    if is_target:
        _check_writable(settings)


def _check_writable(settings: Json) -> None:
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
