"""One sandbox for all tests of a session, and the means to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from dmslake.sandbox import launcher
from dmslake.sandbox.dms.delays import NAMES
from dmslake.sandbox.model import Sandbox
from tests.sandbox.calls import Calls

if TYPE_CHECKING:
    from dmslake.sandbox.events import Event

# As short as they go: no test waits for a service that only pretends to work.
DELAYS = dict.fromkeys(NAMES, 0.05)


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
