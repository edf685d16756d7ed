"""A staging bucket that is somebody else's: one at a time there, too, if its owner allows it."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.cli.running import run
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, read_until
from tests.pipeline.rights import without
from tests.sandbox.calls import Calls


def staged_elsewhere(pipeline: Make, calls: Calls, name: str) -> Pipeline:
    """Write a spec whose staging bucket is there already, and not the pipeline's."""
    found = pipeline(name)
    found.write((f"bucket: {name}-staging\n", f"bucket: {name}-staging\n  existing: true\n"))
    where: Any = {"LocationConstraint": calls.sandbox.region}
    calls.s3.create_bucket(Bucket=f"{name}-staging", CreateBucketConfiguration=where)
    return found


def claims(calls: Calls, name: str) -> list[str]:
    found = calls.s3.list_objects_v2(Bucket=f"{name}-staging", Prefix=".dmslake/")
    return [entry["Key"] for entry in found.get("Contents", [])]


@pytest.mark.timeout(120)
def test_the_second_up_is_refused_there_too(pipeline: Make, calls: Calls) -> None:
    mine = staged_elsewhere(pipeline, calls, "lodger")
    with mine.started("up", "--yes") as first:
        read_until(first, "creating subnet group")
        first.send_signal(signal.SIGSTOP)
        held = claims(calls, "lodger")
        second, removal = mine("up", "--yes"), mine("down", "--yes")
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60)
    assert held == [".dmslake/lodger.lock"]
    for refused in (second, removal):
        assert refused.code == 1
        assert "error: pipeline lodger is being worked on by " in refused.err
    assert first.returncode == 0
    assert claims(calls, "lodger") == []
    assert mine.is_as_planned()


@pytest.mark.timeout(120)
def test_where_the_claim_may_not_be_written_the_user_is_told_once(
    pipeline: Make, calls: Calls
) -> None:
    mine = staged_elsewhere(pipeline, calls, "unclaimed")
    variables = without(mine, calls, "s3:PutObject")
    done = run("up", "--yes", "--settle", "0", "-f", str(mine.file), **variables)
    assert done.code == 0, done
    warning = "warning: pipeline unclaimed is not locked, so make sure that nobody else works on it"
    assert done.err.count(warning) == 1
    assert "; allow s3:PutObject for the identity that runs dmslake" in done.err
    assert claims(calls, "unclaimed") == []
    removed = run("down", "--yes", "--json", "-f", str(mine.file), **variables)
    assert removed.code == 0, removed
    assert [text for text in removed.document["warnings"] if "is not locked" in text]


@pytest.mark.timeout(120)
def test_somebody_elses_bucket_that_is_gone_keeps_nobody_from_removing(
    pipeline: Make, calls: Calls
) -> None:
    mine = staged_elsewhere(pipeline, calls, "bereft")
    mine.up()
    empty(calls, "bereft-staging")
    calls.s3.delete_bucket(Bucket="bereft-staging")
    removed = mine("down", "--yes")
    assert removed.code == 0, removed
    assert "warning: pipeline bereft is not locked" in removed.err
    assert "pipeline bereft is removed" in removed.out


def empty(calls: Calls, bucket: str) -> None:
    for entry in calls.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        calls.s3.delete_object(Bucket=bucket, Key=entry["Key"])
