"""A backfill by S3 Batch Operations from end to end, with the real loader, in the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dmslake.backfill.batch.jobs import describe
from dmslake.backfill.batch.request import cancel_job
from dmslake.backfill.ledger import Ledger, State
from dmslake.backfill.ledgers import give_up
from dmslake.errors import CloudError, UsageError
from dmslake.operations.backfill import Summary
from dmslake.operations.backfill_batch_options import BatchProgress
from dmslake.operations.remove import plan_removal
from tests.backfill.batch.loaders import Loader

ODD = (
    "s/a b/LOAD00000001.csv",
    "s/a+b%25=1/LOAD 2.csv",
    's/tä"ble,x/LOAD00000003.csv',
    "s/😀/x.csv",
)


def keys(count: int, table: str = "t") -> list[str]:
    return [f"s/{table}/LOAD{number:08X}.csv" for number in range(count)]


def counts(summary: Summary) -> dict[State, int]:
    return {state: tally.objects for state, tally in summary.tallies.items()}


def ledger_of(tmp_path: Path) -> Ledger:
    return Ledger.resume(max(tmp_path.rglob("*.ledger")))


def leftovers(loader: Loader) -> list[str]:
    """Return what a run has left behind of what it made for itself."""
    found = loader.calls.s3.list_objects_v2(
        Bucket=loader.spec.staging.bucket, Prefix=".dmslake/batch/"
    )
    versions = loader.calls.functions.list_versions_by_function(FunctionName=loader.names.function)
    roles = loader.calls.iam.list_roles()["Roles"]
    return [
        *(one["Key"] for one in found.get("Contents", [])),
        *(one["Version"] for one in versions["Versions"] if one["Version"] != "$LATEST"),
        *(one["RoleName"] for one in roles if one["RoleName"] == loader.names.batch_role),
    ]


def when(seen: Callable[[BatchProgress], bool], act: Callable[[], object]) -> Callable[..., None]:
    """Return a listener that acts once, when it hears of this."""
    done: list[bool] = []

    def heard(progress: BatchProgress) -> None:
        if not done and seen(progress):
            done.append(True)
            act()

    return heard


def has_begun(progress: BatchProgress) -> bool:
    return progress.sight is not None and progress.sight.succeeded > 0


def test_everything_arrives_and_nothing_is_left_behind(loader: Loader) -> None:
    loader.stage([*keys(60), *ODD])
    summary = loader.backfill(canary=20)
    assert summary.finished
    assert counts(summary) == {State.COPIED: 64}
    assert len(loader.lake()) == 64
    assert [one["Status"] for one in loader.jobs()] == ["Complete", "Complete"]
    assert sorted(one["ProgressSummary"]["TotalNumberOfTasks"] for one in loader.jobs()) == [20, 44]
    assert leftovers(loader) == []
    again = loader.backfill()
    assert counts(again) == {State.PRESENT: 64}
    assert len(loader.jobs()) == 2


def test_what_fails_is_told_and_moved_once_it_can_be(loader: Loader) -> None:
    loader.stage([*keys(40), *keys(3, "secret")])
    loader.deny("secret")
    summary = loader.backfill(canary=10)
    assert counts(summary) == {State.COPIED: 40, State.FAILED: 3}
    (failure,) = summary.failures
    assert failure[0] == "AccessDenied"
    assert failure[2] == 3
    assert "secret" in failure[3]
    loader.allow()
    assert counts(loader.backfill()) == {State.PRESENT: 40, State.COPIED: 3}
    assert len(loader.lake()) == 43


def test_a_run_that_ends_early_finds_its_job_again(loader: Loader, tmp_path: Path) -> None:
    loader.stage(keys(300))
    stop = threading.Event()
    left = loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
    assert not left.finished
    ledger = ledger_of(tmp_path)
    (note,) = describe(ledger)
    ledger.close()
    assert note.job
    assert not note.taken
    summary = loader.backfill()
    assert (summary.continued, counts(summary)) == (True, {State.COPIED: 300})
    assert [one["JobId"] for one in loader.jobs()] == [note.job]
    assert leftovers(loader) == []


def test_a_run_that_dies_before_it_knows_its_job_makes_no_second(loader: Loader) -> None:
    loader.stage(keys(30))
    create, made = loader.clients.s3control.create_job, []

    class Dying:
        def create_job(self, **request: object) -> object:
            made.append(create(**request))
            raise KeyboardInterrupt

    real = loader.clients._made["s3control"]
    loader.clients._made["s3control"] = Dying()
    with pytest.raises(KeyboardInterrupt):
        loader.backfill()
    loader.clients._made["s3control"] = real
    assert counts(loader.backfill()) == {State.COPIED: 30}
    assert [one["JobId"] for one in loader.jobs()] == [made[0]["JobId"]]


def test_a_cancelled_run_says_so_and_goes_on_with_what_is_left(
    loader: Loader, tmp_path: Path
) -> None:
    loader.stage(keys(300))
    stop = threading.Event()
    loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
    ledger = ledger_of(tmp_path)
    assert cancel_job(loader.clients, ledger) == loader.jobs()[0]["JobId"]
    ledger.close()
    with pytest.raises(CloudError, match="Cancelled"):
        loader.backfill()
    moved = len(loader.lake())
    assert 0 < moved < 300
    summary = loader.backfill()
    assert summary.finished
    assert len(loader.lake()) == 300
    assert counts(summary) == {State.COPIED: 300}
    assert loader.jobs()[0]["ProgressSummary"]["TotalNumberOfTasks"] == 300 - moved
    assert leftovers(loader) == []


def test_what_a_run_left_that_was_given_up_goes_with_the_next(
    loader: Loader, tmp_path: Path
) -> None:
    loader.stage(keys(200))
    stop = threading.Event()
    loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
    ledger = ledger_of(tmp_path)
    assert cancel_job(loader.clients, ledger)
    give_up(ledger)
    ledger.close()
    assert len(leftovers(loader)) > 2
    summary = loader.backfill()
    assert (summary.continued, len(loader.lake())) == (False, 200)
    assert leftovers(loader) == []


def test_what_a_run_left_that_was_given_up_goes_with_the_pipeline(
    loader: Loader, tmp_path: Path
) -> None:
    loader.stage(keys(50))
    stop = threading.Event()
    loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
    ledger = ledger_of(tmp_path)
    give_up(ledger)
    ledger.close()
    planned = plan_removal(loader.spec, loader.clients, purge=False)
    assert loader.names.batch_role in {one.resource.name for one in planned.pending}


def test_what_a_report_calls_done_and_the_lake_has_not_is_no_success(loader: Loader) -> None:
    loader.stage(keys(12))
    lake = loader.spec.lake.bucket

    def lose() -> None:
        first = min(loader.lake())
        loader.calls.s3.delete_object(Bucket=lake, Key=first)

    def is_over(progress: BatchProgress) -> bool:
        return progress.step == "reading the report"

    summary = loader.backfill(on_progress=when(is_over, lose))
    assert counts(summary) == {State.COPIED: 11, State.FAILED: 1}
    assert summary.failures[0][0] == "NotInLake"
    assert counts(loader.backfill()) == {State.PRESENT: 11, State.COPIED: 1}


def test_an_object_that_is_staged_again_meanwhile_is_not_called_missing(loader: Loader) -> None:
    loader.stage(keys(12))
    prefix, bucket = loader.spec.staging.prefix, loader.spec.staging.bucket

    def write_again() -> None:
        loader.calls.s3.put_object(Bucket=bucket, Key=f"{prefix}/{keys(1)[0]}", Body=b"longer" * 9)

    def is_listed(progress: BatchProgress) -> bool:
        return progress.step == "writing the manifest"

    summary = loader.backfill(on_progress=when(is_listed, write_again))
    assert counts(summary) == {State.COPIED: 12}
    assert 54 in loader.lake().values()


def test_a_first_job_that_mostly_fails_is_the_last(loader: Loader) -> None:
    loader.stage(keys(40))
    loader.deny("LOAD")
    with pytest.raises(CloudError) as caught:
        loader.backfill(canary=10)
    assert "AccessDenied" in caught.value.why
    assert len(loader.jobs()) == 1
    assert leftovers(loader) == []
    loader.allow()
    assert counts(loader.backfill(canary=10)) == {State.COPIED: 40}


def test_a_loader_that_is_not_as_the_spec_wants_it_is_refused(loader: Loader) -> None:
    loader.stage(keys(1))
    loader.calls.functions.update_function_configuration(
        FunctionName=loader.names.function, Environment={"Variables": {}}
    )
    with pytest.raises(UsageError, match="not as the spec"):
        loader.backfill()
    loader.calls.functions.delete_function(FunctionName=loader.names.function)
    with pytest.raises(UsageError, match="no loader"):
        loader.backfill()


def test_somebody_elses_role_is_left_alone(loader: Loader) -> None:
    loader.stage(keys(1))
    name = loader.names.batch_role
    loader.calls.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    with pytest.raises(UsageError, match="does not belong"):
        loader.backfill()
    assert loader.calls.iam.get_role(RoleName=name)
