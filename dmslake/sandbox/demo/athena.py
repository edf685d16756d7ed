# ruff: noqa: S608  # table and column names are constant; the location is that of our own spec
"""A query over the lake, as an analyst would run it: a table over one folder, and an aggregate.

The statements are Athena's own and run on AWS as they stand; the sandbox's Athena understands them,
too (it finds partitions by their folders and takes no notice of the projection).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmslake.aws.errors import tolerating, translating
from dmslake.engine.clock import Clock, SystemClock
from dmslake.errors import CloudError, WaitError
from dmslake.lake.config import LoaderConfig
from dmslake.lake.objects import as_folder
from dmslake.sandbox.demo.shop_tables import ORDER_COLUMNS, SHOP

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import RowTypeDef
    from mypy_boto3_glue import GlueClient

DATABASE = "dmslake_demo"
_TABLE = f"{DATABASE}.orders"
_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 60.0
_UNFINISHED = frozenset({"QUEUED", "RUNNING"})
# Every column as text: the reader of quoted CSV has no other types that may be empty.
# https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
_REGISTRATION = r"""CREATE EXTERNAL TABLE {table} ({columns})
PARTITIONED BY (year string, month string, day string, hour string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\')
LOCATION '{location}'
TBLPROPERTIES ({projection})"""
# https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
_PROJECTION = {
    "projection.enabled": "true",
    "projection.year.type": "integer",
    "projection.year.range": "2020,2100",
    "projection.month.type": "integer",
    "projection.month.range": "1,12",
    "projection.month.digits": "2",
    "projection.day.type": "integer",
    "projection.day.range": "1,31",
    "projection.day.digits": "2",
    "projection.hour.type": "integer",
    "projection.hour.range": "0,23",
    "projection.hour.digits": "2",
}
_QUERY = f"""SELECT year || '-' || month || '-' || day || ' ' || hour || 'h' AS partition_hour,
       op, count(*) AS records, count(DISTINCT id) AS orders,
       sum(TRY_CAST(total AS decimal(14,2))) AS amount,
       min(dms_ts) AS first_change, max(dms_ts) AS last_change
FROM {_TABLE}
GROUP BY year, month, day, hour, op
ORDER BY partition_hour, op"""


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """A query's answer: `rows` hold text or None; `registration` made the table it reads."""

    registration: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    seconds: float


def query_lake(
    glue: GlueClient,
    athena: AthenaClient,
    loader: LoaderConfig,
    *,
    results: str,
    clock: Clock | None = None,
) -> QueryResult:
    """Make a table of the shop's orders as they lie in the lake, and count what happened to them.

    One row per partition hour and operation. A table that an earlier demo made is replaced.

    Args:
        glue: where the table is registered, in the database `dmslake_demo`.
        athena: what runs the statements.
        loader: whose lake; its layout has to be the default one.
        results: where Athena may write, as `s3://bucket/folder/`.
        clock: lets time pass between looks at the query.

    Raises:
        CloudError: AWS refused, or the query failed.
        WaitError: the query did not end.
    """
    statements = _Statements(athena, results, clock or SystemClock())
    making = "making the demo's database in the Glue catalog"
    with translating(making), tolerating("AlreadyExistsException"):
        glue.create_database(DatabaseInput={"Name": DATABASE})
    registration = _registration(loader)
    statements.run(f"DROP TABLE IF EXISTS {_TABLE}")
    statements.run(registration)
    seconds, (names, *rows) = statements.run(_QUERY)
    return QueryResult(
        registration=registration,
        sql=_QUERY,
        columns=tuple(name or "" for name in names),
        rows=tuple(rows),
        seconds=seconds,
    )


def forget_lake(glue: GlueClient) -> None:
    """Take the demo's database out of the Glue catalog, with its table; the lake stays.

    Raises:
        CloudError: AWS refused; that there is none is no error.
    """
    with translating("removing the demo's database from the Glue catalog"):
        with tolerating("EntityNotFoundException"):
            glue.delete_table(DatabaseName=DATABASE, Name="orders")
        with tolerating("EntityNotFoundException"):
            glue.delete_database(Name=DATABASE)


def _registration(loader: LoaderConfig) -> str:
    columns = ", ".join(f"{name} string" for name in ("op", "dms_ts", *ORDER_COLUMNS))
    folder = f"{as_folder(loader.lake_prefix)}{SHOP}/orders/"
    return _REGISTRATION.format(
        table=_TABLE,
        columns=columns,
        location=f"s3://{loader.lake_bucket}/{folder}",
        projection=", ".join(f"'{name}' = '{value}'" for name, value in _PROJECTION.items()),
    )


@dataclass(frozen=True)
class _Statements:
    athena: AthenaClient
    results: str
    clock: Clock

    def run(self, statement: str) -> tuple[float, list[tuple[str | None, ...]]]:
        """Run a statement to its end; return its seconds and rows, the columns' names first."""
        began = self.clock.now()
        with translating("querying the lake through Athena"):
            execution = self.athena.start_query_execution(
                QueryString=statement,
                QueryExecutionContext={"Database": DATABASE},
                ResultConfiguration={"OutputLocation": self.results},
            )["QueryExecutionId"]
            self._wait(execution, until=began + _LONGEST_SECONDS)
            seconds = self.clock.now() - began
            answer = self.athena.get_query_results(QueryExecutionId=execution)
        return seconds, [_texts(row) for row in answer["ResultSet"]["Rows"]]

    def _wait(self, execution: str, *, until: float) -> None:
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            state = found["Status"]["State"]
            if state == "SUCCEEDED":
                return
            if state not in _UNFINISHED:
                raise CloudError(
                    f"a query of the lake ended as {state.lower()}",
                    why=found["Status"].get("StateChangeReason", "Athena gave no reason"),
                )
            if self.clock.now() > until:
                raise WaitError(
                    "a query of the lake does not end",
                    why=f"Athena runs it for more than {_LONGEST_SECONDS:.0f} s",
                )
            self.clock.sleep(_POLL_SECONDS)


def _texts(row: RowTypeDef) -> tuple[str | None, ...]:
    return tuple(cell.get("VarCharValue") for cell in row["Data"])
