"""The newest partition of a table in the lake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.lake.layout import DEFAULT_LAYOUT, Layout
from dmslake.lake.objects import StagedObject
from dmslake.lake.tokens import Moment
from dmslake.monitor.partitions import newest_partition
from tests.monitor.doubles import DEFAULT, Cloud, subject

NEWEST = "year=2026/month=11/day=23/hour=14"


@pytest.fixture
def cloud() -> Cloud:
    found = Cloud()
    where: Any = {"LocationConstraint": "eu-west-1"}
    found.s3.create_bucket(Bucket="acme-lake", CreateBucketConfiguration=where)
    return found


def put(cloud: Cloud, *keys: str) -> None:
    for key in keys:
        cloud.s3.put_object(Bucket="acme-lake", Key=key, Body=b"1")


def test_the_double_has_the_real_default() -> None:
    assert DEFAULT == DEFAULT_LAYOUT


def test_there_is_no_bucket() -> None:
    assert newest_partition(Cloud(), subject(), "public", "orders") is None


def test_the_table_has_nothing_in_the_lake(cloud: Cloud) -> None:
    put(cloud, "raw/public/orders2/year=2026/month=01/day=01/hour=00/x.csv")
    assert newest_partition(cloud, subject(), "public", "orders") is None


def test_the_last_of_each_level_leads_to_the_newest(cloud: Cloud) -> None:
    put(
        cloud,
        "raw/public/orders/year=2025/month=12/day=31/hour=23/x.csv",
        "raw/public/orders/year=2026/month=02/day=30/hour=23/x.csv",
        "raw/public/orders/year=2026/month=11/day=23/hour=09/x.csv",
        f"raw/public/orders/{NEWEST}/x.csv",
        f"raw/public/orders/{NEWEST}/y.csv",
    )
    assert newest_partition(cloud, subject(), "public", "orders") == NEWEST


@pytest.mark.parametrize("prefix", ["", "raw", "a/b/c"])
def test_the_prefix_of_the_lake(cloud: Cloud, prefix: str) -> None:
    put(cloud, f"{prefix}/public/orders/{NEWEST}/x.csv".lstrip("/"))
    assert newest_partition(cloud, subject(prefix=prefix), "public", "orders") == NEWEST


ODD = ["a b", "a+b", "100%", "year=1", "tä\N{BLACK STAR}ble", "\U0001f600", "a\nb", "x&y<z>", "..."]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_where_the_loader_puts_them(cloud: Cloud, name: str) -> None:
    moment = Moment.of(*[datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)] * 2)
    staged = StagedObject(schema=name, table=name, rest="LOAD00000001.csv")
    put(cloud, f"raw/{Layout().render(staged, moment)}")
    assert newest_partition(cloud, subject(), name, name) == NEWEST


def test_folders_that_come_with_the_staged_key_are_no_partitions(cloud: Cloud) -> None:
    put(cloud, f"raw/public/orders/{NEWEST}/segment/2026/11/x.csv")
    assert newest_partition(cloud, subject(), "public", "orders") == NEWEST


LAYOUTS = [
    ("{schema}/{table}/{stem}-{stamp}{ext}", "public/orders/x.csv", ""),
    ("{schema}/{table}/{year}-{month}/{path}", "public/orders/2026-11/a/b/x.csv", "2026-11"),
    ("{schema}/{table}/{year}/{kind}/{stem}-{stamp}", "public/orders/2026/cdc/x", "2026"),
    ("{schema}/{table}/v1/{year}/{stem}-{stamp}", "public/orders/v1/2026/x", "v1/2026"),
    ("{schema}/{table}/{month}/{year}/{stem}-{stamp}", "public/orders/11/2026/x", ""),
    ("{schema}/{table}/y={year}/d={day}/m={month}/{path}", "public/orders/y=2026/d=2/x", "y=2026"),
    ("year={year}/{schema}/{table}/{stem}-{stamp}{ext}", "year=2026/public/orders/x.csv", ""),
    ("{table}/{schema}/year={year}/{stem}-{stamp}{ext}", "orders/public/year=2026/x.csv", ""),
]  # fmt: skip


@pytest.mark.parametrize(("template", "key", "newest"), LAYOUTS, ids=[case[0] for case in LAYOUTS])
def test_other_layouts(cloud: Cloud, template: str, key: str, newest: str) -> None:
    put(cloud, f"raw/{key}")
    assert newest_partition(cloud, subject(template), "public", "orders") == newest


def test_where_folders_do_not_sort_by_time_none_is_said_to_be_the_newest(cloud: Cloud) -> None:
    put(cloud, "raw/public/orders/day=31/month=01/x.csv", "raw/public/orders/day=01/month=12/x.csv")
    template = "{schema}/{table}/day={day}/month={month}/{stem}-{stamp}{ext}"
    assert newest_partition(cloud, subject(template), "public", "orders") == ""


def test_folders_that_the_layout_does_not_write_are_no_partitions(cloud: Cloud) -> None:
    put(
        cloud,
        f"raw/public/orders/{NEWEST}/x.csv",
        "raw/public/orders/year=__HIVE_DEFAULT_PARTITION__/x.csv",
        "raw/public/orders/zzz/x.csv",
    )
    assert newest_partition(cloud, subject(), "public", "orders") == NEWEST


def test_files_beside_the_partitions_do_not_hide_them(cloud: Cloud) -> None:
    put(cloud, "raw/public/orders/_SUCCESS", f"raw/public/orders/{NEWEST}/x.csv")
    assert newest_partition(cloud, subject(), "public", "orders") == NEWEST


def test_a_level_that_ends_early_is_as_far_as_it_goes(cloud: Cloud) -> None:
    put(cloud, "raw/public/orders/year=2026/x.csv")
    assert newest_partition(cloud, subject(), "public", "orders") == "year=2026"


class Listing:
    """S3 with pages of two, which counts how often it is asked."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = sorted(keys)
        self.asked: list[str] = []

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        prefix = request["Prefix"]
        self.asked.append(prefix)
        below = [key.removeprefix(prefix) for key in self.keys if key.startswith(prefix)]
        entries = sorted({text.partition("/")[0] + "/" * ("/" in text) for text in below})
        start = int(request.get("ContinuationToken", 0))
        page = entries[start : start + 2]
        folders = [{"Prefix": prefix + entry} for entry in page if entry.endswith("/")]
        more = {"NextContinuationToken": str(start + 2)} if start + 2 < len(entries) else {}
        return {"KeyCount": len(page), "CommonPrefixes": folders, **more}


def test_the_newest_of_more_folders_than_a_page_holds() -> None:
    s3 = Listing([f"raw/public/orders/hour=2026-11-23T{hour:02}/x.csv" for hour in range(24)])
    template = "{schema}/{table}/hour={year}-{month}-{day}T{hour}/{stem}-{stamp}{ext}"
    found = newest_partition(Cloud(s3=s3), subject(template), "public", "orders")
    assert found == "hour=2026-11-23T23"


def test_the_files_of_a_partition_are_not_listed() -> None:
    s3 = Listing([f"raw/public/orders/{NEWEST}/{number:05}.csv" for number in range(1000)])
    assert newest_partition(Cloud(s3=s3), subject(), "public", "orders") == NEWEST
    assert len(s3.asked) == 4
