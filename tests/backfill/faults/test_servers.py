"""One backfill against three servers of S3 that others wrote: each lake holds the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from dmslake.aws.clients import Account, Clients
from dmslake.backfill.ledger import State
from dmslake.lake.config import LoaderConfig
from tests.backfill.faults.shop import (
    CONFIG,
    Backfill,
    account,
    keys,
    target,
    threads,
    wire,
)
from tests.sandbox.calls import Calls

COUNT = 48


@dataclass
class Server:
    """A server of S3 with two empty buckets in it."""

    clients: Clients
    config: LoaderConfig

    @property
    def s3(self) -> Any:
        return self.clients.s3

    def prepare(self, staged: list[str]) -> None:
        place: Any = {"LocationConstraint": self.clients.account.region}
        for bucket in (self.config.staging_bucket, self.config.lake_bucket):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        for key in staged:
            self.s3.put_object(Bucket=self.config.staging_bucket, Key=key, Body=key.encode())

    def lake(self) -> dict[str, str]:
        """Return the text of each object of the lake."""
        bucket = self.config.lake_bucket
        found = {}
        for key, _ in self._listed(bucket):
            answer = self.s3.get_object(Bucket=bucket, Key=key)
            found[key] = answer["Body"].read().decode()
        return found

    def expected(self) -> dict[str, str]:
        listed = self._listed(self.config.staging_bucket)
        return {target(key, modified): key for key, modified in listed}

    def _listed(self, bucket: str) -> Iterator[tuple[str, int]]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for one in page.get("Contents", ()):
                yield one["Key"], int(one["LastModified"].timestamp())

    def empty_lake(self) -> None:
        for key in self.lake():
            self.s3.delete_object(Bucket=self.config.lake_bucket, Key=key)


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """Serve a folder by `rclone serve s3`."""
    program = shutil.which("rclone") or shutil.which(
        "rclone", path=str(Path(sys.executable).parent)
    )
    if program is None:
        pytest.skip("rclone is not installed")
    kept = folder / "rclone"
    kept.mkdir()
    with subprocess.Popen(
        [program, "serve", "s3", str(kept), "--addr", "127.0.0.1:0", "--config", "/dev/null",
         "--auth-key", "AKIDEXAMPLE,secret", "--log-level", "NOTICE"],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            urls = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stderr)
            yield Server(account(next(url[0] for url in urls if url)), CONFIG)
        finally:
            process.terminate()


@contextmanager
def moto(_: Path) -> Iterator[Server]:
    """Serve S3 by moto."""
    if find_spec("flask") is None:
        pytest.skip("moto's server needs flask: moto[server]")
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - it warns where flask is not

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Server(account(f"http://{host}:{port}"), CONFIG)
    finally:
        server.stop()


Serve = Callable[[Path], AbstractContextManager[Server]]


@pytest.mark.parametrize("serve", [moto, rclone])
def test_moto_and_rclone_get_the_same_lake(tmp_path: Path, serve: Serve) -> None:
    with serve(tmp_path) as server:
        check(server, tmp_path)


def test_the_sandbox_gets_the_same_lake(tmp_path: Path, calls: Calls) -> None:
    sandbox = calls.sandbox
    clients = Clients(
        calls.session(sandbox.keys), Account(id=sandbox.account, region=sandbox.region)
    )
    clients._made["s3"] = calls.s3
    config = CONFIG._replace(
        account=sandbox.account, staging_bucket="servers-staging", lake_bucket="servers-lake"
    )
    check(Server(clients, config), tmp_path)


def check(server: Server, folder: Path) -> None:
    """Run each store twice: the first run copies everything, the second finds nothing to do."""
    server.prepare(keys(COUNT))
    for connect in (wire, threads):
        runs = [
            Backfill("", folder / f"{connect.__name__}{n}.ledger", connect, server.config,
                     server.clients)
            for n in (1, 2)
        ]  # fmt: skip
        assert runs[0]() == {State.COPIED: COUNT}
        assert server.lake() == server.expected()
        assert runs[1]() == {State.PRESENT: COUNT}
        server.empty_lake()
