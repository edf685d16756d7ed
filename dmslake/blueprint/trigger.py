"""The loader and what wakes it: from an object created in staging to the function that moves it."""

from __future__ import annotations

from typing import Any

from dmslake.blueprint.archive import HANDLER, lake_archive
from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import loader_policy, loader_trust
from dmslake.engine.resource import Address, Resource
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.failure_destination import FailureDestination
from dmslake.kinds.function import Function
from dmslake.kinds.invoke_permission import InvokePermission
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.queue import Queue
from dmslake.kinds.role import Role
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Clock
from dmslake.spec import Spec

LOG_DAYS = 30


def trigger(spec: Spec, names: Names, buckets: tuple[Bucket, ...]) -> tuple[Resource[Any], ...]:
    """Return the loader with its trigger; the last resource is the one that opens the tap."""
    staging = buckets[0]
    queue = Queue(name=names.dead_letters, owner=spec.name, tags=spec.aws.tags)
    log_group = LogGroup(
        name=names.function_log_group,
        retention_days=LOG_DAYS,
        owner=spec.name,
        tags=spec.aws.tags,
    )
    role = Role(
        name=names.loader_role,
        trust=loader_trust(),
        policy=loader_policy(spec, names),
        path=spec.aws.role_path,
        boundary=spec.aws.permissions_boundary,
        owner=spec.name,
        tags=spec.aws.tags,
    )
    needs = (role.address, log_group.address, *(bucket.address for bucket in buckets))
    function = _function(spec, names, needs)
    destination = FailureDestination(
        name=function.name,
        queue_arn=names.dead_letters_arn,
        after=(queue.address,),
        lives_on=(function.address,),
    )
    permission = InvokePermission(
        name=names.notification,
        function=function.name,
        bucket_arn=staging.arn,
        account=names.account.id,
        lives_on=(function.address,),
    )
    notification = BucketNotification(
        name=names.notification,
        bucket=staging.name,
        prefix=f"{spec.staging.prefix}/" if spec.staging.prefix else "",
        function_arn=names.function_arn,
        after=(permission.address, destination.address, staging.address),
    )
    return (queue, log_group, role, function, destination, permission, notification)


def _function(spec: Spec, names: Names, needs: tuple[Address, ...]) -> Function:
    return Function(
        name=names.function,
        archive=lake_archive(),
        role=names.role_arn(names.loader_role, spec.aws.role_path),
        handler=HANDLER,
        environment=loader_config(spec, names).to_environment(),
        memory_mb=spec.loader.memory_mb,
        timeout_s=spec.loader.timeout_s,
        owner=spec.name,
        tags=spec.aws.tags,
        after=needs,
    )


def loader_config(spec: Spec, names: Names) -> LoaderConfig:
    """Return what the loader has to know."""
    return LoaderConfig(
        pipeline=spec.name,
        staging_bucket=spec.staging.bucket,
        staging_prefix=spec.staging.prefix,
        lake_bucket=spec.lake.bucket,
        lake_prefix=spec.lake.prefix,
        layout=spec.lake.layout,
        clock=Clock(spec.lake.clock),
        timezone=spec.lake.timezone,
        account=names.account.id,
        allow_overwrite=spec.lake.allow_overwrite,
    )
