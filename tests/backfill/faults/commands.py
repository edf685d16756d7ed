"""`dmslake backfill` as a user runs it, against the stand-in: a process and how it ends."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.backfill.faults.kept import ACCOUNT, LAKE, REGION, STAGING
from tests.truth.plugin import LEDGER

SPEC = f"""
version: 1
name: shop
aws: {{region: {REGION}, account: "{ACCOUNT}"}}
source:
  engine: postgres
  host: db.internal
  port: 5432
  database: shop
  username: dms
  password: ${{PASSWORD}}
tables: {{include: ["public.%"]}}
replication:
  instance: {{class: dms.t3.medium}}
  network: {{subnet_group: private}}
staging: {{bucket: {STAGING}, prefix: dms, format: csv}}
lake: {{bucket: {LAKE}, prefix: raw/shop}}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def objects(self) -> dict[str, int]:
        found: dict[str, int] = self.document["data"]["objects"]
        return found

    @property
    def error(self) -> dict[str, str]:
        found: dict[str, str] = self.document["error"]
        return found


@dataclass
class Shop:
    """A pipeline's spec and ledgers in a folder, its buckets at `url`."""

    url: str
    folder: Path
    access_key: str = "AKIDEXAMPLE"
    password: str = "hunter2"
    proxy: str = ""
    largest_file: int = resource.RLIM_INFINITY
    open_files: int = 1024

    def write(self, *changes: tuple[str, str]) -> None:
        text = SPEC
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "dmslake.yaml").write_text(text)

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a backfill."""
        if not (self.folder / "dmslake.yaml").exists():
            self.write()
        process = subprocess.Popen(
            [sys.executable, "-m", "dmslake", "backfill", "--json", *arguments],
            cwd=self.folder, env=self._environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if self.largest_file != resource.RLIM_INFINITY:  # only Linux limits another process
            limits = (self.largest_file, resource.RLIM_INFINITY)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        if self.open_files < Shop.open_files:
            most = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (self.open_files, most))
        return process

    def __call__(self, *arguments: str) -> Done:
        """Run a backfill to its end."""
        with self.process(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)

    def ledgers(self) -> list[Path]:
        return sorted(self.folder.glob("state/**/*.ledger"))

    def _environment(self) -> dict[str, str]:
        kept = ("PATH", "COVERAGE_PROCESS_CONFIG")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **LEDGER.environment(),
            **({"HTTP_PROXY": self.proxy} if self.proxy else {}),
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "PASSWORD": self.password,
        }
