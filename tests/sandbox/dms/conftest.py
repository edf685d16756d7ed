"""The harness as a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.dms.harness import Harness


@pytest.fixture
def dms(tmp_path: Path) -> Iterator[Harness]:
    """A DMS that stops with the test."""
    harness = Harness(tmp_path / "state")
    yield harness
    for run in harness.plane.runs:
        run.stops = True
        run.stop()
    harness.plane.gate.set()
    harness.stop()
