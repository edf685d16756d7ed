"""Movers over a fake S3, for the tests."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from dmslake.lake.deadline import NEVER, Deadline
from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.layout import Layout
from dmslake.lake.mover import Mover
from dmslake.lake.outcome import Outcome
from dmslake.lake.places import Places
from dmslake.lake.routing import Router
from tests.lake.fake_s3 import ACCOUNT, ARRIVED, FakeS3

LOAD = "dms/public/orders/LOAD00000001.csv"
TARGET = "raw/public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv"
PLACES = Places(staging_bucket="staging", lake_bucket="lake", account=ACCOUNT)


def ticks(step: float) -> Callable[[], float]:
    def count() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += step

    return count().__next__


def mover(
    s3: FakeS3,
    places: Places = PLACES,
    *,
    lake_prefix: str = "raw",
    staging_prefix: str = "dms",
    now: datetime = ARRIVED + timedelta(seconds=3),
) -> Mover:
    router = Router(staging_prefix=staging_prefix, lake_prefix=lake_prefix, layout=Layout())
    return Mover(s3, router, places, now=lambda: now, timer=ticks(0.025), sleep=lambda _: None)


def move(
    s3: FakeS3, key: str = LOAD, places: Places = PLACES, deadline: Deadline = NEVER
) -> Outcome:
    return mover(s3, places).move(ObjectRef("staging", key), deadline)
