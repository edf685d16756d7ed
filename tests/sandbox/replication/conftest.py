"""One PostgreSQL for all tests of a session; a database, a bucket and a task for each test."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from dmslake.sandbox.postgres import SUPERUSER, Postgres
from tests.sandbox.replication.bucket import Bucket
from tests.sandbox.replication.database import Database
from tests.sandbox.replication.task import Task
from tests.sandbox.replication.waiting import eventually, free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class ThrowawayPostgres(Postgres):
    """The sandbox's PostgreSQL, for data that need not survive a power cut."""

    def options(self) -> tuple[str, ...]:
        return (*super().options(), "--fsync=off", "--max_replication_slots=200")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A running PostgreSQL, as its superuser."""
    postgres = ThrowawayPostgres(
        folder=tmp_path_factory.mktemp("postgres"),
        port=free_port(),
        superuser_password="super",
        source_password="source",
    )
    postgres.prepare()
    with postgres.log.open("wb") as log:
        command = [*postgres.program(), *postgres.options()]
        environment = dict(postgres.environment())
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            eventually(lambda: process.poll() is None and postgres.answers(), seconds=60)
            yield Database(port=postgres.port, name=SUPERUSER, username=SUPERUSER)
        finally:
            process.terminate()
            process.send_signal(postgres.stop_signal)
            process.wait(timeout=30)


@pytest.fixture
def database(server: Database) -> Iterator[Database]:
    """An empty database."""
    server.clear()
    yield server
    server.close()


@pytest.fixture(scope="module")
def memory_s3() -> Iterator[S3Client]:
    """S3 in memory; making a client takes longer than most tests."""
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def bucket(memory_s3: S3Client) -> Bucket:
    """An empty staging bucket of its own."""
    made = Bucket(memory_s3, f"staging-{next(_numbers)}")
    memory_s3.create_bucket(Bucket=made.name)
    return made


@pytest.fixture
def task(database: Database, bucket: Bucket) -> Iterator[Task]:
    """A task that replicates everything in the database; it is stopped with the test."""
    made = Task(database, bucket)
    yield made
    made.close()
