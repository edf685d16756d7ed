"""The contract of the DMS kinds, and of the whole pipeline, on the sandbox's services."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from dmslake.aws.clients import Account, Clients
from dmslake.aws.errors import translating
from dmslake.blueprint.parts import Parts
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.clock import SystemClock
from dmslake.engine.graph import in_order
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live, Resource
from dmslake.engine.waiter import Waiter
from dmslake.errors import AccessError
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.certificate import Certificate
from dmslake.kinds.replication_instance import ReplicationInstance, instance_arn
from dmslake.kinds.stale_certificates import StaleCertificates
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.operations.guard import guard
from dmslake.sandbox.model import Sandbox
from tests.contract.recording import Calls, denied, listen
from tests.contract.samples import CHANGES, spec
from tests.sandbox.calls import Calls as SandboxCalls

NAME = "contract"
THEIRS = "theirs"
SERVERLESS = "network: {{subnet_group: {group}}}, serverless: {{min_capacity: 1, max_capacity: 2}}"
SHARED = (
    "instance: {{arn: '{instance}'}}, "
    "notifications: {{topic: '{topic}', categories: [failure, state-change]}}"
)


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
        goes = resource.removable and not resource.given
        if goes and resource.keeps(Live()) is None:
            self.waiter.until_gone(resource, lambda _: None)


def make_world(sandbox: Sandbox, name: str, replication: str) -> World:
    """Return the pipeline of a sample in the sandbox; nothing of it is there yet."""
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
        name,
        host=source.host,
        port=source.port,
        database=source.database,
        username=source.username,
        password=source.password,
        replication=f"{{{replication}}}",
    )
    tables = found.tables.model_copy(
        update={
            "include": (
                dataclasses.replace(found.tables.include[0], schema="contract", table="things"),
            )
        }
    )
    aws, heard = connect(sandbox)
    stop = threading.Event()
    waiter = Waiter(aws=aws, clock=SystemClock(stop), guard=guard, stop=stop)
    spec_here = found.model_copy(update={"tables": tables})
    return World(aws, heard, waiter, ordered(pipeline(spec_here, aws.account)))


def connect(sandbox: Sandbox) -> tuple[Clients, Calls]:
    session = SandboxCalls(sandbox).session(sandbox.keys)
    session._session.set_config_variable("endpoint_url", sandbox.cloud_url)
    heard = listen(session)
    account = Account(id=sandbox.account, region=sandbox.region)
    return _Sandboxed(session, account, sandbox), heard


def ordered(parts: Parts) -> tuple[Resource[Any], ...]:
    """Return what is wanted, each after what it needs."""
    return tuple(r for r in in_order(parts.all) if r in parts.wanted)


@pytest.fixture(scope="module")
def world(sandbox: Sandbox) -> World:
    subnets = ", ".join(sandbox.network.subnets[:2])
    return make_world(sandbox, NAME, f"network: {{subnets: [{subnets}]}}")


@pytest.fixture(scope="module")
def theirs(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """What others have made, to be shared: a subnet group, an instance and a topic."""
    aws, _ = connect(sandbox)
    stop = threading.Event()
    waiter = Waiter(aws=aws, clock=SystemClock(stop), guard=guard, stop=stop)
    made: list[Resource[Clients]] = [
        AccountRole(
            name="dms-vpc-role",
            managed_policy="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole",
        ),
        SubnetGroup(name=THEIRS, owner=THEIRS, subnets=tuple(sandbox.network.subnets[:2])),
        ReplicationInstance(
            name=THEIRS, owner=THEIRS, instance_class="dms.t3.medium", storage_gb=50,
            multi_az=False, subnet_group=THEIRS, security_groups=(),
        ),
    ]  # fmt: skip
    for resource in made:
        resource.create(aws)
        waiter.until_ready(resource, lambda _: None)
    yield {
        "group": THEIRS,
        "instance": instance_arn(aws, THEIRS),
        "topic": _topic(sandbox),
    }
    for resource in made[:0:-1]:
        resource.delete(aws)
        waiter.until_gone(resource, lambda _: None)


def _topic(sandbox: Sandbox) -> str:
    sns = SandboxCalls(sandbox).client("sns")
    topic = str(sns.create_topic(Name="contract-alerts")["TopicArn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "dms.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return topic


class _Sandboxed(Clients):
    """Clients of the sandbox, without touching this process's environment."""

    def __init__(self, session: Any, account: Account, sandbox: Sandbox) -> None:
        super().__init__(session, account)
        for service in ("cloudwatch", "dms", "iam", "lambda", "logs", "s3", "sqs"):
            url = sandbox.dms_url if service == "dms" else sandbox.cloud_url
            self._made[service] = session.client(service, endpoint_url=url)

    def invoker(self, seconds: float) -> Any:  # noqa: ARG002 - no function runs long here
        return self._client("lambda")


def test_the_contract_holds_for_every_resource_in_its_place(world: World) -> None:
    hold_to_the_contract(world)


@pytest.mark.parametrize(
    ("name", "replication"),
    [("serverless", SERVERLESS), ("sharing", SHARED)],
    ids=lambda text: text[:9],
)
def test_the_contract_holds_where_things_are_shared_or_serverless(
    sandbox: Sandbox, theirs: dict[str, str], name: str, replication: str
) -> None:
    hold_to_the_contract(make_world(sandbox, name, replication.format(**theirs)))


def test_the_contract_holds_for_certificates(sandbox: Sandbox, world: World) -> None:
    pem = sandbox.authority.read_text("ascii")
    current, old = (Certificate(name=f"c-ca-{n}", owner="c", pem=pem) for n in (2, 1))
    stale = StaleCertificates(name="c-ca-", prefix="c-ca-", current=current.name, owner="c")
    hold_to_the_contract(dataclasses.replace(world, resources=(current,)))
    for certificate in (current, old):
        world.make(certificate)
    assert world.live(stale).owner == "c"
    world.remove(stale)
    assert (old.read(world.aws), stale.read(world.aws)) == (None, None)
    world.remove(current)


def hold_to_the_contract(world: World) -> None:
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
