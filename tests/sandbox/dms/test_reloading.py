from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmslake.sandbox.dms.replication.model import TableState, TableStatistics
from tests.sandbox.dms.harness import Harness, refusal

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import TableToReloadTypeDef

STATE = "InvalidResourceStateFault"
VALUE = "InvalidParameterValueException"
ORDERS: TableToReloadTypeDef = {"SchemaName": "public", "TableName": "orders"}
SEEN = (TableStatistics(schema="public", table="orders", state=TableState.COMPLETED),)


def refused(dms: Harness, task: str, *named: object, **more: Any) -> str:
    asked = {"ReplicationTaskArn": task, "TablesToReload": list(named), **more}
    return refusal(dms.client.reload_tables, **asked)[0]


def test_tables_of_a_running_task_are_loaded_again(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    run = dms.start_task(task)
    run.tables = SEEN

    answer = dms.client.reload_tables(
        ReplicationTaskArn=task, TablesToReload=[ORDERS], ReloadOption="data-reload"
    )

    assert answer["ReplicationTaskArn"] == task
    assert run.reloaded == [("public", "orders")]


def test_which_reloads_are_refused(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    assert refused(dms, task, ORDERS) == STATE
    changes = dms.create_task(parts, "changes", MigrationType="cdc")
    dms.start_task(changes)
    assert refused(dms, changes, ORDERS) == STATE
    run = dms.start_task(task)
    run.tables = SEEN
    many = [{"SchemaName": "public", "TableName": f"t{n}"} for n in range(11)]

    assert refused(dms, task, ORDERS, ORDERS) == VALUE
    assert refused(dms, task, *many) == VALUE
    assert refused(dms, task) == VALUE
    assert refused(dms, task, many[0]) == "ResourceNotFoundFault"
    assert refused(dms, f"{task}x", ORDERS) == "ResourceNotFoundFault"
    validate = refused(dms, task, ORDERS, ReloadOption="validate-only")
    assert validate == "InvalidParameterCombinationException"
    assert run.reloaded == []
