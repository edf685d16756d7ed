"""One sandbox for all tests of a session, the means to call it, and an ear on every request."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest

from dmslake.sandbox import launcher
from dmslake.sandbox.dms.delays import NAMES
from dmslake.sandbox.model import Sandbox
from tests.sandbox.calls import Calls
from tests.truth import plugin as truth

if TYPE_CHECKING:
    from dmslake.sandbox.events import Event

# As short as they go: no test waits for a service that only pretends to work.
DELAYS = dict.fromkeys(NAMES, 0.05)

# These tests are the service's own: what it refuses can only be seen by sending it.
_OF_THE_SERVICE = Path(__file__).parent / "sandbox" / "dms"


def pytest_configure(config: pytest.Config) -> None:
    """Check every request that any test sends against what AWS takes."""
    truth.start(config)
    # Each session would read and keep AWS's models (EC2's alone are megabytes) for itself.
    botocore.session.create_loader = cache(botocore.session.create_loader)
    # A job in the background ignores Ctrl-C, as do the programs that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `make test` uses: a third of the time tests wait for servers."""
    processors = os.cpu_count() or 1
    return processors + processors // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_OF_THE_SERVICE):
            item.add_marker(pytest.mark.wrong_requests("what the sandbox's DMS refuses"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, the same for the whole session; tests make resources of their own."""
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    yield launcher.start(folder, delays=DELAYS)
    launcher.destroy(folder)


@pytest.fixture(scope="session")
def calls(sandbox: Sandbox) -> Calls:
    """Clients of the session's sandbox, as its administrator or as anybody else."""
    return Calls(sandbox)


@pytest.fixture
def heard() -> tuple[list[Event], Callable[[Event], None]]:
    """A list, and the listener that fills it."""
    events: list[Event] = []
    return events, events.append
