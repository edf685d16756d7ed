"""The loader and what wakes it: from an object created in staging to the function that moves it."""

from __future__ import annotations

from typing import Any

from dmslake.blueprint.archive import HANDLER, lake_archive
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.loader_policies import loader_policy, loader_trust, queue_policy
from dmslake.blueprint.names import Names
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.roles import Wish, role_for
from dmslake.blueprint.storage import AnyBucket, Storage
from dmslake.engine.resource import Address, Resource
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.drain import Drain
from dmslake.kinds.event_source_mapping import EventSourceMapping
from dmslake.kinds.failure_destination import FailureDestination
from dmslake.kinds.function import Function
from dmslake.kinds.invoke_permission import InvokePermission
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.queue import Queue
from dmslake.kinds.queue_drain import QueueDrain
from dmslake.kinds.sweep import Sweep
from dmslake.spec import Spec

LOG_DAYS = 30
_RETENTION_S = 14 * 24 * 3600  # SQS keeps no message longer
_VISIBILITY_FACTOR = 6  # AWS's own advice: so many timeouts of the function
_BATCH = 10
_BATCH_WINDOW_S = 1
_DELIVERIES = 5
_FEWEST_POLLERS = 2


def trigger(spec: Spec, names: Names, places: Storage) -> tuple[Parts, Address]:
    """Return the loader with its trigger, and the address of what opens the tap."""
    opened = Address(BucketNotification.kind, names.notification)
    letters = Queue(
        name=names.dead_letters, retention_s=_RETENTION_S, owner=spec.name, tags=spec.aws.tags
    )
    log_group = LogGroup(
        name=names.function_log_group,
        retention_days=LOG_DAYS,
        owner=spec.name,
        tags=spec.aws.tags,
    )
    address = Address(Function.kind, names.function)
    wish = Wish(
        name=names.loader_role,
        principal="lambda.amazonaws.com",
        trust=loader_trust(),
        policy=loader_policy(spec, names),
        used_by=(address,),
    )
    role = role_for(spec, names, wish, spec.loader.role)
    needs = (role.address, log_group.address, *(bucket.address for bucket in places.buckets))
    function = _function(spec, names, role.arn, needs)
    destination = _destination(names, function, letters)
    direct = (_permission(names, function, places.staging, opened),)
    queued = _queued(spec, names, function, letters, opened)
    sqs = spec.loader.trigger == "sqs"
    emptied = () if sqs else (_emptied(names, queued),)
    wanted, unwanted = (queued, direct) if sqs else (direct, (*queued, *emptied))
    notification = BucketNotification(
        name=names.notification,
        bucket=places.staging.name,
        prefix=f"{spec.staging.prefix}/" if spec.staging.prefix else "",
        function_arn=None if sqs else names.function_arn,
        queue_arn=names.queue_arn if sqs else None,
        loader=function.name,
        after=(destination.address, *(r.address for r in wanted), places.staging.address),
    )
    swept = _sweep(spec, names, notification, emptied)
    made = (letters, log_group, function, destination, *wanted, notification, swept)
    return Parts(made, unwanted) + role.parts, opened


def _destination(names: Names, function: Function, letters: Queue) -> FailureDestination:
    """Return where Lambda sends what failed of the events that it was handed to itself.

    With either trigger: when S3 calls the function, for as long as Lambda tries what S3 told it
    before a queue took its place (six hours at most), and for what the sweep leaves to it.
    """
    return FailureDestination(
        name=function.name,
        queue_arn=names.dead_letters_arn,
        after=(letters.address,),
        lives_on=(function.address,),
    )


def _permission(
    names: Names, function: Function, staging: AnyBucket, opened: Address
) -> InvokePermission:
    """Return what lets S3 call the function."""
    return InvokePermission(
        name=names.notification,
        function=function.name,
        bucket_arn=names.bucket_arn(staging.name),
        account=names.account.id,
        lives_on=(function.address,),
        gone_after=(opened,),
    )


def _queued(
    spec: Spec, names: Names, function: Function, letters: Queue, opened: Address
) -> tuple[Resource[Any], ...]:
    """S3 fills a queue, the function takes from it; SQS sends what failed to the dead letters."""
    queue = Queue(
        name=names.queue,
        policy=queue_policy(spec, names),
        visibility_timeout_s=_VISIBILITY_FACTOR * spec.loader.timeout_s + _BATCH_WINDOW_S,
        retention_s=_RETENTION_S,
        redrive=(names.dead_letters_arn, _DELIVERIES),
        owner=spec.name,
        tags=spec.aws.tags,
        after=(letters.address,),
        gone_after=(opened,),
    )
    concurrency = spec.loader.concurrency
    mapping = EventSourceMapping(
        name=names.queue,
        function=function.name,
        queue_arn=names.queue_arn,
        batch_size=_BATCH,
        window_s=_BATCH_WINDOW_S,
        max_concurrency=max(_FEWEST_POLLERS, concurrency) if concurrency else None,
        owner=spec.name,
        tags=spec.aws.tags,
        lives_on=(function.address, queue.address),
        gone_after=(opened,),
    )
    return queue, mapping


def _emptied(names: Names, queued: tuple[Resource[Any], ...]) -> QueueDrain:
    """Return the wait for what is still in a queue that is given up, before its taker goes."""
    return QueueDrain(
        name=names.queue,
        after=tuple(resource.address for resource in queued),
        gone_after=queued[0].gone_after,
    )


def _sweep(
    spec: Spec,
    names: Names,
    notification: BucketNotification,
    emptied: tuple[QueueDrain, ...],
) -> Sweep:
    """Return the look for what no event told of; what waits in an old queue is moved by then."""
    return Sweep(
        name=names.function,
        notification=notification,
        config=loader_config(spec, names),
        timeout_s=spec.loader.timeout_s,
        at_once=spec.loader.concurrency,
        after=(notification.address, *(drain.address for drain in emptied)),
    )


def _function(spec: Spec, names: Names, role: str, needs: tuple[Address, ...]) -> Function:
    return Function(
        name=names.function,
        archive=lake_archive(),
        role=role,
        handler=HANDLER,
        environment=loader_config(spec, names).to_environment(),
        memory_mb=spec.loader.memory_mb,
        timeout_s=spec.loader.timeout_s,
        concurrency=spec.loader.concurrency,
        owner=spec.name,
        tags=spec.aws.tags,
        after=needs,
    )


def drain(spec: Spec, names: Names) -> Drain:
    """Return what makes removal wait, once nothing more is staged, until the loader is done."""
    return Drain(
        name=names.function,
        staging_bucket=spec.staging.bucket,
        staging_prefix=spec.staging.prefix,
        config=loader_config(spec, names),
        task=None if spec.replication.serverless else names.task,
        loader=names.function,
        after=(Address(BucketNotification.kind, names.notification),),
    )
