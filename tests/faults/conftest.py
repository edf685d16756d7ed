from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from dmslake.sandbox.model import Sandbox
from tests.aws.isolation import isolate
from tests.aws.managed_policies import only_those_for_dms
from tests.faults.wire import Wire
from tests.faults.world import World
from tests.pipeline.conftest import Make, make
from tests.pipeline.pipelines import Pipeline


@pytest.fixture(scope="session")
def wire() -> Wire:
    return Wire()


@pytest.fixture
def world(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An AWS in which there is only DMS; the roles and buckets are there and right."""
    isolate(monkeypatch, tmp_path)
    made = World(wire, tmp_path / "dms", whole=False)
    yield made
    made.close()
    wire.aws = None


@pytest.fixture
def whole(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An AWS in which there is everything; what is not DMS is moto's."""
    isolate(monkeypatch, tmp_path)
    only_those_for_dms(monkeypatch)
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        made = World(wire, tmp_path / "dms", whole=True)
        yield made
        made.close()
    wire.aws = None


@pytest.fixture
def pipeline(sandbox: Sandbox, tmp_path: Path) -> Make:
    """Makes pipelines in the sandbox."""

    def made(name: str) -> Pipeline:
        return make(sandbox, tmp_path, name, "things")

    return made
