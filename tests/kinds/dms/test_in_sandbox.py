"""Changes to a pipeline that replicates, carried out by the engine on the sandbox's DMS."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.plan import Action, Plan
from dmslake.engine.planner import plan_changes, plan_removal
from dmslake.engine.resource import Address, Resource
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.operations.guard import guard
from dmslake.sandbox.model import Sandbox
from tests.contract.test_kinds_in_sandbox import make_world

NAME = "living"
Resources = tuple[Resource[Any], ...]


def run_sql(sandbox: Sandbox, *statements: str) -> None:
    source = sandbox.source
    with closing(
        psycopg2.connect(
            host=source.host, port=source.port, dbname=source.database,
            user=source.username, password=source.password,
        )
    ) as connection, connection, connection.cursor() as cursor:  # fmt: skip
        for statement in statements:
            cursor.execute(statement)


def carry_out(plan: Plan, aws: Clients) -> Outcome:
    outcome = Applier(plan, aws, guard).run()
    assert outcome.failed == {}
    assert outcome.ok
    return outcome


def planned(resources: Resources, aws: Clients) -> Plan:
    return plan_changes(resources, aws, guard)


def actions(plan: Plan) -> dict[str, Action]:
    return {str(step.address): step.action for step in plan.pending}


@pytest.fixture
def pipeline(sandbox: Sandbox) -> Iterator[tuple[Clients, Resources]]:
    """A pipeline that replicates one table."""
    run_sql(
        sandbox,
        "CREATE SCHEMA IF NOT EXISTS contract",
        "DROP TABLE IF EXISTS contract.more",
        "CREATE TABLE contract.more (id int PRIMARY KEY)",
        "INSERT INTO contract.more VALUES (1), (2)",
    )
    subnets = ", ".join(sandbox.network.subnets[:2])
    world = make_world(sandbox, NAME, f"network: {{subnets: [{subnets}]}}")
    known = {r.address for r in world.resources}
    resources = tuple(_among(r, known) for r in world.resources)
    carry_out(planned(resources, world.aws), world.aws)
    yield world.aws, resources
    carry_out(plan_removal(resources, world.aws, guard), world.aws)


def _among(resource: Resource[Any], known: set[Address]) -> Resource[Any]:
    return dataclasses.replace(resource, after=tuple(a for a in resource.after if a in known))


def rule(number: str, table: str) -> dict[str, Any]:
    return {
        "rule-type": "selection",
        "rule-id": number,
        "rule-name": number,
        "object-locator": {"schema-name": "contract", "table-name": table},
        "rule-action": "include",
    }


def changed(resources: Resources, second: ReplicationInstance) -> Resources:
    """Return the pipeline with another mapping, staging setting and instance."""
    found: list[Resource[Any]] = [second]
    for each in resources:
        resource: Any = each
        bases = tuple(second.address if a.kind == second.kind else a for a in resource.lives_on)
        match resource.kind:
            case "replication_instance":
                continue
            case "replication_task":
                rules = (rule("1", "things"), rule("2", "more"))
                resource = dataclasses.replace(resource, rules=rules, instance=second.name)
            case "connection_test":
                resource = dataclasses.replace(resource, instance=second.name)
            case "endpoint" if resource.direction == "target":
                settings = {**resource.settings, "CdcMaxBatchInterval": 90}
                resource = dataclasses.replace(resource, settings=settings)
            case "table_loads":
                tables = (("contract", "things"), ("contract", "more"))
                resource = dataclasses.replace(resource, tables=tables)
        found.append(dataclasses.replace(resource, lives_on=bases))
    return tuple(found)


def test_everything_changes_at_once_and_the_task_goes_on(
    pipeline: tuple[Clients, Resources],
) -> None:
    aws, resources = pipeline
    assert planned(resources, aws).empty
    instance = next(r for r in resources if isinstance(r, ReplicationInstance))
    second = dataclasses.replace(instance, name=f"{NAME}-second")
    wanted = changed(resources, second)
    plan = planned(wanted, aws)
    assert actions(plan) == {
        "replication_instance.living-second": Action.CREATE,
        "endpoint.living-staging": Action.UPDATE,
        "connection_test.living-source": Action.CREATE,
        "connection_test.living-staging": Action.CREATE,
        "replication_task.living-task": Action.UPDATE,
        "task_run.living-task": Action.RESTART,
        "table_loads.living-task": Action.RESTART,
    }
    notes = {str(step.address): step.note for step in plan.pending}
    assert notes["task_run.living-task"] == "resumes where it is stopped"
    carry_out(plan, aws)
    assert planned(wanted, aws).empty
    task = aws.dms.describe_replication_tasks()["ReplicationTasks"]
    (found,) = [t for t in task if t["ReplicationTaskIdentifier"] == "living-task"]
    assert found["Status"] == "running"
    rows = aws.dms.describe_table_statistics(ReplicationTaskArn=found["ReplicationTaskArn"])
    assert {r["TableName"]: r["TableState"] for r in rows["TableStatistics"]} == {
        "things": "Table completed",
        "more": "Table completed",
    }
    back = (*wanted, instance)
    carry_out(plan_removal(back, aws, guard), aws)
