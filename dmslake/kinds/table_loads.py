"""The tables of the mapping that the task has not loaded: added while it was past its full load.

Whether DMS loads a table that is new in the mapping when the task is resumed is not documented. It
is given the time to; what it has not begun by then is loaded by name. Nothing that is loaded, or
being loaded, is loaded again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of, unless_absent
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.kinds.replication_task import find_task

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ReplicationTaskTypeDef, TableStatisticsTypeDef

Table = tuple[str, str]

_PAGE = 500  # the most that DescribeTableStatistics gives at once
_AT_ONCE = 10  # the most that ReloadTables takes
_GRACE, _PAUSE = 60, 2  # seconds: DMS lists its tables, and begins with them, in less
_ALL = 100  # per cent
_WAITING = "Before load"
# The answers for a table that the source does not have, or a task that was stopped meanwhile.
_CANNOT = ("InvalidResourceStateFault", "ResourceNotFoundFault", "InvalidParameterValueException")


@dataclass(frozen=True, kw_only=True)
class TableLoads(Resource[Clients]):
    """The loads of the tables that the mapping of `task` names, as schema and table."""

    kind: ClassVar[str] = "table_loads"
    restarts: ClassVar[bool] = True
    removable: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=30, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=("dms:DescribeReplicationTasks", "dms:DescribeTableStatistics"),
        create=(
            "dms:DescribeReplicationTasks", "dms:DescribeTableStatistics", "dms:ReloadTables",
        ),
        update=(
            "dms:DescribeReplicationTasks", "dms:DescribeTableStatistics", "dms:ReloadTables",
        ),
    )  # fmt: skip

    task: str
    tables: tuple[Table, ...]
    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)

    def describe(self) -> str:
        return f"table loads of replication task {self.task}"

    def desired(self) -> Attributes:
        return {"unloaded": ()}

    def read(self, aws: Clients) -> Live | None:
        loads = self._look(aws)
        waiting = loads.waiting if loads else ()
        return Live(attributes={"unloaded": tuple(f"{s}.{t}" for s, t in waiting)})

    def create(self, aws: Clients) -> None:
        """Load what DMS does not begin to load by itself after the task was started."""
        waited = 0.0
        while True:
            loads = self._look(aws)
            if loads is None or not (loads.waiting or loads.unknown):
                return
            if waited >= _GRACE:
                break
            self.clock.sleep(_PAUSE)
            waited += _PAUSE
        self._load(aws, loads.waiting)
        if loads.complete:
            self._load(aws, loads.unknown)

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - one attribute
        loads = self._look(aws)
        self._load(aws, loads.waiting if loads else ())

    def delete(self, aws: Clients) -> None:
        """Leave them: loads go with their task."""

    def _look(self, aws: Clients) -> _Loads | None:
        """Return what is not loaded; None while it is too early, or too late, to say."""
        task = find_task(aws, self.task) if self.tables else None
        if task is None or not _is_past_its_load(task):
            return None
        statistics: Any = task.get("ReplicationTaskStats") or {}
        rows = _statistics(aws, task["ReplicationTaskArn"])
        known = {(r.get("SchemaName", ""), r.get("TableName", "")): r for r in rows}
        counted = statistics.get("TablesLoaded", 0) + statistics.get("TablesErrored", 0)
        waiting = tuple(t for t in self.tables if t in known and _waits(known[t]))
        return _Loads(
            waiting=waiting,
            unknown=tuple(t for t in self.tables if t not in known),
            complete=0 < counted <= len(rows),
        )

    def _load(self, aws: Clients, tables: tuple[Table, ...]) -> None:
        task = find_task(aws, self.task) if tables else None
        if task is None:
            return
        arn = task["ReplicationTaskArn"]
        for first in range(0, len(tables), _AT_ONCE):
            chosen: Any = [
                {"SchemaName": schema, "TableName": table}
                for schema, table in tables[first : first + _AT_ONCE]
            ]
            refusal_of(lambda: _reload(aws, arn, chosen), *_CANNOT)  # noqa: B023 - called at once


@dataclass(frozen=True, kw_only=True)
class _Loads:
    """What a task has not loaded.

    Attributes:
        waiting: tables that it knows and has not begun with.
        unknown: tables that it does not list.
        complete: whether the list is as long as the task's own count.
    """

    waiting: tuple[Table, ...]
    unknown: tuple[Table, ...]
    complete: bool


def _is_past_its_load(task: ReplicationTaskTypeDef) -> bool:
    statistics: Any = task.get("ReplicationTaskStats") or {}
    busy = statistics.get("TablesLoading", 0) + statistics.get("TablesQueued", 0)
    done = statistics.get("FullLoadProgressPercent", 0) >= _ALL
    over = statistics.get("FullLoadFinishDate") or done
    running = task.get("Status") == "running" and task.get("MigrationType") != "cdc"
    return bool(running and over and not busy)


def _waits(row: TableStatisticsTypeDef) -> bool:
    begun = row.get("FullLoadRows", 0) > 0 or row.get("FullLoadStartTime") is not None
    return row.get("TableState") == _WAITING and not begun


def _statistics(aws: Clients, arn: str) -> list[TableStatisticsTypeDef]:
    """Return the statistics of all tables; a task may say in two ways that it has none yet."""
    rows: list[TableStatisticsTypeDef] = []
    marker: Any = {}
    while True:
        page = unless_absent(
            lambda: aws.dms.describe_table_statistics(
                ReplicationTaskArn=arn,
                MaxRecords=_PAGE,
                **marker,  # noqa: B023 - called at once
            ),
            "ResourceNotFoundFault",
            "InvalidResourceStateFault",
        )
        if page is None:
            return rows
        rows += page["TableStatistics"]
        if not page.get("Marker"):
            return rows
        marker = {"Marker": page["Marker"]}


def _reload(aws: Clients, arn: str, tables: Iterable[Any]) -> object:
    return aws.dms.reload_tables(ReplicationTaskArn=arn, TablesToReload=list(tables))
