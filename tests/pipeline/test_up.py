"""`dmslake up`: from nothing to rows in the lake, and again from whatever was left half done."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from dmslake.sandbox.model import Sandbox
from tests.pipeline.conftest import TABLES, Make
from tests.pipeline.pipelines import READS, Pipeline, execute, read_until, until
from tests.sandbox.calls import Calls

Keys = Callable[[str], list[str]]


def test_the_second_up_changes_nothing_and_makes_no_write_call(shop: Pipeline) -> None:
    found = shop("up", "--yes", "-v")
    assert (found.code, found.out) == (0, "pipeline shop is as it should be: nothing to do\n")
    called = re.findall(r"^aws: (\S+) (\S+)$", found.err, re.MULTILINE)
    assert len(called) > 20
    assert [call for call in called if not call[1].startswith(READS)] == []
    assert shop.is_as_planned()


def test_files_of_one_name_from_three_tables_are_three_objects_in_the_lake(
    shop: Pipeline, calls: Calls, keys: Keys
) -> None:
    name = shop.name
    staged = [key for key in keys(f"{name}-staging") if key.endswith("/LOAD00000001.csv")]
    assert staged == sorted(f"dms/shop/{table}/LOAD00000001.csv" for table in TABLES)
    loaded = [key for key in keys(f"{name}-lake") if "/LOAD00000001-" in key]
    assert len(loaded) == len(TABLES)

    def bodies(bucket: str, found: list[str]) -> list[bytes]:
        return sorted(calls.s3.get_object(Bucket=bucket, Key=k)["Body"].read() for k in found)

    assert bodies("shop-lake", loaded) == bodies("shop-staging", staged)
    partition = r"year=\d{4}/month=\d\d/day=\d\d/hour=\d\d"
    for table in TABLES:
        below = re.compile(
            rf"raw/shop/{re.escape(table)}/{partition}/LOAD00000001-\d{{8}}T\d{{6}}Z.csv"
        )
        assert [key for key in loaded if below.fullmatch(key)]


def test_the_status_tells_of_each_table_where_it_is(shop: Pipeline) -> None:
    seen = shop.healthy()
    assert seen["headline"] == "changes are being captured"
    assert {table["table"]: table["full_load_rows"] for table in seen["tables"]} == dict.fromkeys(
        TABLES, 1
    )
    for table in seen["tables"]:
        assert re.fullmatch(r"year=\d+/month=\d\d/day=\d\d/hour=\d\d", table["newest_partition"])
    shown = shop("status", "--check")
    assert shown.code == 0
    assert shown.out.startswith("✓ pipeline shop: changes are being captured\n")
    assert "shop.a+b% " in shown.out


def test_a_change_at_the_source_arrives_in_the_lake(
    shop: Pipeline, sandbox: Sandbox, keys: Keys
) -> None:
    execute(sandbox, "INSERT INTO shop.\"a b\" VALUES (2, 'later')")
    changes = re.compile(r"raw/shop/a b/.*/\d{8}-\d+-\d{8}T\d{6}Z\.csv")
    until(lambda: keys("shop-lake"), lambda found: any(map(changes.fullmatch, found)))
    seen = until(shop.status, lambda s: any(table["inserts"] for table in s["tables"]))
    assert {t["table"]: t["inserts"] for t in seen["tables"]} == {"orders": 0, "a b": 1, "a+b%": 0}


MOMENTS = {
    "before": "creating subnet group",
    "midway": "creating function",
    "late": "creating run of replication task",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_converges_the_next_time(pipeline: Make, moment: str) -> None:
    killed = pipeline(f"killed{moment}")
    with killed.started("up", "--yes") as process:
        read_until(process, MOMENTS[moment])
        process.kill()
        assert process.wait(timeout=10) == -signal.SIGKILL
    again = killed("up", "--yes", "--json")
    assert again.code == 0, again.out
    assert again.err == ""
    if again.document["data"]["changes"]:  # a run that was asked for may have come by itself
        assert again.document["data"]["outcome"]["failed"] == {}
        assert again.document["data"]["outcome"]["skipped"] == {}
    assert killed.is_as_planned()


def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on(pipeline: Make) -> None:
    stopped = pipeline("stopped")
    with stopped.started("up", "--yes") as process:
        read_until(process, "creating subnet group")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr is not None
        said = process.stderr.read()
    assert "stopping: the calls in flight are finished first" in said
    ended = r"^error: up was interrupted: \d+ of \d+ steps are done$"
    assert re.search(ended, said, re.MULTILINE)
    assert "  fix: dmslake up continues where this ended\n" in said
    assert "Traceback" not in said
    stopped.up()
    assert stopped.is_as_planned()
