"""What AWS DMS does with each engine: names, settings structures, SSL modes, change capture."""

from __future__ import annotations

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
# Never at the other end of a migration (user guide, "Sources for DMS", "Targets for DMS").
TARGETS_ONLY = frozenset(
    {"opensearch", "elasticsearch", "redshift", "redshift-serverless", "dynamodb", "kinesis"}
    | {"kafka", "neptune", "redis"}
)
SOURCES_ONLY = frozenset({"mongodb", "dms-transfer"})
# Sources whose changes DMS does not read (user guide, Azure SQL Database and Db2 for z/OS).
FULL_LOAD_ONLY = frozenset({"azuredb", "db2-zos"})
POSTGRESQL = frozenset({"postgres", "aurora-postgresql", "aurora-postgresql-serverless"})
# What a serverless replication reads (user guide, "AWS DMS Serverless").
SERVERLESS_SOURCES = POSTGRESQL | {
    "mysql", "mariadb", "aurora", "aurora-serverless", "oracle", "sqlserver", "db2", "mongodb",
    "docdb",
}  # fmt: skip
_MYSQL = frozenset({"mysql", "mariadb", "aurora", "aurora-serverless", "gcp-mysql"})
_WITHOUT_VERIFY_CA = frozenset(
    {"sqlserver", "azuredb", "azure-sql-managed-instance", "babelfish", "mongodb", "docdb"}
)
_DISPLAY_NAMES = {
    "s3": "Amazon S3",
    "postgres": "PostgreSQL",
    "aurora-postgresql": "Amazon Aurora PostgreSQL",
    "aurora-postgresql-serverless": "Amazon Aurora PostgreSQL Serverless",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "aurora": "Amazon Aurora MySQL",
    "aurora-serverless": "Amazon Aurora MySQL Serverless",
    "gcp-mysql": "Google Cloud for MySQL",
    "oracle": "Oracle",
    "sqlserver": "Microsoft SQL Server",
    "azuredb": "Microsoft Azure SQL Database",
    "azure-sql-managed-instance": "Microsoft Azure SQL Managed Instance",
    "db2": "IBM Db2 LUW",
    "db2-zos": "IBM Db2 for z/OS",
    "sybase": "SAP ASE",
    "mongodb": "MongoDB",
    "docdb": "Amazon DocumentDB",
    "redshift": "Amazon Redshift",
}


def display_name(engine: str) -> str:
    """Return an engine's name for people."""
    return _DISPLAY_NAMES.get(engine, engine)


def ssl_modes(engine: str) -> tuple[str, ...]:
    """Return the SSL modes of an engine (user guide, "Using SSL with AWS DMS")."""
    if engine in _MYSQL:
        return ("none", "verify-ca", "verify-full")
    if engine in _WITHOUT_VERIFY_CA:
        return ("none", "require", "verify-full")
    if engine in {"oracle", "db2", "db2-zos"}:
        return ("none", "verify-ca")
    if engine == "sybase":
        return ("none", "verify-full")
    if engine == "s3":
        return ("none",)
    return ("none", "require", "verify-ca", "verify-full")


def is_valid(engine: str, kind: str) -> bool:
    """Tell whether an engine can be a `source`, or a `target`."""
    return engine not in (TARGETS_ONLY if kind == "source" else SOURCES_ONLY)


def captures_changes(engine: str) -> bool:
    """Tell whether DMS reads the changes of a source of this engine."""
    return engine not in FULL_LOAD_ONLY
