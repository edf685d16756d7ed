"""What runs the replication: an instance of ours, one that others share with us, or Serverless."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.blueprint.mappings import exact_tables, table_rules
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.task_settings import task_settings
from dmslake.blueprint.trigger import LOG_DAYS
from dmslake.engine.resource import Address
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.event_subscription import EventSubscription
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.replication import Replication
from dmslake.kinds.replication_config import ReplicationConfig
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.shared_instance import SharedInstance
from dmslake.kinds.shared_subnet_group import SharedSubnetGroup
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.kinds.table_loads import TableLoads
from dmslake.kinds.task_run import TaskRun
from dmslake.spec import Network, Spec

CHECKPOINTS = ".dmslake/checkpoints"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the replication stands on.

    Attributes:
        opened: what must be ready before the first object may be staged.
    """

    source: Endpoint
    target: Endpoint
    vpc_role: Address
    logs_role: Address
    opened: Address


class Compute:
    """The resources that run one pipeline's replication, whichever way they do it."""

    def __init__(self, spec: Spec, names: Names, around: Surroundings) -> None:
        self._spec = spec
        self._names = names
        self._around = around
        self._ends = (around.source.address, around.target.address)

    def parts(self) -> Parts:
        """Return what the spec asks for, and what it would have asked for otherwise."""
        if self._spec.replication.serverless is not None:
            return self._network() + self._serverless() + self._without_task()
        return self._network() + self._task() + Parts((), self._unwanted_serverless())

    # The network

    def _network(self) -> Parts:
        network = self._spec.replication.network
        own = self._subnet_group(network)
        if network is None:  # a shared instance stands where it stands
            return Parts((), (own,))
        if network.subnet_group is None:
            return Parts((own,))
        return Parts((SharedSubnetGroup(name=network.subnet_group),), (own,))

    def _subnet_group(self, network: Network | None) -> SubnetGroup:
        return SubnetGroup(
            name=self._names.subnet_group,
            subnets=network.subnets if network else (),
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            after=(self._around.vpc_role,),
        )

    def _group(self) -> tuple[str, Address]:
        network = self._spec.replication.network
        if network is not None and network.subnet_group is not None:
            return network.subnet_group, Address(SharedSubnetGroup.kind, network.subnet_group)
        name = self._names.subnet_group
        return name, Address(SubnetGroup.kind, name)

    def _security_groups(self) -> tuple[str, ...]:
        network = self._spec.replication.network
        return network.security_groups if network else ()

    # A task on an instance

    def _task(self) -> Parts:
        instance, machine = self._instance()
        log_group = self._log_group()
        task = self._replication_task(instance, machine, log_group)
        tests = tuple(self._test(e, instance, machine) for e in self._endpoints())
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

    def _endpoints(self) -> tuple[Endpoint, Endpoint]:
        return self._around.source, self._around.target

    def _instance(self) -> tuple[str, Parts]:
        """Return the instance's name (or the ARN of a shared one) and its parts."""
        own = self._own_instance()
        shared = self._spec.replication.instance.arn
        if shared is None:
            return own.name, Parts((own,))
        return shared, Parts((SharedInstance(name=shared),), (own,))

    def _own_instance(self) -> ReplicationInstance:
        wanted = self._spec.replication.instance
        group, address = self._group()
        unwanted = wanted.arn is not None
        task = Address(ReplicationTask.kind, self._names.task)
        return ReplicationInstance(
            name=self._names.instance,
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            instance_class=wanted.instance_class,
            storage_gb=wanted.storage_gb,
            multi_az=wanted.multi_az,
            subnet_group=group,
            security_groups=self._security_groups(),
            engine_version=wanted.engine_version,
            maintenance_window=wanted.maintenance_window,
            kms_key=wanted.kms_key,
            availability_zone=wanted.availability_zone,
            # A task that still runs would make the group of its log anew.
            after=(Address(LogGroup.kind, self._names.task_log_group),) if unwanted else (),
            lives_on=(address,),
            gone_after=(task,) if unwanted else (),
        )

    def _log_group(self) -> Parts:
        """Return the group that DMS writes to: ours with an instance of ours."""
        own = LogGroup(
            name=self._names.task_log_group,
            retention_days=LOG_DAYS,
            owner=self._spec.name,
            tags=self._spec.aws.tags,
        )
        shared = self._spec.replication.instance.arn is not None
        return Parts((), (own,)) if shared else Parts((own,))

    def _replication_task(self, instance: str, machine: Parts, logs: Parts) -> ReplicationTask:
        replication = self._spec.replication
        start = replication.start
        before = (self._around.logs_role, *(r.address for r in logs.wanted))
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
            after=(*before, *self._gone_serverless()),
            lives_on=(*self._ends, machine.wanted[0].address),
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

    # Serverless

    def _serverless(self) -> Parts:
        config = self._config(after=(Address(TaskRun.kind, self._names.task),))
        run = Replication(
            name=config.name, after=(self._around.opened,), lives_on=(config.address,)
        )
        return Parts((config, run))

    def _config(self, after: tuple[Address, ...] = ()) -> ReplicationConfig:
        serverless = self._spec.replication.serverless
        group, address = self._group()
        return ReplicationConfig(
            name=self._names.serverless,
            source=self._around.source.name,
            target=self._around.target.name,
            migration_type=self._spec.replication.type,
            rules=table_rules(self._spec.tables),
            settings=task_settings(self._spec.replication.settings),
            min_capacity=serverless.min_capacity if serverless else 1,
            max_capacity=serverless.max_capacity if serverless else 1,
            multi_az=serverless.multi_az if serverless else False,
            subnet_group=group,
            security_groups=self._security_groups(),
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            after=after,
            lives_on=(*self._ends, address) if serverless else self._ends,
        )

    def _gone_serverless(self) -> tuple[Address, ...]:
        """Two replications that write the same files must never run at once."""
        return (Address(ReplicationConfig.kind, self._names.serverless),)

    def _unwanted_serverless(self) -> tuple[Replication | ReplicationConfig, ...]:
        config = self._config()
        return config, Replication(name=config.name, lives_on=(config.address,))

    def _without_task(self) -> Parts:
        """Return what a task would stand on, which Serverless does without."""
        instance = self._own_instance()
        log_group = LogGroup(
            name=self._names.task_log_group, retention_days=LOG_DAYS, owner=self._spec.name
        )
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
            lives_on=(*self._ends, instance.address),
        )
        run = TaskRun(name=task.name, lives_on=(task.address,))
        return Parts((), (instance, task, run, log_group, self._unwanted_events()))
