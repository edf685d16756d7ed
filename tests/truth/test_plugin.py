"""A test that sends a wrong request fails, wherever it sends it from, unless it says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.isolation import session
from tests.truth.ledger import Ledger
from tests.truth.mistake import Mistake
from tests.truth.plugin import LEDGER

_ROOT = Path(__file__).parents[2]
_HEAD = """
import subprocess, sys, threading
import boto3, pytest
from botocore.config import Config
from botocore.stub import Stubber

def send():
    made = boto3.client("dms", region_name="eu-west-1", aws_access_key_id="a",
                        aws_secret_access_key="b")
    with Stubber(made) as stub:
        stub.add_response("describe_endpoints", {})
        made.describe_endpoints(MaxRecords=7)
"""
_COMMAND = f"{_HEAD}\nsend()"
_BODIES = {
    "at_once": "    send()",
    "in_a_thread": "    t = threading.Thread(target=send); t.start(); t.join()",
    "before_an_error_of_its_own": "    send()\n    with pytest.raises(ValueError): int('x')",
    "in_a_program_that_it_starts": (
        "    from tests.truth.plugin import LEDGER\n    import os\n"
        f"    environment = {{**os.environ, **LEDGER.environment()}}\n"
        f"    subprocess.run([sys.executable, '-c', {_COMMAND!r}], env=environment, check=True)"
    ),
}


def results(folder: Path, text: str) -> str:
    """Run tests of their own under the same conftest; return what pytest says."""
    (folder / "conftest.py").write_text(
        "from tests.truth import plugin\n\n"
        "def pytest_configure(config):\n    plugin.start(config)\n"
    )
    (folder / "test_it.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder),
         "--strict-markers", str(folder)],
        env={**os.environ, "PYTHONPATH": str(_ROOT)}, cwd=folder,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_the_test_that_sends_it_fails_and_no_other(tmp_path: Path) -> None:
    tests = [f"def test_{name}():\n{body}\n" for name, body in _BODIES.items()]
    marked = "@pytest.mark.wrong_requests('to prove it')\ndef test_marked():\n    send()\n"
    said = results(tmp_path, "\n".join([_HEAD, *tests, marked, "def test_after():\n    pass\n"]))
    for name in _BODIES:
        assert f"FAILED test_it.py::test_{name}" in said, said
    assert f"{len(_BODIES)} failed, 2 passed" in said
    assert said.count("dms:DescribeEndpoints: MaxRecords = 7: 20 to 100") >= len(_BODIES)


@pytest.mark.wrong_requests("to prove that this very run of the tests is listened to")
def test_the_tests_that_run_now_are_listened_to() -> None:
    with pytest.raises(Exception, match="Invalid"):
        session().client("iam").get_role(RoleName="")
    assert {mistake.operation for mistake in LEDGER.take()} == {"iam:GetRole"}


def test_each_mistake_is_told_once_and_then_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    told = Mistake("dms:CreateEndpoint", "Port", "0", "1 to 65535")
    ledger.tell(told)
    ledger.tell(told)
    assert ledger.take() == [told]
    assert ledger.take() == []
