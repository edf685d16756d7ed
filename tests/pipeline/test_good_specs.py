"""Every good spec through its whole life: up, changed in every way, down, and nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dmslake.engine.applier import Outcome
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from dmslake.operations import provision, remove
from dmslake.operations.observe import observe
from dmslake.sandbox import launcher
from dmslake.spec import Spec, TablePattern
from tests.conftest import DELAYS
from tests.pipeline.pipelines import until
from tests.pipeline.surroundings import GOOD, SandboxClients, Surroundings, surround
from tests.sandbox.calls import Calls

TWELVE = (
    "db2-zos-full-load", "mariadb", "mongodb", "mysql-secret", "oracle-verify-ca",
    "postgres-cdc-position", "postgres-kms-everywhere", "postgres-minimal", "postgres-serverless",
    "shared-resources", "sqlserver-require", "sqs-trigger",
)  # fmt: skip


READ_HERE = ("postgres", "aurora-postgresql")
TASKS = {"replication_task", "replication_config"}
OTHER_KEY = "arn:aws:kms:eu-west-1:123456789012:key/7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """A sandbox that takes every engine, and goes through all states for those it cannot read."""
    folder = tmp_path_factory.mktemp("engines") / "state"
    yield Calls(launcher.start(folder, delays=DELAYS, idle_engines=True))
    launcher.destroy(folder)


@pytest.fixture(scope="module")
def surroundings(engines: Calls) -> Surroundings:
    return surround(engines)


@pytest.fixture(scope="module")
def aws(engines: Calls) -> SandboxClients:
    return SandboxClients(engines)


def carried_out(plan: Plan, aws: SandboxClients) -> Plan:
    outcome: Outcome = provision.apply(plan, aws)
    failed = {str(a): (e.what, e.why, e.fix) for a, e in outcome.failed.items()}
    assert outcome.ok, (failed, outcome.skipped)
    return plan


def up(spec: Spec, aws: SandboxClients) -> Plan:
    """Bring a spec up; the plan after that has to be empty."""
    done = carried_out(provision.plan(spec, aws), aws)
    left = provision.plan(spec, aws)
    assert left.empty, [(str(s.address), s.action, s.changes, s.reason) for s in left.pending]
    return done


def with_(spec: Spec, section: str, **values: object) -> Spec:
    changed = getattr(spec, section).model_copy(update=values)
    return spec.model_copy(update={section: changed})


def actions(plan: Plan) -> set[str]:
    return {f"{step.action.name.lower()} {step.resource.kind}" for step in plan.pending}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", TWELVE)
def test_its_whole_life(name: str, surroundings: Surroundings, aws: SandboxClients) -> None:
    spec = surroundings.spec(GOOD / f"{name}.yaml")
    assert actions(up(spec, aws)) >= {"create endpoint", "create function"}
    snapshot, _ = observe(spec, aws)
    assert snapshot.task is not None
    assert snapshot.task.status in ("running", "stopped")
    assert snapshot.loader.exists

    # in place
    spec = with_(spec, "loader", memory_mb=spec.loader.memory_mb + 64)
    assert actions(up(spec, aws)) == {"update function"}
    spec = with_(spec, "aws", tags={**spec.aws.tags, "cost": "data"})
    assert {action.split()[0] for action in actions(up(spec, aws))} == {"update"}

    # stops the task and resumes it
    tuning = {"ChangeProcessingTuning": {"MemoryKeepTime": 77}}
    spec = with_(spec, "replication", settings={**spec.replication.settings, **tuning})
    done = up(spec, aws)
    assert {s.interrupt for s in done.pending} & {Interrupt.RESTARTS}
    assert "replace" not in {action.split()[0] for action in actions(done)}

    if spec.source.engine in READ_HERE and spec.replication.type != "cdc":
        spec = _loads_a_table_that_is_added(spec, aws)

    # replaces the task
    spec = _that_replaces(spec)
    done = up(spec, aws)
    task = [(s.action, s.interrupt) for s in done.pending if s.resource.kind in TASKS]
    assert task == [(Action.REPLACE, Interrupt.REPLACES)]

    _down(spec, aws)


def _loads_a_table_that_is_added(spec: Spec, aws: SandboxClients) -> Spec:
    """Name a table that exists already: it is loaded, and those that are loaded are not again."""
    before = _loaded(spec, aws, 1)
    tables = (*spec.tables.include, TablePattern(schema="late", table="things"))
    spec = with_(spec, "tables", include=tables)
    steps = {step.resource.kind: step for step in up(spec, aws).pending}
    assert steps.keys() & TASKS == {kind for kind, s in steps.items() if _restarts(s)}
    assert _loaded(spec, aws, 2) == {**before, ("late", "things"): 2}
    return spec


def _restarts(step: Step) -> bool:
    return step.interrupt is Interrupt.RESTARTS


def _loaded(spec: Spec, aws: SandboxClients, number: int) -> dict[tuple[str, str], int]:
    """Wait until so many tables are loaded; return how many rows of each were."""

    def look() -> dict[tuple[str, str], int]:
        tables = observe(spec, aws)[0].tables
        done = [table for table in tables if table.state == "Table completed"]
        return {(table.schema, table.table): table.full_load_rows for table in done}

    return until(look, lambda found: len(found) >= number)


def _that_replaces(spec: Spec) -> Spec:
    """Return the spec with another type, or on an instance with a key of its own."""
    match spec.replication.type:
        case "full-load-and-cdc":
            return with_(spec, "replication", type="full-load")
        case "cdc":
            return with_(spec, "replication", type="full-load", start=None)
        case "full-load":  # an engine whose changes DMS cannot capture
            machine = spec.replication.instance.model_copy(update={"kms_key": OTHER_KEY})
            return with_(spec, "replication", instance=machine)


def _down(spec: Spec, aws: SandboxClients) -> None:
    """Take it down with its data; what is left is shared, and a second look finds nothing."""
    done = carried_out(remove.plan_removal(spec, aws, purge=True), aws)
    kept = [(str(step.address), step.reason) for step in done.kept]
    assert {step.resource.kind for step in done.kept} <= {"account_role"}, kept
    again = remove.plan_removal(spec, aws, purge=True)
    assert not again.pending
    fresh = provision.plan(spec, aws)
    assert {step.resource.kind for step in fresh.steps if step.action is Action.NOTHING} <= {
        "account_role", "shared_bucket", "shared_instance", "shared_role", "shared_subnet_group",
        "table_loads",
    }  # fmt: skip


def test_all_twelve_are_there() -> None:
    assert {file.stem for file in GOOD.glob("*.yaml")} >= set(TWELVE)


SWITCHES = [
    ("postgres-minimal", "sqs-trigger"),
    ("sqs-trigger", "postgres-minimal"),
    ("postgres-minimal", "shared-resources"),
    ("postgres-minimal", "postgres-serverless"),
    ("postgres-serverless", "postgres-minimal"),
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("before", "after"), SWITCHES)
def test_optional_resources_come_and_go(
    before: str, after: str, surroundings: Surroundings, aws: SandboxClients
) -> None:
    """The spec of a running pipeline becomes another's: what it had alone is gone afterwards."""
    one = surroundings.spec(GOOD / f"{before}.yaml")
    two = surroundings.spec(GOOD / f"{after}.yaml").model_copy(update={"name": one.name})
    up(one, aws)
    switched = up(two, aws)
    assert {step.action for step in switched.pending} >= {Action.DELETE}
    buckets = {one.staging.bucket, one.lake.bucket}
    found = {bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]}
    assert buckets <= found, "a bucket that the spec no longer names is never removed"
    _down(two, aws)
    for bucket in buckets - {two.staging.bucket, two.lake.bucket}:
        old = with_(with_(two, "staging", bucket=one.staging.bucket, existing=False), "lake",
                    bucket=one.lake.bucket, existing=False)  # fmt: skip
        _down(old, aws)
        assert bucket not in {b["Name"] for b in aws.s3.list_buckets()["Buckets"]}


@pytest.fixture(autouse=True)
def _no_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
