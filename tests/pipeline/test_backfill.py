"""What was staged while the trigger was off is brought to where the loader would have put it."""

from __future__ import annotations

import csv
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dmslake.sandbox.model import Sandbox
from tests.pipeline.conftest import TABLES, make
from tests.pipeline.pipelines import Pipeline, until
from tests.sandbox.calls import Calls

NAME = "behind"


@dataclass(frozen=True)
class Behind:
    """A pipeline whose loader has loaded its tables, and is woken by nothing any more."""

    pipeline: Pipeline
    calls: Calls
    loaded: dict[str, datetime]

    def lake(self) -> dict[str, datetime]:
        """Return the keys of the lake, and when each was written."""
        pages = self.calls.s3.get_paginator("list_objects_v2").paginate(Bucket=f"{NAME}-lake")
        return {
            one["Key"]: one["LastModified"] for page in pages for one in page.get("Contents", [])
        }

    def stage(self, table: str, count: int) -> None:
        for number in range(count):
            key = f"dms/{NAME}/{table}/20261123-{number:09}.csv"
            self.calls.s3.put_object(Bucket=f"{NAME}-staging", Key=key, Body=b"row")

    def unload(self, keys: list[str]) -> None:
        for key in keys:
            self.calls.s3.delete_object(Bucket=f"{NAME}-lake", Key=key)

    def __call__(self, *arguments: str) -> dict[str, Any]:
        done = self.pipeline("backfill", *arguments, "--json")
        assert done.code == 0, done
        data: dict[str, Any] = done.document["data"]
        return data


@pytest.fixture(scope="session")
def behind(sandbox: Sandbox, calls: Calls, tmp_path_factory: pytest.TempPathFactory) -> Behind:
    pipeline = make(sandbox, tmp_path_factory.mktemp(NAME), NAME, *TABLES)
    pipeline.up()
    pipeline.healthy()
    calls.s3.put_bucket_notification_configuration(
        Bucket=f"{NAME}-staging", NotificationConfiguration={}
    )
    found = Behind(pipeline, calls, {})
    found.loaded.update(found.lake())
    return found


@pytest.mark.timeout(120)
def test_objects_come_to_exactly_where_the_loader_had_put_them(behind: Behind) -> None:
    before = behind.lake()
    assert len(before) >= len(TABLES)
    taken, left = [*before][::2], [*before][1::2]
    behind.unload(taken)
    assert behind()["objects"] == {"copied": len(taken), "present": len(left)}
    after = behind.lake()
    assert set(after) == set(before)
    assert {key: after[key] for key in left} == {key: before[key] for key in left}
    again = behind()
    assert again["objects"] == {"present": len(before)}
    assert behind.lake() == after


@pytest.mark.timeout(120)
def test_a_dry_run_copies_nothing_and_the_run_after_it_lists_nothing(behind: Behind) -> None:
    before = behind.lake()
    behind.stage("a b", 7)
    found = behind("--dry-run", "--restart")
    assert behind.lake() == before
    assert found["to_copy"] == {"objects": 7, "bytes": 21}
    assert found["tables"] == [{"table": f"{NAME}.a b", "objects": 7, "bytes": 21}]
    assert {one["kind"]: one["count"] for one in found["requests"]}["COPY"] == 7
    assert found["partitions"][0]["partition"].startswith(f"raw/{NAME}/a b/year=")
    run = behind.pipeline("backfill", "--json", "-v")
    assert run.document["data"]["objects"]["copied"] == 7
    assert run.document["data"]["continued"] is True
    assert len(behind.lake()) == len(before) + 7
    nothing = behind.pipeline("backfill", "--dry-run")
    assert nothing.out.startswith("0 of ")
    listed = behind.pipeline("backfill", "list")
    assert "unfinished" not in listed.out


@pytest.mark.timeout(120)
def test_a_run_that_is_cancelled_continues_and_its_report_has_every_object(
    behind: Behind, tmp_path: Path
) -> None:
    before = len(behind.lake())
    behind.stage("orders", 60)
    with behind.pipeline.started("backfill", "--rate", "10", "--concurrency", "1") as running:
        until(lambda: len(behind.lake()), lambda seen: seen >= before + 5)
        listed = behind.pipeline("backfill", "list").out
        cancelled = behind.pipeline("backfill", "cancel", "last").out
        said = running.communicate(timeout=30)[1]
    assert f" running (process {running.pid})" in listed.splitlines()[0]
    assert "is told to stop" in cancelled
    assert running.returncode == 130
    assert "error: the backfill was interrupted" in said
    assert len(behind.lake()) < before + 60
    assert " unfinished: " in behind.pipeline("backfill", "list").out
    report = tmp_path / "report.csv"
    done = behind.pipeline("backfill", "--report", str(report))
    assert done.code == 0, done
    assert done.out.startswith("backfill continued in ")
    assert len(behind.lake()) == before + 60
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["outcome"] for row in rows} <= {"copied", "present"}
    assert {row["target"] for row in rows} == set(behind.lake())


@pytest.mark.timeout(120)
def test_ctrl_c_ends_it_and_an_unfinished_run_can_be_given_up(behind: Behind) -> None:
    behind.stage("a+b%", 40)
    before = len(behind.lake())
    with behind.pipeline.started("backfill", "--rate", "10", "--concurrency", "1") as running:
        until(lambda: len(behind.lake()), lambda seen: seen >= before + 3)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == 130
    given_up = behind.pipeline("backfill", "cancel", "last")
    assert "is given up; what it copied stays, the next begins anew" in given_up.out
    assert " given up: " in behind.pipeline("backfill", "show", "last").out
    over = behind.pipeline("backfill", "cancel", "last", "--json").document["data"]
    assert over["outcome"] == "over already"
    run = behind()
    assert run["continued"] is False
    assert len(behind.lake()) == before + 40


@pytest.mark.timeout(60)
def test_what_cannot_be_done_is_refused_before_anything_is_listed(behind: Behind) -> None:
    suffix = behind.pipeline("backfill", "--report", "report.txt")
    assert (suffix.code, suffix.out) == (2, "")
    assert "fix: let the name end in .csv or .parquet" in suffix.err
    folder = behind.pipeline("backfill", "--report", "/nowhere/report.csv")
    assert folder.code == 1
    assert "why: there is no folder /nowhere" in folder.err
    window = behind.pipeline("backfill", "--window", "8-9")
    assert window.code == 2
    assert "is not of the form HH:MM-HH:MM" in window.err
    unknown = behind.pipeline("backfill", "show", "1999")
    assert unknown.code == 1
    assert "error: there is no backfill 1999" in unknown.err


DAILY = "{schema}/{table}/year={year}/month={month}/day={day}/{stem}-{stamp}{ext}"


@pytest.mark.timeout(120)
def test_a_lake_moves_to_another_layout_and_the_old_objects_go_when_that_is_wanted(
    behind: Behind,
) -> None:
    before = behind.lake()
    behind.calls.s3.put_object(Bucket=f"{NAME}-lake", Key="raw/notes.txt", Body=b"mine")
    behind.pipeline.write(("  prefix: raw\n", f'  prefix: raw\n  layout: "{DAILY}"\n'))
    try:
        moved = behind("--from-lake", "default")
        assert moved["objects"]["copied"] == len(before)
        assert len(behind.lake()) == 2 * len(before) + 1
        asked = behind.pipeline("backfill", "--from-lake", "default", "--delete-old")
        assert asked.code == 2
        assert "nobody can answer here" in asked.err
        behind.unload([gone := next(key for key in behind.lake() if "/hour=" not in key)])
        done = behind("--from-lake", "default", "--delete-old", "--yes")
        assert done["deleted"] == len(before)
        assert done["kept"] == []
        after = set(behind.lake())
        assert gone in after  # it was copied again before the old one went
        assert len(after) == len(before) + 1
        assert [key for key in after if "/hour=" in key] == []
        staged = behind()  # by the new layout the lake has all that is staged
        assert staged["objects"] == {"present": len(before)}
    finally:
        behind.pipeline.write()


@pytest.mark.timeout(60)
def test_what_does_not_go_with_moving_a_lake_is_refused(behind: Behind) -> None:
    lossy = "year={year}/month={month}/day={day}/hour={hour}/{file}"
    refused = behind.pipeline("backfill", "--from-lake", lossy)
    assert refused.code == 2
    assert "fix: let the new lake be filled from what is staged: dmslake backfill" in refused.err
    same = behind.pipeline("backfill", "--from-lake", "default")
    assert same.code == 2
    assert "the old layout is the spec's own" in same.err
    beside = behind.pipeline("backfill", "--from-lake", DAILY, "--table", "a.b")
    assert "--table does not go with --from-lake" in beside.err
    alone = behind.pipeline("backfill", "--delete-old")
    assert (alone.code, alone.out) == (2, "")
