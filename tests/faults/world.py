"""A whole AWS in this process, with a clock that only moves when somebody sleeps.

DMS is the sandbox's own, its data plane a double. The rest is moto's, or is left out.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core.models import botocore_stubber

from dmslake.aws.clients import Account, Clients
from dmslake.blueprint.pipeline import pipeline, removal
from dmslake.engine.applier import Applier, Outcome
from dmslake.engine.events import Event
from dmslake.engine.plan import Action, Plan
from dmslake.engine.planner import plan_changes, plan_removal
from dmslake.engine.resource import Resource
from dmslake.operations.guard import guard
from dmslake.sandbox.dms.delays import Delays
from dmslake.sandbox.dms.operations import ADVANCES, answer
from dmslake.sandbox.dms.replication.model import (
    Checkpoint,
    Job,
    Progress,
    StopReason,
    TableState,
    TableStatistics,
)
from dmslake.sandbox.dms.replication.model import (
    Outcome as Ending,
)
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.store import Store
from dmslake.spec import Spec, parse_spec
from tests.faults.script import SECOND_PAGE, Asked, Members, Script
from tests.faults.wire import Wire
from tests.sandbox.dms.fakes import FakeClock, FakeCloud, FakePlane, FakeRun

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = Account(id="123456789012", region="eu-west-1")
OF_DMS = frozenset(
    {
        "certificate", "connection_test", "endpoint", "event_subscription", "replication",
        "replication_config", "replication_instance", "replication_task", "stale_certificates",
        "subnet_group", "table_loads", "task_run",
    }
)  # fmt: skip
TEXT = """
version: 1
name: shop
aws: {region: eu-west-1}
source:
  engine: postgres
  host: db.example.com
  database: shop
  username: dms
  password: ${PASSWORD}
  ssl: none
tables: {include: [shop.orders, shop.items]}
replication:
  type: full-load-and-cdc
  network: {subnets: [subnet-a, subnet-b]}
staging: {bucket: shop-staging, prefix: dms}
lake: {bucket: shop-lake, prefix: raw}
"""
# What takes minutes takes seconds here, but not nothing: every state can be seen.
DELAYS = Delays(
    instance_create=30, instance_modify=20, instance_delete=20, endpoint_create=3,
    endpoint_delete=3, connection_test=10, connection_delete=1, task_create=10, task_modify=5,
    task_start=10, task_stop=5, task_delete=10,
)  # fmt: skip


def spec(*changes: tuple[str, str], text: str = TEXT) -> Spec:
    """Return the spec with some texts of it replaced."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return parse_spec(text, file="shop.yaml", environ={"PASSWORD": "s3cret"}, base_dir=Path())


class Clock:
    """The engine's clock and DMS's at once."""

    def __init__(self) -> None:
        self.dms = FakeClock()
        self._began = self.dms.now
        self._lock = threading.Lock()
        self._yield = threading.Event()
        self.settle: Callable[[], object] = lambda: None

    def now(self) -> float:
        return (self.dms.now - self._began).total_seconds()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.dms.now += timedelta(seconds=seconds)
        self.settle()
        self._yield.wait(0.001)  # lets the threads of DMS do what they do in no time

    def at(self, seconds: float) -> datetime:
        """Return the moment so many seconds after the beginning."""
        return self._began + timedelta(seconds=seconds)


class Run(FakeRun):
    """A run that has loaded its tables at once, and captures changes until it is stopped."""

    def __init__(self, job: Job, *rest: Any, ends: bool) -> None:
        super().__init__(job, *rest)
        now = datetime.fromisoformat("2026-11-23T14:00:00+00:00")
        self.tables = tuple(
            TableStatistics(
                schema="shop", table=table, state=TableState.COMPLETED, full_load_rows=1,
                full_load_started=now, full_load_ended=now,
            )
            for table in ("orders", "items")
        )  # fmt: skip
        self.counts = Progress(
            percent=100, tables_loaded=2, tables_loading=0, tables_queued=0, tables_errored=0
        )
        self.on_checkpoint(Checkpoint(lsn=42))
        if ends:
            self.end(Ending(stop_reason=StopReason.FULL_LOAD_ONLY_FINISHED))


class Plane(FakePlane):
    """A data plane whose runs load at once; a full load is then over."""

    def replication(
        self,
        job: Job,
        *,
        s3: Callable[[], S3Client],
        on_checkpoint: Callable[[Checkpoint], None],
        clock: Callable[[], datetime],  # noqa: ARG002 - the plane's signature
    ) -> FakeRun:
        run = Run(job, s3, on_checkpoint, ends=job.migration_type == "full-load")
        self.runs.append(run)
        return run


class World:
    """One test's AWS, and the means to run `plan`, `up` and `down` on it."""

    def __init__(self, wire: Wire, folder: Path, *, whole: bool) -> None:
        self.clock = Clock()
        self.script = Script(now=self.clock.now)
        self.cloud = Cloud()
        self.plane = Plane()
        self.service = Service(
            store=Store(folder), cloud=self.cloud, plane=self.plane, clock=self.clock.dms,
            delays=DELAYS, account=ACCOUNT.id,
        )  # fmt: skip
        self.service.start(ADVANCES)
        self.clock.settle = self.service.settle
        self.events: list[Event] = []
        self.aws = Clients(wire.session, ACCOUNT)
        self.stop = threading.Event()
        self._whole = whole
        if whole:  # moto answers for every service that nobody keeps from it
            events: Any = self.aws.dms.meta.events
            events.unregister("before-send", botocore_stubber)
        wire.aws = self

    def close(self) -> None:
        for run in self.plane.runs:
            run.end()
        self.service.close(timeout=5)

    def perform(self, asked: Asked, body: bytes) -> Members | None:
        """Answer one request: see `Wire`."""

        def real() -> Members:
            service, _, operation = asked.operation.partition(":")
            if service == "dms":
                sent = body.replace(SECOND_PAGE, b"")
                return dict(answer(self.service, ACCOUNT.region, operation, sent))
            assert self._whole or asked.operation in _WITHOUT_MOTO, asked.operation
            return {} if self._whole else {"__raw__": _WITHOUT_MOTO[asked.operation]}

        found = self.script.perform(asked, real)
        elsewhere = self._whole and not asked.operation.startswith("dms:")
        return None if elsewhere and not found else found

    def resources(self, wanted: Spec) -> tuple[list[Resource[Any]], list[Resource[Any]]]:
        """Return the resources of a pipeline, wanted and unwanted, with this world's clock."""
        parts = pipeline(wanted, ACCOUNT)
        here = self._here(parts.all)
        optional = {r.address for r in parts.unwanted}
        return (
            [r for r in here if r.address not in optional],
            [r for r in here if r.address in optional],
        )

    def plan(self, wanted: Spec) -> Plan:
        """Do what `plan` does."""
        resources, unwanted = self.resources(wanted)
        return plan_changes(resources, self.aws, guard, unwanted=unwanted)

    def apply(self, found: Plan) -> Outcome:
        """Do what `up` and `down` do once they know what to do."""
        assert not found.conflicts, found.conflicts
        return Applier(
            found, self.aws, guard, on_event=self.events.append, clock=self.clock, stop=self.stop
        ).run()

    def up(self, wanted: Spec) -> None:
        """Bring the pipeline up, and see that nothing is left to do."""
        outcome = self.apply(self.plan(wanted))
        assert outcome.ok, (outcome.failed, outcome.skipped)
        self.is_as_planned(wanted)

    def is_as_planned(self, wanted: Spec) -> None:
        left = self.plan(wanted)
        assert left.empty, [(step.address, step.action, step.changes) for step in left.pending]

    def down(self, wanted: Spec) -> None:
        """Take the pipeline away, and see that nothing is left of it."""
        outcome = self.apply(self.removal(wanted))
        assert outcome.ok, (outcome.failed, outcome.skipped)
        left = self.removal(wanted)
        assert not left.pending, [step.address for step in left.pending]

    def removal(self, wanted: Spec) -> Plan:
        """Do what `down` does before it asks."""
        return plan_removal(self._here(removal(wanted, ACCOUNT)), self.aws, guard)

    def actions(self, wanted: Spec) -> dict[str, Action]:
        """Return what a plan would do, by address, without what it would leave alone."""
        return {str(step.address): step.action for step in self.plan(wanted).pending}

    def _here(self, resources: Sequence[Resource[Any]]) -> list[Resource[Any]]:
        kinds = {r.kind for r in resources} if self._whole else OF_DMS
        present = {r.address for r in resources if r.kind in kinds}
        return [self._at_home(r, present) for r in resources if r.address in present]

    def _at_home(self, resource: Resource[Any], present: set[Any]) -> Resource[Any]:
        changes: dict[str, Any] = {
            name: tuple(a for a in getattr(resource, name) if a in present)
            for name in ("after", "lives_on", "gone_after")
        }
        if any(member.name == "clock" for member in dataclasses.fields(resource)):
            changes["clock"] = self.clock
        return dataclasses.replace(resource, **changes)


class Cloud(FakeCloud):
    """A cloud in which every role is there and trusts DMS."""

    def role_problem(self, role_arn: str, principal: str) -> str | None:  # noqa: ARG002 - trusted
        return None


# What the DMS kinds call elsewhere: the position that is saved before a task goes.
_WITHOUT_MOTO: Mapping[str, str] = {"s3:PutObject": ""}
