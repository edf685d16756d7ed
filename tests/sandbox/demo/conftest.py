"""One PostgreSQL for all tests of a session, and an S3 in memory for each test."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from dmslake.sandbox.demo.shop import ShopSummary, create
from dmslake.sandbox.dms.replication import SourceDatabase
from dmslake.sandbox.postgres import DATABASE, SUPERUSER, USERNAME, Postgres
from tests.sandbox.demo.files import LOADER
from tests.sandbox.dms.harness import eventually

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SourceDatabase]:
    """The sandbox's own PostgreSQL, and the account that DMS uses there."""
    server = Postgres(
        folder=tmp_path_factory.mktemp("postgres"),
        port=_free_port(),
        superuser_password="super",
        source_password="source",
    )
    server.prepare()
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [*server.program(), *server.options()],
            env=dict(server.environment()),
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: process.poll() is None and server.answers(), seconds=30)
            server.complete()
            yield SourceDatabase(
                host="127.0.0.1",
                port=server.port,
                database=DATABASE,
                username=USERNAME,
                password="source",
            )
        finally:
            process.send_signal(server.stop_signal)
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def administrator(source: SourceDatabase) -> SourceDatabase:
    """The same database, as its superuser."""
    return replace(source, username=SUPERUSER, password="super")


@pytest.fixture(scope="module")
def shop(source: SourceDatabase) -> ShopSummary:
    """The sample shop, made once for the tests of a module."""
    return create(source)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """S3 with the two buckets of `LOADER`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for bucket in (LOADER.staging_bucket, LOADER.lake_bucket):
            client.create_bucket(Bucket=bucket)
        yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
