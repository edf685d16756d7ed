"""Time zones and their switching hours: partitions move, and no two arrivals share a key."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.layout import Layout, Origin
from dmslake.lake.routing import Clock, Route, Router

FIELDS = "{year}-{month}-{day}T{hour}:{minute}/{path}-{stamp}"


def router(
    zone: str, *, clock: Clock = Clock.ARRIVAL, name_zone: str = "UTC", template: str = FIELDS
) -> Router:
    return Router(
        staging_prefix="",
        lake_prefix="",
        layout=Layout(template),
        timezone=zone,
        clock=clock,
        name_timezone=name_zone,
    )


def target(made: Router, arrived: datetime, file: str = "f.csv") -> str:
    route = made.route(f"s/t/{file}", arrived)
    assert isinstance(route, Route), route
    return route.target


def fields(made: Router, arrived: datetime, file: str = "f.csv") -> str:
    return target(made, arrived, file).partition("/")[0]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# A zone, the last minute (UTC) before a switch, and the partition's fields in it and after it.
SWITCHES = """
# North: an hour is left out in spring, and comes twice in autumn.
Europe/Paris         2026-03-29T00:59  2026-03-29T01:59  2026-03-29T03:00
Europe/Paris         2026-10-25T00:59  2026-10-25T02:59  2026-10-25T02:00
America/New_York     2026-03-08T06:59  2026-03-08T01:59  2026-03-08T03:00
America/New_York     2026-11-01T05:59  2026-11-01T01:59  2026-11-01T01:00
# South: the other way round in the year.
Australia/Sydney     2026-10-03T15:59  2026-10-04T01:59  2026-10-04T03:00
Australia/Sydney     2026-04-04T15:59  2026-04-05T02:59  2026-04-05T02:00
America/Santiago     2026-09-06T03:59  2026-09-05T23:59  2026-09-06T01:00
# Half hours: zones beside the hour, and one whose summer is half an hour.
America/St_Johns     2026-03-08T05:29  2026-03-08T01:59  2026-03-08T03:00
America/St_Johns     2026-11-01T04:29  2026-11-01T01:59  2026-11-01T01:00
Australia/Lord_Howe  2026-10-03T15:29  2026-10-04T01:59  2026-10-04T02:30
Australia/Lord_Howe  2026-04-04T14:59  2026-04-05T01:59  2026-04-05T01:30
# No switching, quarters of an hour, the dateline and the years around.
Asia/Kathmandu       2026-12-31T18:14  2026-12-31T23:59  2027-01-01T00:00
Asia/Kolkata         2028-02-28T18:29  2028-02-28T23:59  2028-02-29T00:00
Pacific/Kiritimati   2026-12-31T09:59  2026-12-31T23:59  2027-01-01T00:00
Pacific/Apia         2011-12-30T09:59  2011-12-29T23:59  2011-12-31T00:00
"""


@pytest.mark.parametrize(
    "row", [row.split() for row in SWITCHES.splitlines() if row and not row.startswith("#")]
)
def test_both_sides_of_a_switch(row: list[str]) -> None:
    zone, minute, before, after = row
    made, last = router(zone), utc(minute) + timedelta(seconds=59)
    assert (fields(made, last), fields(made, last + timedelta(seconds=1))) == (before, after)


ZONES = ["Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "UTC"]
STARTS = [utc("2026-10-25T00:00"), utc("2026-04-04T14:00"), utc("2026-11-01T04:00")]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", STARTS)
def test_a_file_written_again_in_the_repeated_hour_keeps_its_earlier_copy(
    zone: str, start: datetime
) -> None:
    made = router(zone, template="default")
    arrivals = [start + timedelta(seconds=30 * step) for step in range(480)]
    targets = [target(made, arrived, "LOAD00000001.csv") for arrived in arrivals]
    assert len(set(targets)) == len(arrivals)
    for key, arrived in zip(targets, arrivals, strict=True):
        assert made.origin(key) == Origin("s/t/LOAD00000001.csv", arrived)


@given(
    st.sampled_from([*ZONES, "Pacific/Apia", "America/Santiago", "Asia/Kathmandu"]),
    st.sampled_from([*ZONES, "Asia/Seoul"]),
    st.sampled_from(list(Clock)),
    st.integers(min_value=0, max_value=4102358400),
    st.sampled_from(["20261025-023000000.csv", "19700101-000000000.csv", "99981231-235959999.csv"]),
)
def test_every_second_has_its_key_and_comes_back(
    zone: str, name_zone: str, clock: Clock, second: int, file: str
) -> None:
    made = router(zone, clock=clock, name_zone=name_zone)
    arrivals = [datetime.fromtimestamp(second + more, UTC) for more in (0, 1, 3600)]
    targets = [target(made, arrived, file) for arrived in arrivals]
    assert len(set(targets)) == 3
    assert [made.origin(key) for key in targets] == [Origin(f"s/t/{file}", at) for at in arrivals]


def test_partitions_never_go_back_except_where_the_zone_does() -> None:
    made = router("Europe/Paris")
    start = utc("2026-10-24T22:00")
    arrivals = [start + timedelta(minutes=15 * step) for step in range(24)]
    back = [
        later
        for earlier, later in pairwise(arrivals)
        if fields(made, later) < fields(made, earlier)
    ]
    assert back == [utc("2026-10-25T01:00")]


@pytest.mark.parametrize(
    ("file", "arrived", "in_utc"),
    [
        ("20260701-224119166.csv", "2026-07-01T20:41:20", "2026-07-01T20:41"),
        ("20260101-224119166.csv", "2026-01-01T21:41:20", "2026-01-01T21:41"),
        ("CDC_TXN-20260101224119166.csv", "2026-01-01T21:41:20", "2026-01-01T21:41"),
        # The hour that comes twice: the arrival tells which of the two the name means.
        ("20261025-023000000.csv", "2026-10-25T00:30:01", "2026-10-25T00:30"),
        ("20261025-023000000.csv", "2026-10-25T01:30:01", "2026-10-25T01:30"),
        ("LOAD00000001.csv", "2026-07-01T20:41:20", "2026-07-01T20:41"),
    ],
)
def test_names_that_are_local_times_are_read_in_their_zone(
    file: str, arrived: str, in_utc: str
) -> None:
    made = router("UTC", clock=Clock.FILENAME, name_zone="Europe/Paris")
    assert fields(made, utc(arrived), file) == in_utc


def test_names_and_partitions_of_one_zone_have_the_same_time() -> None:
    made = router("Asia/Seoul", clock=Clock.FILENAME, name_zone="Asia/Seoul")
    arrived = datetime(2026, 4, 1, 22, 41, 20, tzinfo=ZoneInfo("Asia/Seoul"))
    assert fields(made, arrived, "20260401-224119166.parquet") == "2026-04-01T22:41"
    moved_later = arrived + timedelta(days=200)
    assert fields(made, moved_later, "20260401-224119166.parquet") == "2026-04-01T22:41"
