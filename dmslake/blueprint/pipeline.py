"""All resources of a pipeline and which stands on which: the reference architecture, in one page.

The order has its reasons. The trigger (function, permission, notification) stands before the task
starts, so that no object is missed. The instance, which takes minutes, needs nothing but its subnet
group, so that everything else is made meanwhile. Removal runs the same order backwards.
"""

from __future__ import annotations

from typing import Any

from dmslake.aws.clients import Account
from dmslake.blueprint.capture import capture
from dmslake.blueprint.names import Names
from dmslake.blueprint.storage import storage
from dmslake.blueprint.trigger import trigger
from dmslake.engine.resource import Resource
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.task_run import TaskRun
from dmslake.spec import Spec


def pipeline(spec: Spec, account: Account, *, purge: bool = False) -> tuple[Resource[Any], ...]:
    """Return every resource of the pipeline.

    Args:
        spec: what the user wants.
        account: where; ARNs are computed from it.
        purge: whether removal may delete the buckets' data, too.
    """
    names = Names(spec.name, account)
    vpc_role = _account_role(names, "dms-vpc-role", "AmazonDMSVPCManagementRole")
    logs_role = _account_role(names, "dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole")
    buckets = storage(spec, names, purge=purge)
    loading = trigger(spec, names, buckets)
    capturing = capture(spec, names, vpc_role.address, logs_role.address, buckets[0])
    tests = tuple(r.address for r in capturing if isinstance(r, ConnectionTest))
    task = capturing[-1]
    run = TaskRun(
        name=task.name,
        after=(loading[-1].address, *tests),
        lives_on=(task.address,),
    )
    return (vpc_role, logs_role, *buckets, *loading, *capturing, run)


def _account_role(names: Names, name: str, policy: str) -> AccountRole:
    return AccountRole(name=name, managed_policy=names.managed_policy_arn(policy))
