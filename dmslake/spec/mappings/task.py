"""The task whose table mapping is checked: what it reads, and how."""

from dataclasses import dataclass

_MYSQL = ("mysql", "mariadb", "aurora", "aurora-serverless", "gcp-mysql")
_POSTGRES = ("postgres", "aurora-postgresql", "aurora-postgresql-serverless")
_SQLSERVER = ("sqlserver", "azuredb", "azure-sql-managed-instance")
_DB2 = ("db2", "db2-zos")
_DOCUMENTS = ("mongodb", "docdb")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A replication task: its source's engine, and full-load, cdc, full-load-and-cdc or None.

    The type is None where the caller does not know it.
    """

    engine: str
    replication_type: str | None

    @property
    def reads_postgres(self) -> bool:
        return self.engine in _POSTGRES

    @property
    def reads_oracle(self) -> bool:
        return self.engine == "oracle"

    @property
    def reads_documents(self) -> bool:
        return self.engine in _DOCUMENTS

    @property
    def reads_users(self) -> bool:
        """Tell whether changes carry the name of their user."""
        return self.reads_oracle or self.engine in _SQLSERVER

    @property
    def stores_upper_case(self) -> bool:
        return self.reads_oracle or self.engine in _DB2
