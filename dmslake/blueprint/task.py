"""The replication as a task on an instance: its tests, its run, and who is told of it."""

from __future__ import annotations

from dmslake.blueprint.machine import Machine
from dmslake.blueprint.mappings import exact_tables, table_rules
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.surroundings import Surroundings
from dmslake.blueprint.task_settings import task_settings
from dmslake.engine.resource import Address
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.event_subscription import EventSubscription
from dmslake.kinds.replication_config import ReplicationConfig
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.table_loads import TableLoads
from dmslake.kinds.task_run import TaskRun
from dmslake.spec import Spec

CHECKPOINTS = ".dmslake/checkpoints"


class OnInstance:
    """What a task needs."""

    def __init__(self, spec: Spec, names: Names, around: Surroundings, machine: Machine) -> None:
        self._spec = spec
        self._names = names
        self._around = around
        self._machine = machine

    def wanted(self) -> Parts:
        """Return the instance, the task, and what belongs to both."""
        instance, machine = self._machine.instance()
        log_group = self._machine.log_group()
        task = self._task(instance, machine, log_group)
        ends = (self._around.source, self._around.target)
        tests = tuple(self._test(end, instance, machine) for end in ends)
        run = TaskRun(
            name=task.name,
            after=(self._around.opened, *(test.address for test in tests)),
            lives_on=(task.address,),
        )
        wanted = (*tests, *log_group.wanted, task, run, *self._loads(run), *self._events(task))
        unwanted = log_group.unwanted if self._spec.replication.notifications else (
            *log_group.unwanted, self._unwanted_events(),
        )  # fmt: skip
        return machine + Parts(wanted, unwanted)

    def unwanted(self) -> Parts:
        """Return what goes when Serverless does the work."""
        instance = self._machine.own_instance()
        log_group = self._machine.unwanted_log_group()
        task = ReplicationTask(
            name=self._names.task,
            source=self._around.source.name,
            target=self._around.target.name,
            instance=instance.name,
            migration_type=self._spec.replication.type,
            rules=(),
            settings={},
            checkpoints=(self._spec.staging.bucket, CHECKPOINTS),
            owner=self._spec.name,
            after=(log_group.address,),
            lives_on=(*self._around.ends, instance.address),
        )
        run = TaskRun(name=task.name, lives_on=(task.address,))
        return Parts((), (instance, task, run, log_group, self._unwanted_events()))

    def _task(self, instance: str, machine: Parts, logs: Parts) -> ReplicationTask:
        replication = self._spec.replication
        start = replication.start
        before = (self._around.logs_role, *(r.address for r in logs.wanted))
        # Two replications that write the same files must never run at once.
        serverless = Address(ReplicationConfig.kind, self._names.serverless)
        return ReplicationTask(
            name=self._names.task,
            source=self._around.source.name,
            target=self._around.target.name,
            instance=instance,
            migration_type=replication.type,
            rules=table_rules(self._spec.tables),
            settings=task_settings(replication.settings),
            start_position=start.position if start else None,
            start_time=start.time if start else None,
            checkpoints=(self._spec.staging.bucket, CHECKPOINTS),
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            after=(*before, serverless),
            lives_on=(*self._around.ends, machine.wanted[0].address),
        )

    def _test(self, endpoint: Endpoint, instance: str, machine: Parts) -> ConnectionTest:
        return ConnectionTest(
            name=endpoint.name,
            endpoint=endpoint.name,
            instance=instance,
            direction=endpoint.direction,
            lives_on=(endpoint.address, machine.wanted[0].address),
        )

    def _loads(self, run: TaskRun) -> tuple[TableLoads, ...]:
        """Return what loads tables that were added to the mapping of a task that ran before."""
        if self._spec.replication.type == "cdc":
            return ()
        tables = exact_tables(table_rules(self._spec.tables))
        return (TableLoads(name=run.name, task=run.name, tables=tables, lives_on=(run.address,)),)

    def _events(self, task: ReplicationTask) -> tuple[EventSubscription, ...]:
        wanted = self._spec.replication.notifications
        if wanted is None:
            return ()
        return (
            EventSubscription(
                name=self._names.subscription,
                topic=wanted.topic,
                source_type="replication-task",
                source_ids=(task.name,),
                categories=wanted.categories,
                owner=self._spec.name,
                tags=self._spec.aws.tags,
                after=(task.address,),
            ),
        )

    def _unwanted_events(self) -> EventSubscription:
        return EventSubscription(
            name=self._names.subscription,
            topic="",
            source_type="replication-task",
            source_ids=(),
            categories=(),
            owner=self._spec.name,
        )
