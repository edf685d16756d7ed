"""What AWS DMS knows about the databases it reads: ports, databases, TLS, change capture.

Source: the DMS user guide's pages on sources, on SSL, on creating endpoints (the characters of
passwords) and on DMS Serverless, and the `EngineName` values of CreateEndpoint. Nothing here that
AWS does not state; what it leaves open is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Database(Enum):
    """Whether an endpoint of an engine names one database."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """The rules of one source engine.

    Args:
        port: the usual one; None where there is no server.
        database: whether an endpoint names one database.
        ssl: the modes that DMS has.
        settings: the member of CreateEndpoint that holds the engine's settings.
        refused_in_passwords: characters that DMS does not take in a password.
        captures_changes: whether DMS can do more than a full load.
        starts_at_a_time: whether DMS can start capturing at a point in time.
        starts_at_a_position: whether DMS can start capturing at a position in the log.
        serverless: whether DMS Serverless reads it.
    """

    port: int | None
    database: Database
    ssl: tuple[str, ...]
    settings: str
    refused_in_passwords: str
    captures_changes: bool = True
    starts_at_a_time: bool = True
    starts_at_a_position: bool = True
    serverless: bool = True


# For the MySQL family a database name makes DMS put all tables into that one database.
_MYSQL = EngineRules(
    port=3306,
    database=Database.FORBIDDEN,
    ssl=("none", "verify-ca", "verify-full"),
    settings="MySQLSettings",
    refused_in_passwords="{};",
)
_POSTGRES = EngineRules(
    port=5432,
    database=Database.REQUIRED,
    ssl=("none", "require", "verify-ca", "verify-full"),
    settings="PostgreSQLSettings",
    refused_in_passwords="{};+%",
    starts_at_a_time=False,
)
_SQLSERVER = EngineRules(
    port=1433,
    database=Database.REQUIRED,
    ssl=("none", "require", "verify-full"),
    settings="MicrosoftSQLServerSettings",
    refused_in_passwords="{},;",
)
# Db2 starts where the extra connection attribute StartFromContext says.
_DB2 = EngineRules(
    port=50000,
    database=Database.REQUIRED,
    ssl=("none", "verify-ca"),
    settings="IBMDb2Settings",
    refused_in_passwords="{}",
    starts_at_a_time=False,
    starts_at_a_position=False,
)
_MONGODB = EngineRules(
    port=27017,
    database=Database.OPTIONAL,
    ssl=("none", "require", "verify-full"),
    settings="MongoDbSettings",
    refused_in_passwords="{}",
)

ENGINES: Mapping[str, EngineRules] = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "aurora": _MYSQL,
    "aurora-serverless": _MYSQL,
    "gcp-mysql": replace(_MYSQL, settings="GcpMySQLSettings"),
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
    "aurora-postgresql-serverless": _POSTGRES,
    "oracle": EngineRules(
        port=1521,
        database=Database.REQUIRED,
        ssl=("none", "verify-ca"),
        settings="OracleSettings",
        refused_in_passwords="{},",
    ),
    "sqlserver": _SQLSERVER,
    "azuredb": replace(_SQLSERVER, refused_in_passwords="{};", captures_changes=False),
    "azure-sql-managed-instance": replace(_SQLSERVER, refused_in_passwords="{};"),
    "db2": _DB2,
    "db2-zos": replace(_DB2, port=446, captures_changes=False),
    "sybase": EngineRules(
        port=5000,
        database=Database.REQUIRED,
        ssl=("none", "verify-full"),
        settings="SybaseSettings",
        refused_in_passwords="{}",
        serverless=False,
    ),
    "mongodb": _MONGODB,
    "docdb": replace(_MONGODB, settings="DocDbSettings"),
    "s3": EngineRules(
        port=None,
        database=Database.FORBIDDEN,
        ssl=("none",),
        settings="S3Settings",
        refused_in_passwords="",
    ),
}

OTHER_NAMES: Mapping[str, str] = {
    "aurora-mysql": "aurora",
    "ase": "sybase",
    "azure-sql": "azuredb",
    "documentdb": "docdb",
    "mongo": "mongodb",
    "mssql": "sqlserver",
    "pg": "postgres",
    "postgresql": "postgres",
    "sql-server": "sqlserver",
}
"""What people call an engine, and what DMS calls it."""
