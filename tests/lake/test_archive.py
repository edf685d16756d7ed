"""The folder as the function gets it: alone in an archive, on a bare interpreter."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dmslake.blueprint.archive import lake_archive
from dmslake.lake.config import LoaderConfig
from tests.lake.events import notification

IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import dmslake.lake.handler
import json
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
json.dump({
    "foreign": sorted(loaded - set(sys.stdlib_module_names) - {"dmslake"}),
    "ours": sorted(name for name in sys.modules if name.startswith("dmslake")),
    "from": dmslake.lake.handler.__file__,
}, sys.stdout)
"""

STAND_IN_BOTO3 = """
from datetime import UTC, datetime


class Client:
    class exceptions:
        ClientError = RuntimeError

    def head_object(self, **request):
        return {"ETag": "x", "ContentLength": 1, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}

    def copy_object(self, **request):
        return {"CopyObjectResult": {"ETag": "x"}}


def client(name, config):
    return Client()
"""

STAND_IN_CONFIG = """
def Config(**settings):
    return settings
"""

INVOKED = """
import json, os, sys
sys.path[:0] = sys.argv[1:3]
os.environ.update(json.loads(sys.argv[3]))
from dmslake.lake.handler import handle


class Context:
    aws_request_id = "r-1"

    def get_remaining_time_in_millis(self):
        return 60_000


json.dump(handle(json.loads(sys.argv[4]), Context()), sys.stdout)
"""


@pytest.fixture(params=["zipped", "unzipped"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    packed = tmp_path / "function.zip"
    packed.write_bytes(lake_archive())
    if request.param == "zipped":
        return packed
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(tmp_path / "function")
    return tmp_path / "function"


def run(code: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-I", "-S", "-B", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_importing_the_handler_loads_the_standard_library_and_nothing_else(archive: Path) -> None:
    found: dict[str, Any] = json.loads(run(IMPORTED, str(archive))[0])
    assert found["foreign"] == []
    assert found["from"].startswith(str(archive))
    assert all(
        name == "dmslake" or f"{name}.".startswith("dmslake.lake.") for name in found["ours"]
    )


def test_the_handler_works_from_the_archive_alone(archive: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    (runtime / "botocore").mkdir(parents=True)
    (runtime / "botocore/config.py").write_text(STAND_IN_CONFIG, encoding="utf-8")
    (runtime / "boto3.py").write_text(STAND_IN_BOTO3, encoding="utf-8")
    config = LoaderConfig(
        pipeline="shop", staging_bucket="staging", lake_bucket="lake", account="123456789012"
    )
    *lines, answer = run(
        INVOKED,
        str(archive),
        str(runtime),
        json.dumps(config.to_environment()),
        json.dumps(notification("public/orders/LOAD00000001.csv")),
    )
    assert json.loads(answer)["copied"] == 1
    assert json.loads(lines[0])["target"] == (
        "s3://lake/public/orders/year=2026/month=01/day=01/hour=00/"
        "LOAD00000001-20260101T000000Z.csv"
    )
