"""The query over the lake, through the sandbox's Athena, with its policies enforced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from dmslake.errors import CloudError, WaitError
from dmslake.lake.config import LoaderConfig
from dmslake.sandbox.demo.athena import DATABASE, QueryResult, forget_lake, query_lake
from tests.sandbox.calls import Calls
from tests.sandbox.demo.files import LOAD, LOADER, change_file, csv_of, put

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient

_ORDER = ("7", "on hold, ask", "2026-11-23 13:00:00.000000", None)


@dataclass(frozen=True)
class Lake:
    """A lake in the sandbox, and how to query it."""

    loader: LoaderConfig
    glue: GlueClient
    athena: AthenaClient

    def query(self) -> QueryResult:
        results = f"s3://{self.loader.lake_bucket}/athena/"
        return query_lake(self.glue, self.athena, self.loader, results=results)


@pytest.fixture
def lake(calls: Calls) -> Iterator[Lake]:
    """A lake with a load and changes of orders, in two hours."""
    loader = LOADER._replace(lake_bucket=calls.bucket())
    found = Lake(loader, calls.client("glue"), calls.client("athena"))
    files: dict[str, tuple[float, list[tuple[str | None, ...]]]] = {
        LOAD: (0, [("I", str(i), *_ORDER, f"{i}.25", "EUR", None) for i in range(1, 101)]),
        change_file(3599): (
            3600,
            [
                ("I", "101", *_ORDER, "0.10", "EUR", "web"),
                ("U", "1", *_ORDER, "100.00", "USD", "app"),
                ("U", "1", *_ORDER, "200.00", "USD", "app"),
                ("D", "2", *[""] * 7),
            ],
        ),
    }
    for file, (seconds, records) in files.items():
        key = put_in(calls, loader, file, csv_of(records), seconds)
        assert key.startswith("raw/shop/shop/orders/year=2026/")
    yield found
    forget_lake(found.glue)


def put_in(calls: Calls, loader: LoaderConfig, file: str, text: str, seconds: float) -> str:
    return put(calls.s3, "shop/orders", file, text, seconds=seconds, bucket=loader.lake_bucket)


def test_operations_are_counted_per_partition(lake: Lake) -> None:
    result = lake.query()
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert [
        (row["partition_hour"], row["op"], row["records"], row["orders"], row["amount"])
        for row in rows
    ] == [
        ("2026-11-23 14h", "I", "100", "100", "5075.00"),
        ("2026-11-23 15h", "D", "1", "1", None),
        ("2026-11-23 15h", "I", "1", "1", "0.10"),
        ("2026-11-23 15h", "U", "2", "1", "300.00"),
    ]
    assert {row["first_change"] for row in rows} == {"2026-11-23 14:00:00.000000"}
    assert DATABASE in result.sql
    assert f"s3://{lake.loader.lake_bucket}/raw/shop/shop/orders/" in result.registration
    assert result.seconds > 0


def test_a_table_of_an_earlier_lake_is_replaced(lake: Lake, calls: Calls) -> None:
    assert len(lake.query().rows) == 4
    other = lake.loader._replace(lake_bucket=calls.bucket(), lake_prefix="")
    put_in(calls, other._replace(lake_prefix=LOADER.lake_prefix), LOAD, "", 0)
    calls.s3.copy_object(
        Bucket=other.lake_bucket,
        Key="shop/orders/year=2026/month=11/day=23/hour=16/x.csv",
        CopySource={
            "Bucket": lake.loader.lake_bucket,
            "Key": "raw/shop/shop/orders/year=2026/month=11/day=23/hour=14/"
            "LOAD00000001-20261123T140000Z.csv",
        },
    )
    rows = replace(lake, loader=other).query().rows
    assert [row[:3] for row in rows] == [("2026-11-23 16h", "I", "100")]


def test_what_was_registered_is_forgotten_and_forgetting_twice_is_fine(lake: Lake) -> None:
    lake.query()
    forget_lake(lake.glue)
    forget_lake(lake.glue)
    names = [database["Name"] for database in lake.glue.get_databases()["DatabaseList"]]
    assert DATABASE not in names


def test_an_empty_lake_has_no_rows(lake: Lake, calls: Calls) -> None:
    empty = lake.loader._replace(lake_bucket=calls.bucket())
    assert replace(lake, loader=empty).query().rows == ()


class _Stubborn:
    """An Athena whose queries stay in one state, and a clock that does not wait."""

    def __init__(self, **status: str) -> None:
        self.status = status
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def start_query_execution(self, **_: object) -> dict[str, str]:
        return {"QueryExecutionId": "1"}

    def get_query_execution(self, **_: object) -> dict[str, Any]:
        return {"QueryExecution": {"Status": self.status}}


def test_a_query_that_fails_says_why(lake: Lake) -> None:
    failing: Any = _Stubborn(State="FAILED", StateChangeReason="HIVE_BAD_DATA: no")
    with pytest.raises(CloudError) as failed:
        query_lake(lake.glue, failing, lake.loader, results="s3://x/", clock=failing)
    assert failed.value.why == "HIVE_BAD_DATA: no"


def test_a_query_that_never_ends_is_given_up(lake: Lake) -> None:
    endless: Any = _Stubborn(State="RUNNING")
    with pytest.raises(WaitError):
        query_lake(lake.glue, endless, lake.loader, results="s3://x/", clock=endless)
    assert 60 < endless.now() < 62
