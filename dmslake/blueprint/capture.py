"""The DMS side: from the source database to objects in the staging bucket."""

from __future__ import annotations

from typing import Any

from dmslake.blueprint.fingerprint import fingerprint
from dmslake.blueprint.mappings import selection_rules
from dmslake.blueprint.names import Names
from dmslake.blueprint.policies import dms_policy, dms_trust
from dmslake.blueprint.staging import s3_settings
from dmslake.blueprint.task_settings import task_settings
from dmslake.blueprint.trigger import LOG_DAYS
from dmslake.engine.resource import Address, Resource
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.role import Role
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.spec import Spec


def capture(
    spec: Spec, names: Names, vpc_role: Address, logs_role: Address, staging: Bucket
) -> tuple[Resource[Any], ...]:
    """Return everything that DMS needs up to the task, which comes last; its run is not here."""
    subnet_group = SubnetGroup(
        name=names.subnet_group,
        subnets=spec.replication.network.subnets,
        owner=spec.name,
        tags=spec.aws.tags,
        after=(vpc_role,),
    )
    instance = _instance(spec, names, subnet_group)
    role = Role(
        name=names.dms_role,
        trust=dms_trust(names),
        policy=dms_policy(spec, names),
        path=spec.aws.role_path,
        boundary=spec.aws.permissions_boundary,
        owner=spec.name,
        tags=spec.aws.tags,
        after=(staging.address,),
    )
    source, target = _source(spec, names), _target(spec, names, role, staging)
    tests = tuple(_test(endpoint, instance) for endpoint in (source, target))
    log_group = LogGroup(
        name=names.task_log_group, retention_days=LOG_DAYS, owner=spec.name, tags=spec.aws.tags
    )
    task = ReplicationTask(
        name=names.task,
        source=source.name,
        target=target.name,
        instance=instance.name,
        migration_type=spec.replication.type,
        rules=selection_rules(spec.tables),
        settings=task_settings(),
        owner=spec.name,
        tags=spec.aws.tags,
        after=(logs_role, log_group.address),
        lives_on=(source.address, target.address, instance.address),
    )
    return (subnet_group, instance, role, source, target, *tests, log_group, task)


def _instance(spec: Spec, names: Names, subnet_group: SubnetGroup) -> ReplicationInstance:
    wanted = spec.replication.instance
    return ReplicationInstance(
        name=names.instance,
        owner=spec.name,
        tags=spec.aws.tags,
        instance_class=wanted.instance_class,
        storage_gb=wanted.storage_gb,
        multi_az=wanted.multi_az,
        subnet_group=subnet_group.name,
        security_groups=spec.replication.network.security_groups,
        lives_on=(subnet_group.address,),
    )


def _source(spec: Spec, names: Names) -> Endpoint:
    source = spec.source
    password = source.password.get_secret_value()
    salt = f"{names.account.id}/{names.account.region}/{spec.name}"
    return Endpoint(
        name=names.source_endpoint,
        owner=spec.name,
        tags=spec.aws.tags,
        direction="source",
        engine=source.engine,
        server=source.host,
        port=source.port,
        database=source.database,
        username=source.username,
        password=password,
        password_fingerprint=fingerprint(password, salt),
        ssl_mode=source.ssl,
    )


def _target(spec: Spec, names: Names, role: Role, staging: Bucket) -> Endpoint:
    return Endpoint(
        name=names.target_endpoint,
        owner=spec.name,
        tags=spec.aws.tags,
        direction="target",
        engine="s3",
        s3_settings=s3_settings(spec, names),
        after=(role.address, staging.address),
    )


def _test(endpoint: Endpoint, instance: ReplicationInstance) -> ConnectionTest:
    return ConnectionTest(
        name=endpoint.name,
        endpoint=endpoint.name,
        instance=instance.name,
        direction=endpoint.direction,
        lives_on=(endpoint.address, instance.address),
    )
