"""From one layout of a lake to another: every key finds its new place, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.relayout import LakeRouter
from dmslake.lake.config import LoaderConfig
from dmslake.lake.layout import DEFAULT_LAYOUT, LayoutError
from dmslake.lake.objects import Skipped, SkipReason, StagedObject
from dmslake.lake.routing import Route

DAILY = "{schema}/{table}/year={year}/month={month}/day={day}/{stem}-{stamp}{ext}"
FLAT = "{schema}/{table}/{stem}-{stamp}{ext}"
WHOLE = "{year}/{month}/{path}-{stamp}"
COPIED = datetime(2027, 1, 1, tzinfo=UTC)


def config(layout: str) -> LoaderConfig:
    return LoaderConfig(
        pipeline="shop", staging_bucket="staging", lake_bucket="lake", account="123456789012",
        staging_prefix="dms", lake_prefix="raw", layout=layout,
    )  # fmt: skip


def placed(layout: str, key: str, arrived: datetime) -> str:
    route = config(layout).router().route(key, arrived)
    assert isinstance(route, Route)
    return route.target


names = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/"), min_size=1, max_size=8
).filter(lambda text: text.strip(".") != "")
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - UTC follows
    lambda time: time.replace(tzinfo=UTC, microsecond=0)
)


@pytest.mark.parametrize(
    ("old", "new"),
    [("default", DAILY), (DAILY, "default"), ("default", FLAT), (FLAT, "default"),
     ("default", WHOLE), (WHOLE, DAILY)],
)  # fmt: skip
@given(folders=st.lists(names, min_size=2, max_size=4), file=names, arrived=times)
def test_what_the_old_layout_wrote_goes_to_where_the_new_one_wants_it(
    old: str, new: str, folders: list[str], file: str, arrived: datetime
) -> None:
    key = f"dms/{'/'.join(folders)}/{file}.csv"
    if not isinstance(StagedObject.parse(key, "dms"), StagedObject):
        return
    before, after = placed(old, key, arrived), placed(new, key, arrived)
    router = LakeRouter(config(new), old)
    found = router.route(before, COPIED)
    assert isinstance(found, Route)
    assert found.target == after
    assert isinstance(router.route(after, COPIED), Skipped)


def test_the_time_is_that_of_the_key_and_not_that_of_the_copy() -> None:
    arrived = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
    router = LakeRouter(config(DAILY), "default")
    key = placed("default", "dms/public/orders/LOAD00000001.csv", arrived)
    found = router.route(key, arrived + timedelta(days=30))
    assert isinstance(found, Route)
    assert found.target == (
        "raw/public/orders/year=2026/month=11/day=23/LOAD00000001-20261123T144702Z.csv"
    )


@pytest.mark.parametrize("key", ["raw/README.md", "raw/public/orders/x.csv", "other/x"])
def test_what_the_old_layout_never_wrote_stays_where_it_is(key: str) -> None:
    found = LakeRouter(config(DAILY), "default").route(key, COPIED)
    assert isinstance(found, Skipped)
    assert found.reason is SkipReason.OUTSIDE_PREFIX


def test_the_lake_is_listed_and_not_staging() -> None:
    router = LakeRouter(config(DAILY), DEFAULT_LAYOUT)
    assert (router.staging_folder, router.lake_folder) == ("raw/", "raw/")


@pytest.mark.parametrize(
    "lossy", ["year={year}/month={month}/day={day}/hour={hour}/{file}", "{schema}/{nothing}"]
)
def test_a_layout_that_cannot_be_read_back_is_refused(lossy: str) -> None:
    with pytest.raises(LayoutError):
        LakeRouter(config(DAILY), lossy)
