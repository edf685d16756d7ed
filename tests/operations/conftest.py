from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from dmslake.aws.clients import Clients
from tests.aws import moto_dms
from tests.aws.isolation import isolate, session
from tests.contract.recording import Calls, listen
from tests.contract.samples import ACCOUNT


@pytest.fixture(scope="session")
def connected() -> tuple[Clients, Calls]:
    """Clients for all tests: making them takes longer than most tests."""
    found = session(ACCOUNT.region)
    heard = listen(found)
    return Clients(found, ACCOUNT), heard


@pytest.fixture
def calls(
    connected: tuple[Clients, Calls], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[Clients, Calls]]:
    """Clients of an empty account, and what is called on it."""
    isolate(monkeypatch, tmp_path)
    moto_dms.complete(monkeypatch)
    connected[1].clear()
    with mock_aws():
        yield connected


@pytest.fixture
def aws(calls: tuple[Clients, Calls]) -> Clients:
    return calls[0]


@pytest.fixture
def heard(calls: tuple[Clients, Calls]) -> Calls:
    return calls[1]
