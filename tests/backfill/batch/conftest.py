"""What the tests of backfills by jobs share: a loader that is deployed for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backfill.batch.loaders import Loader, deployed
from tests.sandbox.calls import Calls


@pytest.fixture
def loader(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(calls.sandbox.authority))
    return deployed(calls)
