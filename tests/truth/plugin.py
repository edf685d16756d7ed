"""Fail the test that sends what AWS would not take, unless it says that it does so on purpose."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.truth.hook import listen
from tests.truth.ledger import Ledger

MARKER = "wrong_requests"
_HELP = f"{MARKER}(reason): this test sends requests on purpose that AWS would not take"
_FOLDER = tempfile.TemporaryDirectory(prefix="truth-")
LEDGER = Ledger(Path(_FOLDER.name) / "ledger.jsonl")


class Truth:
    """The hooks of pytest; registered once, before any session of botocore is made."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> object:
        result = yield
        self._judge(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> object:
        result = yield
        self._judge(item)
        return result

    def _judge(self, item: pytest.Item) -> None:
        found = self._ledger.take()
        if found and item.get_closest_marker(MARKER) is None:
            lines = "\n".join(f"  {mistake}" for mistake in found)
            pytest.fail(f"AWS would not take what this test sends:\n{lines}", pytrace=False)


def start(config: pytest.Config) -> None:
    """Listen from now on: to be called from `pytest_configure` of the tests' own conftest."""
    config.addinivalue_line("markers", _HELP)
    listen(LEDGER.tell)
    config.pluginmanager.register(Truth(LEDGER), "truth")
