import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client as Boto3Client

from dmslake.lake import handler
from dmslake.lake.config import ConfigError, LoaderConfig, LogLevel
from dmslake.lake.envelopes import EnvelopeError
from dmslake.lake.envelopes.base import DeliveryError
from dmslake.lake.handler import Loader
from dmslake.lake.routing import Clock
from tests.lake.events import notification, record, recorded
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeS3

CONFIG = LoaderConfig(
    pipeline="shop",
    staging_bucket="staging",
    staging_prefix="dms",
    lake_bucket="lake",
    lake_prefix="raw",
    account=ACCOUNT,
)
ORDERS, CUSTOMERS, ITEMS = (
    f"dms/public/{table}/LOAD00000001.csv" for table in ("orders", "customers", "items")
)


@dataclass
class FakeContext:
    aws_request_id: str = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def load(
    s3: FakeS3,
    event: object,
    config: LoaderConfig = CONFIG,
    deadline: Callable[[], float] | None = None,
) -> tuple[dict[str, object], list[dict[str, Any]]]:
    stream = io.StringIO()
    loader = Loader(config, s3, now=lambda: ARRIVED, sleep=lambda _: None)
    try:
        answer = loader.load(event, request_id="r-1", stream=stream, deadline=deadline)
    except DeliveryError as error:
        answer = {"error": str(error)}
    return answer, [json.loads(line) for line in stream.getvalue().splitlines()]


def test_three_tables_of_one_event_are_three_lake_objects() -> None:
    s3 = FakeS3()
    for key in (ORDERS, CUSTOMERS, ITEMS):
        s3.put(key, key.encode())
    answer, lines = load(s3, notification(ORDERS, CUSTOMERS, ITEMS))
    assert answer["copied"] == 3
    assert sorted(s3.lake().values()) == sorted(
        [ORDERS.encode(), CUSTOMERS.encode(), ITEMS.encode()]
    )
    assert {line["source"] for line in lines[:3]} == {
        f"s3://staging/{key}" for key in (ORDERS, CUSTOMERS, ITEMS)
    }
    assert (lines[3]["Pipeline"], lines[3]["Copied"]) == ("shop", 3)


def test_a_bad_record_does_not_keep_the_others_from_the_lake() -> None:
    s3 = FakeS3()
    s3.put(ORDERS)
    s3.put(ITEMS)
    s3.refuse[CUSTOMERS] = ConnectionError("no route to host")
    event = notification(CUSTOMERS, ORDERS)
    event["Records"] += [{"eventSource": "aws:s3"}, record(ITEMS)]
    answer, lines = load(s3, event)
    assert len(s3.lake()) == 2
    assert str(answer["error"]).startswith("2 of 4 objects failed: ")
    assert f"s3://staging/{CUSTOMERS}: ConnectionError: " in str(answer["error"])
    assert "no route to host" in str(answer["error"])
    assert "record 3: UnreadableRecord" in str(answer["error"])
    assert (lines[-1]["Copied"], lines[-1]["Failed"]) == (2, 2)


def test_an_unexpected_crash_is_that_objects_failure() -> None:
    s3 = FakeS3()
    s3.refuse[ORDERS] = ZeroDivisionError("bug")
    answer, lines = load(s3, notification(ORDERS))
    assert "ZeroDivisionError: bug" in str(answer["error"])
    assert lines[0]["level"] == "ERROR"


def test_a_failed_event_delivered_again_makes_no_second_copy() -> None:
    s3 = FakeS3()
    s3.put(ORDERS)
    s3.put(CUSTOMERS)
    s3.refuse[CUSTOMERS] = ConnectionError("no route to host")
    event = notification(ORDERS, CUSTOMERS)
    load(s3, event)
    del s3.refuse[CUSTOMERS]
    answer, _ = load(s3, event)
    assert answer["failed"] == 0
    assert len(s3.lake()) == 2


def test_objects_of_one_event_are_moved_at_once() -> None:
    keys = [f"dms/s/t{number}/LOAD00000001.csv" for number in range(handler.THREADS)]
    s3 = FakeS3(together=threading.Barrier(handler.THREADS))
    for key in keys:
        s3.put(key)
    answer, _ = load(s3, notification(*keys))
    assert answer["copied"] == handler.THREADS


def test_the_recorded_events_are_answered() -> None:
    config = LoaderConfig(
        pipeline="shop",
        staging_bucket="acme-shop-staging",
        staging_prefix="dms",
        lake_bucket="lake",
        account=ACCOUNT,
    )
    s3 = FakeS3()
    s3.put("dms/sales/a b+% c=é📦/LOAD00000001.csv", bucket="acme-shop-staging")
    s3.put(ORDERS, bucket="acme-shop-staging", version_id="v1.Example_Version")
    odd, _ = load(s3, recorded("s3_put_odd_key"), config)
    several, _ = load(s3, recorded("s3_several_records"), config)
    tested, lines = load(s3, recorded("s3_test_event"), config)
    assert odd["copied"] == 1
    assert (several["copied"], several["vanished"], several["skipped"]) == (1, 1, 1)
    assert several["reasons"] == {"not-a-creation": 1}
    assert tested["copied"] == 0
    assert len(lines) == 1
    assert sorted(s3.lake()) == [
        "public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv",
        "sales/a b+% c=é📦/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv",
    ]


def test_an_unknown_event_is_an_error_and_logged() -> None:
    stream = io.StringIO()
    with pytest.raises(EnvelopeError, match="aws:kinesis"):
        Loader(CONFIG, FakeS3()).load(recorded("unknown_shape"), request_id="r-1", stream=stream)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["error_code"]) == (
        "event_refused",
        "ERROR",
        "UnknownEvent",
    )
    assert "aws:kinesis" in line["error"]


def test_what_there_is_no_time_for_is_told_and_not_begun() -> None:
    keys = [f"dms/s/t{number}/LOAD00000001.csv" for number in range(30)]
    s3 = FakeS3()
    for key in keys:
        s3.put(key)
    answer, lines = load(s3, notification(*keys), deadline=lambda: 0.0)
    assert str(answer["error"]).startswith("30 of 30 objects failed: ")
    assert s3.calls == []
    *told, last, metrics = lines
    assert [line["error_code"] for line in told] == ["OutOfTime"] * handler.TOLD_ONE_BY_ONE
    assert (last["event"], last["objects"], metrics["Failed"]) == ("out_of_time", 30, 30)


class Countdown:
    """Milliseconds left, as Lambda's context tells them."""

    def __init__(self, ms: float) -> None:
        self._end = time.monotonic() * 1000 + ms

    def __call__(self) -> float:
        return self._end - time.monotonic() * 1000


def test_what_hangs_is_told_in_time_and_does_not_hold_up_the_next_event() -> None:
    s3 = FakeS3()
    s3.put(ORDERS)
    s3.put(CUSTOMERS)
    released = threading.Event()
    s3.before["CopyObject"].append(lambda: _wait(released))
    loader = Loader(CONFIG, s3, now=lambda: ARRIVED, threads=1)
    stream = io.StringIO()
    with pytest.raises(DeliveryError) as caught:
        loader.load(
            notification(ORDERS, CUSTOMERS), request_id="r", stream=stream, deadline=Countdown(500)
        )
    assert [one.error_code for one in caught.value.failed] == ["OutOfTime"] * 2
    assert all(one.temporary for one in caught.value.failed)
    answer = loader.load(notification(CUSTOMERS), request_id="r", stream=stream)
    assert answer["copied"] == 1
    released.set()


def _wait(released: threading.Event) -> None:
    released.wait(timeout=10)


def test_tables_have_metrics_of_their_own_where_it_is_asked_for() -> None:
    s3 = FakeS3()
    s3.put(ORDERS)
    _, lines = load(s3, notification(ORDERS), CONFIG._replace(table_metrics=True))
    assert [line.get("Table") for line in lines] == [None, None, "public.orders"]


def test_many_records_are_moved_by_few_threads() -> None:
    keys = [f"dms/s/t/{number}.csv" for number in range(2000)]
    s3 = FakeS3()
    for key in keys:
        s3.put(key)
    before = threading.active_count()
    answer, _ = load(s3, notification(*keys))
    assert answer["copied"] == len(s3.lake()) == 2000
    assert threading.active_count() <= before + handler.THREADS


def test_debug_tells_what_an_event_was() -> None:
    config = LoaderConfig(
        pipeline="shop",
        staging_bucket="staging",
        lake_bucket="lake",
        account=ACCOUNT,
        log_level=LogLevel.DEBUG,
    )
    _, lines = load(FakeS3(), recorded("s3_test_event"), config)
    assert (lines[0]["event"], lines[0]["source"]) == ("event_opened", "s3-test")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Boto3Client]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in CONFIG.to_environment().items():
        monkeypatch.setenv(name, value)
    handler.build.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("staging", "lake"):
            client.create_bucket(Bucket=bucket)
        yield client
    handler.build.cache_clear()


def test_the_entry_point_moves_objects_with_the_runtimes_boto3(
    cloud: Boto3Client, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.put_object(Bucket="staging", Key=ORDERS, Body=b"data")
    for _ in range(2):
        answer = handler.handle(notification(ORDERS), FakeContext())
        assert answer["copied"] == 1
    (copied,) = cloud.list_objects_v2(Bucket="lake")["Contents"]
    assert copied["Key"].startswith("raw/public/orders/year=")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("event") for line in lines] == ["object_copied", None] * 2
    assert lines[0]["target"] == f"s3://lake/{copied['Key']}"
    assert lines[0]["request_id"] == "r-1"
    assert handler.build() is handler.build()


@pytest.mark.usefixtures("cloud")
def test_a_function_without_its_settings_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DMSLAKE_PIPELINE")
    with pytest.raises(ConfigError, match="DMSLAKE_PIPELINE is not set"):
        handler.handle(notification(ORDERS), FakeContext())


def test_the_reference_architectures_layout_can_be_had() -> None:
    config = LoaderConfig(
        pipeline="shop",
        staging_bucket="staging",
        staging_prefix="dms",
        lake_bucket="lake",
        layout="year={year}/month={month}/day={day}/hour={hour}/{file}",
        clock=Clock.ARRIVAL,
        allow_overwrite=True,
        account=ACCOUNT,
    )
    s3 = FakeS3()
    s3.put(ORDERS)
    load(s3, notification(ORDERS), config)
    assert list(s3.lake()) == ["year=2026/month=11/day=23/hour=14/LOAD00000001.csv"]
