"""A backfill by jobs where roles are seen late, and where the cloud goes away meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dmslake.backfill.ledger import State
from dmslake.sandbox import launcher
from dmslake.sandbox.servers import IAM_DELAY
from tests.backfill.batch.loaders import deployed
from tests.backfill.batch.test_backfill_batch import counts, has_begun, keys, leftovers, when
from tests.conftest import DELAYS
from tests.sandbox.calls import Calls

_LATE = 2.0


def test_a_late_role_is_waited_for_and_a_job_outlives_the_clouds_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "state"
    sandbox = launcher.start(folder, delays={**DELAYS, IAM_DELAY: _LATE})
    try:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(sandbox.authority))
        loader = deployed(Calls(sandbox))
        loader.stage(keys(100))
        stop = threading.Event()
        loader.backfill(on_progress=when(has_begun, stop.set), stop=stop)
        states = [one["Status"] for one in loader.jobs()]
        assert states[0] == "Active"
        assert set(states[1:]) <= {"Failed"}
        launcher.stop(folder)
        launcher.start(folder)
        summary = loader.backfill()
        assert counts(summary) == {State.COPIED: 100}
        assert len(loader.jobs()) == len(states)
        assert len(loader.lake()) == 100
        assert leftovers(loader) == []
    finally:
        launcher.destroy(folder)
