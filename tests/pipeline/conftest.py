from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmslake.sandbox.model import Sandbox
from tests.pipeline.pipelines import Pipeline, execute

Make = Callable[..., Pipeline]


def make(sandbox: Sandbox, folder: Path, name: str, *tables: str, **environment: str) -> Pipeline:
    """Write the spec of a pipeline whose schema has these tables, with a row each."""
    execute(
        sandbox,
        f"CREATE SCHEMA {name}",
        *(f'CREATE TABLE {name}."{table}" (id int PRIMARY KEY, note text)' for table in tables),
        *(f"INSERT INTO {name}.\"{table}\" VALUES (1, '{table}')" for table in tables),  # noqa: S608 - our own names
    )
    found = Pipeline(name, sandbox, folder, environment)
    found.write()
    return found


@pytest.fixture
def pipeline(sandbox: Sandbox, tmp_path: Path) -> Make:
    """Makes pipelines that nobody has brought up yet."""

    def made(name: str, *tables: str, **environment: str) -> Pipeline:
        return make(sandbox, tmp_path, name, *(tables or ("things",)), **environment)

    return made


TABLES = ("orders", "a b", "a+b%")


@pytest.fixture(scope="session")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline that is up and has loaded its tables, two of which have odd names."""
    found = make(sandbox, tmp_path_factory.mktemp("shop"), "shop", *TABLES)
    found.up()
    found.healthy()
    return found


@pytest.fixture
def keys(calls: Any) -> Callable[[str], list[str]]:
    """Lists the keys of a bucket."""

    def listed(bucket: str) -> list[str]:
        found = calls.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return sorted(entry["Key"] for entry in found)

    return listed
