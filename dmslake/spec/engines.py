"""What AWS DMS knows about the databases it reads: ports, databases, TLS, change capture.

Source: the DMS user guide's pages on sources and on SSL, and the `EngineName` values of
CreateEndpoint. Nothing here that AWS does not state; what it leaves open is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Database(Enum):
    """Whether an endpoint of an engine names one database."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """The rules of one source engine."""

    port: int
    database: Database
    ssl: tuple[str, ...]
    captures_changes: bool = True


# For the MySQL family a database name makes DMS put all tables into that one database.
_MYSQL = EngineRules(
    port=3306, database=Database.FORBIDDEN, ssl=("none", "verify-ca", "verify-full")
)
_POSTGRES = EngineRules(
    port=5432, database=Database.REQUIRED, ssl=("none", "require", "verify-ca", "verify-full")
)
_SQLSERVER = EngineRules(
    port=1433, database=Database.REQUIRED, ssl=("none", "require", "verify-full")
)
_DB2 = EngineRules(port=50000, database=Database.REQUIRED, ssl=("none", "verify-ca"))
_MONGODB = EngineRules(
    port=27017, database=Database.OPTIONAL, ssl=("none", "require", "verify-full")
)

ENGINES: Mapping[str, EngineRules] = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "aurora": _MYSQL,
    "aurora-serverless": _MYSQL,
    "gcp-mysql": _MYSQL,
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
    "aurora-postgresql-serverless": _POSTGRES,
    "oracle": EngineRules(port=1521, database=Database.REQUIRED, ssl=("none", "verify-ca")),
    "sqlserver": _SQLSERVER,
    "azuredb": EngineRules(
        port=1433, database=Database.REQUIRED, ssl=_SQLSERVER.ssl, captures_changes=False
    ),
    "azure-sql-managed-instance": _SQLSERVER,
    "db2": _DB2,
    "db2-zos": EngineRules(
        port=446, database=Database.REQUIRED, ssl=_DB2.ssl, captures_changes=False
    ),
    "sybase": EngineRules(port=5000, database=Database.REQUIRED, ssl=("none", "verify-full")),
    "mongodb": _MONGODB,
    "docdb": _MONGODB,
}

SOURCES_LATER = ("s3",)
"""Engines that DMS can read from and this version cannot set up."""

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
