"""Every name that DMS gives, read, sent to the lake, and read back from there."""

from datetime import UTC, datetime

import pytest

from dmslake.lake.layout import Layout, Origin
from dmslake.lake.objects import Kind, StagedObject
from dmslake.lake.routing import Clock, Route, Router
from tests.lake.dms_names import CHANGED, DATE_FOLDERS, Named, dms_names

ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
NAMES = list(dms_names())
LAYOUTS = [
    "default",
    "{path}-{stamp}",
    "{kind}/{schema}/{table}/{year}{month}{day}/{stem}-{stamp}{ext}",
    "dt={year}-{month}-{day}T{hour}:{minute}/{table}/{schema}/{stem}{ext}/{stamp}",
]


def router(template: str = "default", clock: Clock = Clock.ARRIVAL, prefix: str = "dms") -> Router:
    return Router(staging_prefix=prefix, lake_prefix="raw", layout=Layout(template), clock=clock)


def target(made: Router, path: str) -> str:
    route = made.route(f"dms/{path}", ARRIVED)
    assert isinstance(route, Route), route
    return route.target


def test_the_table_has_every_form() -> None:
    assert len({folder for folders in DATE_FOLDERS.values() for folder in folders}) == 20
    assert {named.kind for named in NAMES} == set(Kind) - {Kind.OTHER}
    assert len({named.path for named in NAMES}) == len(NAMES) > 150


@pytest.mark.parametrize("prefix", ["", "dms", "a b/c+d=%"])
@pytest.mark.parametrize("named", NAMES, ids=lambda named: named.path)
def test_a_name_is_taken_apart_and_put_together_again(named: Named, prefix: str) -> None:
    key = f"{prefix}/{named.path}" if prefix else named.path
    staged = StagedObject.parse(key, prefix)
    assert isinstance(staged, StagedObject), staged
    assert (staged.schema, staged.table) == (named.schema, named.table)
    assert staged.rest.rpartition("/")[::2] == (named.folder, named.stem + named.ext)
    assert (staged.stem.rpartition("/")[2], staged.ext) == (named.stem, named.ext)
    assert (staged.kind, staged.named_at) == (named.kind, named.named_at)
    assert staged.key(prefix) == key


@pytest.mark.parametrize("named", NAMES, ids=lambda named: named.path)
def test_the_default_layout_keeps_the_folders_behind_the_partition(named: Named) -> None:
    folder = f"{named.folder}/" if named.folder else ""
    assert target(router(), named.path) == (
        f"raw/{named.schema}/{named.table}/year=2026/month=11/day=23/hour=14/"
        f"{folder}{named.stem}-20261123T144702Z{named.ext}"
    )


@pytest.mark.parametrize("named", NAMES, ids=lambda named: named.path)
def test_the_filename_clock_takes_the_names_time_and_else_the_arrival(named: Named) -> None:
    at = named.named_at or ARRIVED
    made = router("{year}/{month}/{day}/{hour}/{minute}/{path}-{stamp}", Clock.FILENAME)
    assert target(made, named.path) == f"raw/{at:%Y/%m/%d/%H/%M}/{named.path}-20261123T144702Z"


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("template", LAYOUTS)
def test_no_two_names_share_a_lake_key_and_each_comes_back(template: str, clock: Clock) -> None:
    made = router(template, clock)
    targets = {target(made, named.path): named.path for named in NAMES}
    assert len(targets) == len(NAMES)
    for key, path in targets.items():
        assert made.origin(key) == Origin(f"dms/{path}", ARRIVED)


def test_a_names_milliseconds_tell_files_apart_and_are_no_part_of_the_time() -> None:
    names = [f"s/t/20260401-224119{ms}.csv" for ms in ("000", "166", "999")]
    made = router("{year}{month}{day}{hour}{minute}/{path}-{stamp}", Clock.FILENAME)
    assert len({target(made, name) for name in names}) == 3
    parsed = [StagedObject.parse(name) for name in names]
    assert {one.named_at for one in parsed if isinstance(one, StagedObject)} == {CHANGED}


@pytest.mark.parametrize(
    "file",
    [
        "20260230-101010000.csv",
        "20260401-246060000.csv",
        "00000000-000000000.csv",
        "99999999-999999999.csv",
        "CDC_TXN-20261301000000000.csv",
        "CDC_TXN-.csv",
        "20260401-224119166_1.csv",
        "20260401-224119166-1.csv",
    ],
)
def test_a_name_without_a_true_time_goes_by_its_arrival(file: str) -> None:
    made = router("{year}/{month}/{day}/{path}-{stamp}", Clock.FILENAME)
    assert target(made, f"s/t/{file}") == f"raw/2026/11/23/s/t/{file}-20261123T144702Z"
