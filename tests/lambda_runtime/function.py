"""The deployed function on this machine: the archive, and AWS's own client to run it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmslake.blueprint.archive import HANDLER, lake_archive
from tests.lambda_runtime.runtime_api import Answer, RuntimeApi, runtime_api


@dataclass(frozen=True)
class Function:
    """A running function: invoke it, and read its log."""

    api: RuntimeApi
    code: Path
    log: Path
    pid: int

    def invoke(self, event: Any, *, seconds: float = 60.0) -> Answer:
        return self.api.invoke(event, seconds=seconds)

    def lines(self) -> list[dict[str, Any]]:
        """Read the log's JSON lines; whatever else the runtime writes is left out."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Function]:
    """Unzip the archive as Lambda does, and run it until the end of the block.

    The function's environment is what is given and what Lambda itself sets, nothing of ours.
    """
    code, log = folder / "task", folder / "log"
    with zipfile.ZipFile(io.BytesIO(lake_archive())) as archive:
        archive.extractall(code)
    with runtime_api() as api, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", "awslambdaric", HANDLER],
            cwd=code, stdout=output, stderr=subprocess.STDOUT,
            env={**environment, **lambda_variables(api.address, code)},
        )  # fmt: skip
        try:
            yield Function(api, code, log, process.pid)
        finally:
            process.kill()  # it waits for its next event and never ends by itself
            process.wait(timeout=20)


def lambda_variables(address: str, code: Path) -> dict[str, str]:
    """Return the variables that Lambda sets (Developer Guide, "Defined runtime variables")."""
    return {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "shop-loader",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": HANDLER,
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
