"""The report of a run: every object, in a file that others can read."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dmslake.backfill.ledger import Ledger, NewObject, Result, Side, State
from dmslake.backfill.report import COLUMNS, check_report, write_report
from dmslake.errors import ReportError, UsageError
from tests.backfill.fake_store import ARRIVED

KEYS = ("dms/a/b/plain.csv", "dms/a/b/new\nline, \"quote\" 'x'.csv", "dms/a/b/é 😀+%.csv")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger.create(tmp_path / "run.ledger", {})
    made.add_shards(Side.STAGING, [("dms/", "", None)])
    objects = [NewObject(key, f"raw/{key}", "0" * 32, 7, ARRIVED, State.PENDING) for key in KEYS]
    made.staged(objects, 1, KEYS[-1], done=True)
    made.settle(
        [
            Result(1, State.COPIED, 1),
            Result(2, State.FAILED, 3, "AccessDenied", "no, never"),
        ]
    )
    yield made
    made.close()


EXPECTED = [
    (KEYS[0], "copied", "1", "", ""),
    (KEYS[1], "failed", "3", "AccessDenied", "no, never"),
    (KEYS[2], "pending", "0", "", ""),
]


def test_csv_has_a_line_for_every_object(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "report.CSV"
    assert write_report(ledger, file) == 3
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert tuple(rows[0]) == COLUMNS
    told = [(r["key"], r["outcome"], r["attempts"], r["error_code"], r["error"]) for r in rows]
    assert told == EXPECTED
    assert {(r["size"], r["etag"], r["last_modified"]) for r in rows} == {
        ("7", "0" * 32, "2026-11-23T14:07:02Z")
    }
    assert rows[2]["target"] == f"raw/{KEYS[2]}"


def test_parquet_has_the_same_with_types(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "it's a report.parquet"
    assert write_report(ledger, file) == 3
    base = duckdb.connect(":memory:")
    found = base.execute(
        "select key, outcome, attempts::varchar, error_code, error from read_parquet(?)",
        [str(file)],
    ).fetchall()
    assert found == EXPECTED
    (size, arrived) = base.execute(
        "select sum(size), max(epoch(last_modified)) from read_parquet(?)", [str(file)]
    ).fetchall()[0]
    assert (size, arrived) == (21, ARRIVED)
    assert sorted(p.suffix for p in tmp_path.iterdir() if "report" in p.name) == [".parquet"]


@pytest.mark.parametrize("name", ["report.txt", "report", "csv"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a report cannot be written to") as refused:
        check_report(tmp_path / name)
    assert refused.value.fix == "let the name end in .csv or .parquet"


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as refused:
        check_report(tmp_path / "missing" / "report.csv")
    assert "there is no folder" in refused.value.why


def test_parquet_without_duckdb_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "duckdb")
    with pytest.raises(ReportError) as refused:
        check_report(tmp_path / "report.parquet")
    assert "pip install duckdb" in refused.value.fix


def test_a_disk_that_refuses_leaves_no_half_of_a_report(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    (tmp_path / ".report.csv.part").mkdir()
    with pytest.raises((ReportError, OSError)):
        write_report(ledger, file)
    assert not file.exists()
