"""All resources of a pipeline and which stands on which: the reference architecture, in one page.

The order has its reasons. The trigger (function, permission, notification) stands before the task
starts, so that no object is missed. The instance, which takes minutes, needs nothing but its subnet
group, so that everything else is made meanwhile. Removal runs the same order backwards, and lets
the loader finish what is staged before it goes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dmslake.aws.clients import Account
from dmslake.blueprint.batch import batch_role
from dmslake.blueprint.compute import compute
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.source import source_endpoint
from dmslake.blueprint.storage import storage
from dmslake.blueprint.surroundings import Surroundings
from dmslake.blueprint.target import target_endpoint
from dmslake.blueprint.trigger import drain, trigger
from dmslake.engine.resource import Address, Resource
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.replication import Replication
from dmslake.kinds.task_run import TaskRun
from dmslake.spec import Spec


def pipeline(spec: Spec, account: Account) -> Parts:
    """Return every resource of the pipeline in `account`, wanted and unwanted."""
    return _pipeline(spec, Names(spec.name, account), purge=None)


def removal(spec: Spec, account: Account, *, purge: bool = False) -> tuple[Resource[Any], ...]:
    """Return everything that removal has to look at; `purge`: also the data in our buckets."""
    names = Names(spec.name, account)
    draining = drain(spec, names)
    made = _pipeline(spec, names, purge=purge).all
    # Jobs of S3 Batch Operations make their role for themselves, and a run may have been given up.
    left = batch_role(spec, names, "*")
    return (*(_stopped_before(draining.address, r) for r in made), draining, left)


def _stopped_before(draining: Address, resource: Resource[Any]) -> Resource[Any]:
    if not isinstance(resource, TaskRun | Replication):
        return resource
    return replace(resource, after=(*resource.after, draining))


def _pipeline(spec: Spec, names: Names, *, purge: bool | None) -> Parts:
    vpc_role = _account_role(names, "dms-vpc-role", "AmazonDMSVPCManagementRole")
    logs_role = _account_role(names, "dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole")
    places = storage(spec, names, purge=purge)
    loading, opened = trigger(spec, names, places)
    source, reading = source_endpoint(spec, names)
    target, writing = target_endpoint(spec, names, places.staging.address)
    around = Surroundings(
        source=source,
        target=target,
        vpc_role=vpc_role.address,
        logs_role=logs_role.address,
        opened=opened,
    )
    base = Parts((vpc_role, logs_role, *places.buckets))
    return base + loading + reading + writing + compute(spec, names, around)


def _account_role(names: Names, name: str, policy: str) -> AccountRole:
    return AccountRole(name=name, managed_policy=names.managed_policy_arn(policy))
