"""`dmslake demo`, the first thing that anybody runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.isolation import isolate
from tests.cli.running import run


def test_the_demo_compares_every_row_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "prod")  # a user's own configuration is nothing to it
    folder = tmp_path / "demo"
    found = run("demo", "--state", str(folder), "--no-color")
    assert found.code == 0, found
    steps = [line for line in found.out.splitlines() if line[:1].isdigit() and "." in line[:3]]
    assert [step.split(". ")[0] for step in steps] == [str(n + 1) for n in range(len(steps))]
    assert "   ✓ the pipeline is up and its task runs" in found.out
    assert "✓ pipeline shop: changes are being captured" in found.out
    last = found.out.rstrip().splitlines()[-1]
    assert last.startswith("0 differing rows out of 229,449")
    assert not folder.exists()
