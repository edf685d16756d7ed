from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.lake.layout import Layout, LayoutError, Origin
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.routing import Clock, Route, Router, TimezoneError
from tests.lake.layouts import SAFE, templates
from tests.lake.strategies import paths, times

ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
REFERENCE = "year={year}/month={month}/day={day}/hour={hour}/{file}"


def router(
    *,
    staging_prefix: str = "dms",
    lake_prefix: str = "raw/shop",
    template: str = "default",
    timezone: str = "UTC",
    clock: Clock = Clock.ARRIVAL,
) -> Router:
    return Router(
        staging_prefix=staging_prefix,
        lake_prefix=lake_prefix,
        layout=Layout(template),
        timezone=timezone,
        clock=clock,
    )


def target(made: Router, key: str, arrived: datetime = ARRIVED) -> str:
    route = made.route(key, arrived)
    assert isinstance(route, Route), route
    return route.target


def test_three_tables_staged_in_one_hour_are_three_lake_objects() -> None:
    keys = [f"dms/public/{table}/LOAD00000001.csv" for table in ("a", "b", "c")]
    assert [target(router(), key) for key in keys] == [
        f"raw/shop/public/{table}/year=2026/month=11/day=23/hour=14/"
        "LOAD00000001-20261123T144702Z.csv"
        for table in ("a", "b", "c")
    ]


def test_the_reference_architectures_layout_is_available_as_it_was() -> None:
    made = router(template=REFERENCE, lake_prefix="")
    keys = {target(made, f"dms/public/{table}/LOAD00000001.csv") for table in ("a", "b")}
    assert keys == {"year=2026/month=11/day=23/hour=14/LOAD00000001.csv"}


def test_empty_prefixes_make_keys_without_a_leading_slash() -> None:
    made = router(staging_prefix="", lake_prefix="")
    assert target(made, "s/t/f.csv").startswith("s/t/year=2026/")


def test_a_route_carries_its_fields_and_its_object() -> None:
    route = router().route("dms/s/t/LOAD00000001.csv", ARRIVED)
    assert isinstance(route, Route)
    assert route.moment == ("2026", "11", "23", "14", "47", "20261123T144702Z")
    assert route.staged == ("s", "t", "LOAD00000001.csv")


def test_skipped_objects_keep_their_reason() -> None:
    skipped = router().route("elsewhere/s/t/f.csv", ARRIVED)
    assert skipped == Skipped(SkipReason.OUTSIDE_PREFIX)


@pytest.mark.parametrize(
    ("arrived", "fields"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "2026/03/29/01"),
        (datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), "2026/03/29/03"),
        (datetime(2026, 10, 25, 0, 30, 0, tzinfo=UTC), "2026/10/25/02"),
        (datetime(2026, 10, 25, 1, 30, 0, tzinfo=UTC), "2026/10/25/02"),
        (datetime(2026, 12, 31, 23, 30, 0, tzinfo=UTC), "2027/01/01/00"),
    ],
)
def test_a_time_zone_moves_the_partition_and_leaves_the_stamp(
    arrived: datetime, fields: str
) -> None:
    made = router(template="{year}/{month}/{day}/{hour}/{path}-{stamp}", timezone="Europe/Paris")
    stamp = arrived.strftime("%Y%m%dT%H%M%SZ")
    assert target(made, "dms/s/t/f.csv", arrived) == f"raw/shop/{fields}/s/t/f.csv-{stamp}"


def test_the_zone_of_last_modified_itself_does_not_matter() -> None:
    elsewhere = ARRIVED.astimezone(timezone(timedelta(hours=9)))
    assert target(router(), "dms/s/t/f.csv", elsewhere) == target(router(), "dms/s/t/f.csv")


def test_fractions_of_a_second_fall_off() -> None:
    late = ARRIVED + timedelta(microseconds=999_999)
    assert target(router(), "dms/s/t/f.csv", late) == target(router(), "dms/s/t/f.csv")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        router().route("dms/s/t/f.csv", ARRIVED.replace(tzinfo=None))


@pytest.mark.parametrize("name", ["Europe/Londn", "../etc/passwd", "", "Europe"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(TimezoneError, match="IANA name"):
        router(timezone=name)


@pytest.mark.parametrize(
    ("file", "hour"),
    [
        ("20250101-061502123.csv", "2025/01/01/07"),
        ("CDC_TXN-20250101061502123.csv", "2025/01/01/07"),
        ("LOAD00000001.csv", "2026/11/23/15"),
        ("20259901-061502123.csv", "2026/11/23/15"),
    ],
)
def test_the_filename_clock_takes_the_time_in_a_name_where_there_is_one(
    file: str, hour: str
) -> None:
    made = router(
        template="{year}/{month}/{day}/{hour}/{path}-{stamp}",
        timezone="Europe/Paris",
        clock=Clock.FILENAME,
    )
    key = target(made, f"dms/s/t/{file}")
    assert key == f"raw/shop/{hour}/s/t/{file}-20261123T144702Z"


@pytest.mark.parametrize(("letter", "size"), [("a", 1), ("é", 2), ("📦", 4)])
def test_a_lake_key_may_be_1024_bytes_and_no_more(letter: str, size: int) -> None:
    made = router(template="{path}-{stamp}", lake_prefix="")
    room = 1024 - len("s/t/-20261123T144702Z")
    fits = letter * (room // size) + "x" * (room % size)
    assert len(target(made, f"dms/s/t/{fits}").encode()) == 1024
    refused = made.route(f"dms/s/t/{fits}x", ARRIVED)
    assert isinstance(refused, Skipped)
    assert refused.reason is SkipReason.KEY_TOO_LONG
    assert "1025 bytes" in refused.detail


def test_a_key_that_is_no_text_at_all_is_measured_all_the_same() -> None:
    refused = router().route(f"dms/s/t/{chr(0xD800) * 400}", ARRIVED)
    assert isinstance(refused, Skipped)
    assert refused.reason is SkipReason.KEY_TOO_LONG


@given(
    paths,
    times,
    st.sampled_from(["", "dms", "a b/%s"]),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]),
    st.sampled_from(list(Clock)),
)
def test_a_lake_key_leads_back_to_its_staged_key_and_time(
    path: str, arrived: datetime, prefix: str, zone: str, clock: Clock
) -> None:
    made = router(staging_prefix=prefix, lake_prefix=prefix, timezone=zone, clock=clock)
    key = f"{prefix}/{path}" if prefix else path
    route = made.route(key, arrived)
    if isinstance(route, Route):
        assert made.origin(route.target) == Origin(key, arrived)
    else:
        assert route.reason.withholds_data


# Few pieces and few times, so that look-alikes come up often.
_pieces = st.sampled_from(
    [
        "a",
        "-",
        ".",
        "/",
        "20261123T144702Z",
        "20261123-144702123",
        "load",
        ".csv",
        ".gz",
        "LOAD00001",
    ]
)
_look_alikes = st.lists(_pieces, min_size=1, max_size=4).map("".join)
_lookalike_paths = st.tuples(_look_alikes, _look_alikes, _look_alikes).map("/".join)
_keys = st.one_of(_lookalike_paths, _lookalike_paths, paths)
_times = st.one_of(
    times, st.sampled_from([ARRIVED, ARRIVED + timedelta(seconds=1), ARRIVED + timedelta(hours=1)])
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(_keys, _times), min_size=2, max_size=8, unique=True),
    st.one_of(st.sampled_from(SAFE), templates()),
    st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe"]),
    st.sampled_from(["UTC", "Asia/Seoul", "Europe/Paris"]),
    st.sampled_from(list(Clock)),
)
def test_two_arrivals_never_share_a_lake_key_in_any_accepted_layout(
    sources: list[tuple[str, datetime]], template: str, zone: str, name_zone: str, clock: Clock
) -> None:
    try:
        layout = Layout(template)
        layout.check()
    except LayoutError:
        return
    made = Router(
        staging_prefix="", lake_prefix="", layout=layout, timezone=zone, clock=clock,
        name_timezone=name_zone,
    )  # fmt: skip
    routes = {source: made.route(*source) for source in sources}
    found = {one: route.target for one, route in routes.items() if isinstance(route, Route)}
    assert len(set(found.values())) == len(found)
    assert {made.origin(key) for key in found.values()} == {Origin(*one) for one in found}


@pytest.mark.parametrize(
    "key",
    [
        "raw/other/s/t/year=2026/month=11/day=23/hour=14/f-20261123T144702Z.csv",
        "raw/shop/manifest.json",
        "raw/shop/s/t/year=2026/month=11/day=23/hour=15/f-20261123T144702Z.csv",
    ],
)
def test_a_key_that_was_never_decided_on_has_no_origin(key: str) -> None:
    assert router().origin(key) is None
