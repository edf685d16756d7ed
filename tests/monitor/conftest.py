from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.aws.isolation import isolate


@pytest.fixture(autouse=True)
def moto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    isolate(monkeypatch, tmp_path)
    with mock_aws():
        yield
