"""Read a DMS Serverless replication and the statistics of its tables, as if it were a task."""

from __future__ import annotations

from typing import Any

from dmslake.aws.clients import Clients
from dmslake.kinds.dms_search import search
from dmslake.kinds.replication_config import find_config, find_replication
from dmslake.monitor.described import Described
from dmslake.monitor.snapshot import TableState, TaskState
from dmslake.monitor.task import table_state, utc


def describe_replication(aws: Clients, name: str) -> Described | None:
    """Return the replication as DMS describes it, or None when there is no such configuration."""
    config = find_config(aws, name)
    if config is None:
        return None
    return Described(
        state=_state(name, find_replication(aws, name) or {}, config),
        arn=config["ReplicationConfigArn"],
        instance_arn=None,
        settings=config.get("ReplicationSettings", "{}"),
    )


def read_replicated_tables(aws: Clients, arn: str) -> tuple[TableState, ...]:
    """Return the tables of a replication in order.

    What DMS provisioned is taken back some time after it stopped, and the statistics with it.
    """
    rows = search(
        aws.dms.describe_replication_table_statistics,
        "ReplicationTableStatistics",
        ReplicationConfigArn=arn,
    )
    return tuple(sorted(map(table_state, rows), key=lambda table: (table.schema, table.table)))


def _state(name: str, replication: Any, config: Any) -> TaskState:
    statistics = replication.get("ReplicationStats") or {}
    return TaskState(
        name=name,
        status=str(replication.get("Status", "ready")).lower(),
        loads=config.get("ReplicationType") != "cdc",
        captures=config.get("ReplicationType") != "full-load",
        stop_reason=str(replication.get("StopReason", "")).removeprefix("Stop Reason "),
        failure="; ".join(replication.get("FailureMessages") or ()),
        full_load_percent=statistics.get("FullLoadProgressPercent", 0),
        tables_loaded=statistics.get("TablesLoaded", 0),
        tables_loading=statistics.get("TablesLoading", 0),
        tables_queued=statistics.get("TablesQueued", 0),
        tables_errored=statistics.get("TablesErrored", 0),
        started=utc(replication.get("StartReplicationDate") or statistics.get("FreshStartDate")),
        full_load_finished=utc(statistics.get("FullLoadFinishDate")),
    )
