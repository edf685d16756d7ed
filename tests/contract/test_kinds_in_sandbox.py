"""The contract of the DMS kinds, and of the whole pipeline, on the sandbox's services."""

from __future__ import annotations

import dataclasses
import threading
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from dmslake.aws.clients import Account, Clients
from dmslake.aws.errors import translating
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.clock import SystemClock
from dmslake.engine.plan import Action
from dmslake.engine.planner import assess, resource_changes
from dmslake.engine.resource import Live, Resource
from dmslake.engine.waiter import Waiter
from dmslake.errors import AccessError
from dmslake.operations.guard import guard
from dmslake.sandbox.model import Sandbox
from tests.contract.recording import Calls, denied, listen
from tests.contract.samples import CHANGES, spec
from tests.sandbox.calls import Calls as SandboxCalls

NAME = "contract"


@dataclasses.dataclass
class World:
    aws: Clients
    heard: Calls
    waiter: Waiter
    resources: tuple[Resource[Any], ...]

    def live(self, resource: Resource[Any]) -> Live:
        found = resource.read(self.aws)
        assert found is not None
        return found

    def make(self, resource: Resource[Any]) -> None:
        resource.create(self.aws)
        self.waiter.until_ready(resource, lambda _: None)

    def remove(self, resource: Resource[Any]) -> None:
        resource.delete(self.aws)
        if resource.removable and resource.keeps(Live()) is None:
            self.waiter.until_gone(resource, lambda _: None)


@pytest.fixture(scope="module")
def world(sandbox: Sandbox) -> World:
    source = sandbox.source
    with closing(
        psycopg2.connect(
            host=source.host, port=source.port, dbname=source.database,
            user=source.username, password=source.password,
        )
    ) as connection, connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("CREATE SCHEMA IF NOT EXISTS contract")
        cursor.execute("CREATE TABLE IF NOT EXISTS contract.things (id int PRIMARY KEY)")
    found = spec(
        NAME,
        host=source.host,
        port=source.port,
        database=source.database,
        username=source.username,
        password=source.password,
        subnets=", ".join(sandbox.network.subnets[:2]),
    )
    tables = found.tables.model_copy(
        update={"include": (dataclasses.replace(found.tables.include[0], schema="contract"),)}
    )
    account = Account(id=sandbox.account, region=sandbox.region)
    session = SandboxCalls(sandbox).session(sandbox.keys)
    session._session.set_config_variable("endpoint_url", sandbox.cloud_url)
    heard = listen(session)
    aws = _Sandboxed(session, account, sandbox)
    stop = threading.Event()
    waiter = Waiter(aws=aws, clock=SystemClock(stop), guard=guard, stop=stop)
    spec_here = found.model_copy(update={"tables": tables})
    return World(aws, heard, waiter, pipeline(spec_here, account))


class _Sandboxed(Clients):
    """Clients of the sandbox, without touching this process's environment."""

    def __init__(self, session: Any, account: Account, sandbox: Sandbox) -> None:
        super().__init__(session, account)
        for service in ("cloudwatch", "dms", "iam", "lambda", "logs", "s3", "sqs"):
            url = sandbox.dms_url if service == "dms" else sandbox.cloud_url
            self._made[service] = session.client(service, endpoint_url=url)


def test_the_contract_holds_for_every_resource_in_its_place(world: World) -> None:
    """Make all, in order; then change, deny and delete each, from the top down."""
    for resource in world.resources:
        absent = resource.read(world.aws)
        assert absent is None or resource.owner is None, resource.address
        world.heard.clear()
        world.make(resource)
        allowed = {*resource.permissions.create, *resource.permissions.read}
        assert world.heard.actions <= allowed, resource.address
        assert assess(resource, world.live(resource)).action is Action.NOTHING, resource.address
    assert all(assess(r, world.live(r)).action is Action.NOTHING for r in world.resources)
    for resource in world.resources:
        if resource.kind != "bucket":
            with denied(world.heard), pytest.raises(AccessError), translating("x"):
                resource.read(world.aws)
    for resource in reversed(world.resources):
        _change(world, resource)
        world.heard.clear()
        world.remove(resource)
        world.remove(resource)
        allowed = {*resource.permissions.delete, *resource.permissions.read}
        assert world.heard.actions <= allowed, resource.address
    assert not world.heard.mistakes


def _change(world: World, resource: Resource[Any]) -> None:
    if resource.kind not in CHANGES:
        return
    changed = CHANGES[resource.kind](resource)
    found = resource_changes(changed, world.live(resource))
    assert found, resource.address
    world.heard.clear()
    changed.update(world.aws, {c.top: changed.desired()[c.top] for c in found})
    world.waiter.until_ready(changed, lambda _: None)
    allowed = {*resource.permissions.update, *resource.permissions.read}
    assert world.heard.actions <= allowed, resource.address
    assert not resource_changes(changed, world.live(changed)), resource.address


def test_notifications_and_the_event_bridge_switch_of_others_survive(
    world: World, sandbox: Sandbox
) -> None:
    bucket = "contract-others"
    where: Any = {"LocationConstraint": sandbox.region}
    world.aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    world.aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    ours = next(r for r in world.resources if r.kind == "bucket_notification")
    dataclasses.replace(ours, bucket=bucket).delete(world.aws)  # type: ignore[call-arg]
    after = world.aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "EventBridgeConfiguration" in after
