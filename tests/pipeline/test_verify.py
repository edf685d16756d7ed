"""`dmslake verify` finds what differs between staging and the lake, and repairs it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dmslake.sandbox.model import Sandbox
from tests.pipeline.conftest import TABLES, make
from tests.pipeline.pipelines import Pipeline
from tests.sandbox.calls import Calls

NAME = "checked"
EXTRA = "raw/notes about nothing.txt"


@dataclass(frozen=True)
class Checked:
    """A pipeline that has loaded its tables, and is woken by nothing any more."""

    pipeline: Pipeline
    calls: Calls

    @property
    def lake(self) -> str:
        return f"{NAME}-lake"

    def keys(self) -> list[str]:
        pages = self.calls.s3.get_paginator("list_objects_v2").paginate(Bucket=self.lake)
        return sorted(one["Key"] for page in pages for one in page.get("Contents", []))

    def body(self, key: str) -> bytes:
        return self.calls.s3.get_object(Bucket=self.lake, Key=key)["Body"].read()

    def put(self, key: str, body: bytes) -> None:
        self.calls.s3.put_object(Bucket=self.lake, Key=key, Body=body)

    def __call__(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = self.pipeline("verify", *arguments, "--json")
        assert done.code == code, done
        data: dict[str, Any] = done.document["data"]
        return data


@pytest.fixture(scope="session")
def checked(sandbox: Sandbox, calls: Calls, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    pipeline = make(sandbox, tmp_path_factory.mktemp(NAME), NAME, *TABLES)
    pipeline.up()
    pipeline.healthy()
    calls.s3.put_bucket_notification_configuration(
        Bucket=f"{NAME}-staging", NotificationConfiguration={}
    )
    return Checked(pipeline, calls)


@pytest.mark.timeout(120)
def test_each_difference_is_found_and_what_can_be_repaired_is(
    checked: Checked, tmp_path: Path
) -> None:
    keys = checked.keys()
    assert len(keys) >= 3
    whole = checked()
    assert whole["findings"] == {}
    assert whole["staged"] == len(keys)
    assert checked("--content")["differences"] == 0

    before = {key: checked.body(key) for key in keys}
    missing, truncated, altered, *_ = (key for key in keys if len(before[key]) > 1)
    checked.calls.s3.delete_object(Bucket=checked.lake, Key=missing)
    checked.put(truncated, before[truncated][:-1])
    checked.put(altered, before[altered][:-1] + b"?")
    checked.put(EXTRA, b"what is this")

    by_size = checked(code=4)
    assert by_size["findings"] == {
        name: {"objects": 1, "repaired": 0} for name in ("missing", "different-size", "extra")
    }
    report = tmp_path / "findings.csv"
    found = checked("--content", "--report", str(report), code=4)
    assert found["findings"] == {
        name: {"objects": 1, "repaired": 0}
        for name in ("missing", "different-size", "different-content", "extra")
    }
    with report.open(encoding="utf-8", newline="") as lines:
        told = {line["target"]: line["finding"] for line in csv.DictReader(lines)}
    assert told == {
        missing: "missing", truncated: "different-size", altered: "different-content",
        EXTRA: "extra",
    }  # fmt: skip

    repaired = checked("--content", "--repair", code=4)  # the extra object stays
    assert repaired["findings"] == {
        "missing": {"objects": 1, "repaired": 1},
        "different-size": {"objects": 1, "repaired": 1},
        "different-content": {"objects": 1, "repaired": 1},
        "extra": {"objects": 1, "repaired": 0},
    }
    assert {key: checked.body(key) for key in keys} == before
    checked.calls.s3.delete_object(Bucket=checked.lake, Key=EXTRA)
    assert checked("--content")["findings"] == {}


@pytest.mark.timeout(120)
def test_people_are_told_what_differs_and_what_to_do(checked: Checked) -> None:
    key = checked.keys()[0]
    body = checked.body(key)
    checked.calls.s3.delete_object(Bucket=checked.lake, Key=key)
    said = checked.pipeline("verify")
    assert said.code == 4
    assert "1 missing in the lake" in said.out
    assert f" -> {key}" in said.out
    assert "error: 1 differences between staging and the lake" in said.err
    assert "fix: dmslake verify --repair" in said.err
    mended = checked.pipeline("verify", "--repair")
    assert mended.code == 0, mended
    assert "1 missing in the lake, 1 of them repaired" in mended.out
    assert checked.body(key) == body


@pytest.mark.timeout(120)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(checked: Checked) -> None:
    for name, code in (("findings.parquet", 2), ("no/such/folder.csv", 1)):
        assert checked.pipeline("verify", "--report", name).code == code
