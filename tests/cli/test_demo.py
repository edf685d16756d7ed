"""`dmslake demo` beside things of the user's; the demo itself is walked in tests/pipeline."""

from pathlib import Path

import pytest

from dmslake.cli.demo import demo_folder, remove_demo
from dmslake.cli.options import Settings
from dmslake.sandbox.launcher import default_folder
from tests.cli.running import Cli
from tests.spec.texts import text_of


@pytest.mark.parametrize("folder", [".", "project"])
def test_a_spec_of_the_users_is_neither_overwritten_nor_removed(cli: Cli, folder: str) -> None:
    Path(folder).mkdir(exist_ok=True)
    spec = Path(folder, "dmslake.yaml")
    spec.write_text(text_of(name="mine"))
    found = cli("demo", "--state", folder)
    assert found.code == 1
    assert "it holds a dmslake.yaml that is not the demo's" in found.err
    assert "--state" in found.err
    assert spec.read_text() == text_of(name="mine")


def test_removing_what_is_not_there_removes_nothing() -> None:
    Path("folder").mkdir()
    Path("folder/thesis.txt").write_text("years of work")
    assert not remove_demo(Path("folder"))
    assert Path("folder/thesis.txt").read_text() == "years of work"


def test_the_demo_never_stands_in_the_users_sandbox() -> None:
    assert demo_folder(Settings()) == default_folder().parent / "demo"
    assert demo_folder(Settings()) != default_folder()
    assert demo_folder(Settings(state=Path("x"))) == Path("x")
