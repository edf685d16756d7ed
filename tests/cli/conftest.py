from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.aws.isolation import give_credentials, isolate
from tests.cli.running import Cli
from tests.spec.texts import PASSWORD, text_of


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder that holds nothing but a right spec, without any AWS."""
    isolate(monkeypatch, tmp_path)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SHOP_DB_PASSWORD", PASSWORD)
    Path("dmslake.yaml").write_text(text_of())


@pytest.fixture
def cli() -> Cli:
    """The command line."""
    return Cli()


@pytest.fixture
def cloud(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The same with an empty account."""
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with mock_aws():
        yield cli
