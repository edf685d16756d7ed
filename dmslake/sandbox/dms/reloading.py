"""Tables loaded again while their task, or their serverless replication, runs."""

from __future__ import annotations

from dmslake.sandbox.dms import replication_configs, tasks
from dmslake.sandbox.dms.faults import invalid_combination, invalid_state, invalid_value, not_found
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Runnable
from dmslake.sandbox.dms.run_view import tables_of
from dmslake.sandbox.dms.service import Call

MOST_RELOADED = 10


def reload_task_tables(call: Call) -> Json:
    """ReloadTables: TargetTablePrepMode applies to each table, then it is loaded from row one."""
    with call.service.lock:
        task = tasks.find(call.service, call.input.text("ReplicationTaskArn"))
        _reload(call, task, f"Replication Task {task.name}")
    return {"ReplicationTaskArn": task.arn}


def reload_replication_tables(call: Call) -> Json:
    """ReloadReplicationTables: the same for a serverless replication."""
    with call.service.lock:
        config = replication_configs.find(call.service, call.input.text("ReplicationConfigArn"))
        _reload(call, config, f"Replication {config.name}")
    return {"ReplicationConfigArn": config.arn}


def _reload(call: Call, runnable: Runnable, who: str) -> None:
    service = call.service
    if runnable.status != "running":
        raise invalid_state(f"{who} is currently not running.")
    if runnable.migration_type == "cdc":
        raise invalid_state(f"{who} is of type cdc, so its tables cannot be reloaded.")
    if call.input.optional_text("ReloadOption") == "validate-only":
        raise invalid_combination(f"{who} does not validate data, so validate-only is not valid.")
    named = _named(call)
    known = {(table.schema, table.table) for table in tables_of(service, runnable)}
    missing = [f"{schema}.{table}" for schema, table in named if (schema, table) not in known]
    if missing:
        raise not_found(f"{who} has no table {', '.join(missing)}.")
    service.runs.reload(runnable.arn, named)


def _named(call: Call) -> list[tuple[str, str]]:
    named = [
        (one.text("SchemaName"), one.text("TableName"))
        for one in call.input.structures("TablesToReload")
    ]
    if not 1 <= len(named) <= MOST_RELOADED or len(set(named)) != len(named):
        raise invalid_value(f"TablesToReload must name 1 to {MOST_RELOADED} different tables.")
    return named
