"""The replication as DMS Serverless runs it: its configuration, and its run."""

from __future__ import annotations

from dmslake.blueprint.mappings import table_rules
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.placement import Placement
from dmslake.blueprint.surroundings import Surroundings
from dmslake.blueprint.task_settings import task_settings
from dmslake.engine.resource import Address
from dmslake.kinds.replication import Replication
from dmslake.kinds.replication_config import ReplicationConfig
from dmslake.kinds.task_run import TaskRun
from dmslake.spec import Spec


class OnServerless:
    """What Serverless needs."""

    def __init__(
        self, spec: Spec, names: Names, around: Surroundings, placement: Placement
    ) -> None:
        self._spec = spec
        self._names = names
        self._around = around
        self._placement = placement

    def wanted(self) -> Parts:
        """Return the configuration and its run, which begins when that of a task has ended."""
        config = self._config(after=(Address(TaskRun.kind, self._names.task),))
        run = Replication(
            name=config.name, after=(self._around.opened,), lives_on=(config.address,)
        )
        return Parts((config, run))

    def unwanted(self) -> Parts:
        """Return what goes when a task does the work."""
        config = self._config()
        return Parts((), (config, Replication(name=config.name, lives_on=(config.address,))))

    def _config(self, after: tuple[Address, ...] = ()) -> ReplicationConfig:
        serverless = self._spec.replication.serverless
        group, address = self._placement.subnet_group
        ends = self._around.ends
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
            security_groups=self._placement.security_groups,
            owner=self._spec.name,
            tags=self._spec.aws.tags,
            after=after,
            lives_on=(*ends, address) if serverless else ends,
        )
