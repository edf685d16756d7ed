"""The replication instance of a task, and the group of its logs: ours, or those of others."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.placement import Placement
from dmslake.blueprint.trigger import LOG_DAYS
from dmslake.engine.resource import Address
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.shared_instance import SharedInstance
from dmslake.spec import Spec


class Machine:
    """What a task runs on."""

    def __init__(self, spec: Spec, names: Names, placement: Placement) -> None:
        self._spec = spec
        self._names = names
        self._placement = placement

    def instance(self) -> tuple[str, Parts]:
        """Return the instance's name (or the ARN of a shared one) and its parts."""
        own = self.own_instance()
        shared = self._spec.replication.instance.arn
        if shared is None:
            return own.name, Parts((own,))
        return shared, Parts((SharedInstance(name=shared),), (own,))

    def own_instance(self) -> ReplicationInstance:
        """Return the instance of ours, wanted or not."""
        wanted = self._spec.replication.instance
        group, address = self._placement.subnet_group
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
            security_groups=self._placement.security_groups,
            engine_version=wanted.engine_version,
            maintenance_window=wanted.maintenance_window,
            kms_key=wanted.kms_key,
            availability_zone=wanted.availability_zone,
            # A task that still runs would make the group of its log anew.
            after=(Address(LogGroup.kind, self._names.task_log_group),) if unwanted else (),
            lives_on=(address,),
            gone_after=(task,) if unwanted else (),
        )

    def log_group(self) -> Parts:
        """Return the group that DMS writes to: ours with an instance of ours."""
        own = LogGroup(
            name=self._names.task_log_group,
            retention_days=LOG_DAYS,
            owner=self._spec.name,
            tags=self._spec.aws.tags,
        )
        shared = self._spec.replication.instance.arn is not None
        return Parts((), (own,)) if shared else Parts((own,))

    def unwanted_log_group(self) -> LogGroup:
        """Return the group as it goes when nothing of ours runs on an instance."""
        return LogGroup(
            name=self._names.task_log_group, retention_days=LOG_DAYS, owner=self._spec.name
        )
