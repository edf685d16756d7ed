from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dmslake.lake.layout import DEFAULT_LAYOUT, Layout, LayoutError, Origin
from dmslake.lake.objects import StagedObject
from dmslake.lake.tokens import TOKENS, Moment
from tests.lake.layouts import SAFE, templates
from tests.lake.strategies import AWKWARD, paths, times

ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
REFERENCE = "year={year}/month={month}/day={day}/hour={hour}/{file}"


def render(layout: Layout, path: str, arrived: datetime = ARRIVED) -> str | None:
    staged = StagedObject.parse(path)
    if not isinstance(staged, StagedObject):
        return None
    return layout.render(staged, Moment.of(arrived, arrived))


def accepted(layout: Layout) -> bool:
    try:
        layout.check()
    except LayoutError:
        return False
    return True


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (
            "public/orders/LOAD00000001.csv",
            "public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv",
        ),
        (
            "s/t/eu/20261123-144702123.csv.gz",
            "s/t/year=2026/month=11/day=23/hour=14/eu/20261123-144702123-20261123T144702Z.csv.gz",
        ),
        ("a b/c+%/f", "a b/c+%/year=2026/month=11/day=23/hour=14/f-20261123T144702Z"),
    ],
)
def test_the_default_layout(path: str, key: str) -> None:
    assert render(Layout("default"), path) == key


def test_every_token_has_its_text() -> None:
    template = "|".join(f"{{{name}}}" for name in TOKENS)
    key = render(Layout(template), "s/t/eu/20261123-144702123.csv.gz")
    assert key == (
        "s|t|2026|11|23|14|47|eu/20261123-144702123|.csv.gz|20261123T144702Z|"
        "20261123-144702123.csv.gz|s/t/eu/20261123-144702123.csv.gz|cdc"
    )


def test_the_reference_architecture_can_be_had_with_allow_overwrite() -> None:
    layout = Layout(REFERENCE)
    with pytest.raises(LayoutError, match=r"\{stamp\} is missing.*\{schema\} is missing"):
        layout.check()
    layout.check(allow_overwrite=True)
    key = render(layout, "public/orders/LOAD00000001.csv")
    assert key == "year=2026/month=11/day=23/hour=14/LOAD00000001.csv"
    with pytest.raises(LayoutError, match="can lose data"):
        layout.parse(key)


@pytest.mark.parametrize("template", SAFE)
def test_a_layout_that_can_be_read_back_is_accepted(template: str) -> None:
    Layout(template).check()


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{schema}/{table}/{stem}{ext}", "{stamp} is missing: a file written again"),
        ("{schema}/{stem}-{stamp}{ext}", "{table} is missing: LOAD00000001.csv of two tables"),
        ("{table}/{stem}-{stamp}{ext}", "{schema} is missing"),
        ("{schema}/{table}/{stamp}{ext}", "{stem} is missing: files of one table"),
        ("{schema}/{table}/{stem}-{stamp}", "{ext} is missing"),
        ("{schema}/{table}/{stamp}-{file}", "{stem} is missing: {file} leaves out the folders"),
        ("{path}", "{stamp} is missing"),
        ("{schema}-{table}/{stem}-{stamp}{ext}", "where {schema} ends and {table} begins"),
        ("{schema}{table}/{stem}-{stamp}{ext}", "where {schema} ends and {table} begins"),
        ("{schema}/{table}-{stem}/{stamp}{ext}", "where {table} ends and {stem} begins"),
        ("{schema}/{table}/{stem}{stamp}{ext}", "where {stem} ends and {ext} begins"),
        ("{schema}/{table}/{stem}.{stamp}{ext}", "where {stem} ends and {ext} begins"),
        ("{schema}/{table}/{stem}-a.{stamp}{ext}", "where {stem} ends and {ext} begins"),
        ("{schema}/{table}/{ext}{stem}-{stamp}", "where {ext} ends and {stem} begins"),
        ("{stem}/{schema}/{stem}-{stamp}/{table}x{ext}", "where {stem} ends and {schema} begins"),
        ("{path}/{path}/{stamp}", "where {path} ends and {path} begins"),
    ],
)
def test_a_layout_that_could_lose_data_is_refused_by_what_it_lacks(
    template: str, says: str
) -> None:
    with pytest.raises(LayoutError) as caught:
        Layout(template).check()
    assert says in str(caught.value)
    assert "allow_overwrite" in caught.value.fix
    Layout(template).check(allow_overwrite=True)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{schema}/{tabel}", "{tabel}, which is not a token"),
        ("{schema}/{}", "{}, which is not a token"),
        ("{schema}/{year:02}", "{year:02}, which is not a token"),
        ("{schema}/{table!r}", "{table:r}, which is not a token"),
        ("{schema}/{stem.x}", "{stem.x}, which is not a token"),
        ("{schema}/{table", "is malformed"),
        ("{schema}/}", "is malformed"),
        ("", "folder that is empty"),
        ("/{path}-{stamp}", "folder that is empty"),
        ("{path}-{stamp}/", "folder that is empty"),
        ("a//{path}-{stamp}", "folder that is empty"),
        ("../{path}-{stamp}", "folder that is empty, '.' or '..'"),
        ("{schema}/{table}/{stem}-{stamp}/{ext}", "folder that is empty"),
        ("{path}/.{ext}/{stamp}", "folder that is empty, '.' or '..'"),
        ("{path}-{stamp}\n", "line breaks"),
        (" {path}-{stamp}", "spaces at its ends"),
        ("{path}\t{stamp}", "line breaks"),
    ],
)
def test_a_malformed_template_is_refused_even_with_allow_overwrite(
    template: str, says: str
) -> None:
    with pytest.raises(LayoutError) as caught:
        Layout(template)
    assert says in str(caught.value)
    assert caught.value.fix


def test_an_unknown_token_lists_the_valid_ones() -> None:
    with pytest.raises(LayoutError) as caught:
        Layout("{tabel}")
    assert all(f"{{{name}}}" in caught.value.fix for name in TOKENS)


def test_a_layout_shows_its_template() -> None:
    assert repr(Layout("{path}-{stamp}")) == "Layout('{path}-{stamp}')"


@given(st.sampled_from(SAFE), paths, times)
@example(DEFAULT_LAYOUT, "s/t/x-20261123T144702Z.csv", ARRIVED)
@example(DEFAULT_LAYOUT, "s/t/a.b-20261123T144702Z", ARRIVED)
@example(DEFAULT_LAYOUT, "cdc/CDC_TXN-20261123144702123.csv", ARRIVED)
def test_a_lake_key_comes_back_to_its_staged_key(
    template: str, path: str, arrived: datetime
) -> None:
    layout = Layout(template)
    key = render(layout, path, arrived)
    if key is not None:
        assert layout.parse(key) == Origin(path, arrived)


@pytest.mark.parametrize("template", SAFE)
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_name_comes_back_wherever_it_stands(name: str, template: str) -> None:
    layout = Layout(template)
    for path in (f"{name}/t/f.csv", f"s/{name}/f.csv", f"s/t/{name}/f.csv", f"s/t/x/{name}"):
        key = render(layout, path)
        assert key is not None
        assert layout.parse(key) == Origin(path, ARRIVED)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "somebody/else.csv",
        "s/t/year=2026/month=11/day=23/hour=14/LOAD00000001.csv",
        "s/t/year=2026/month=11/day=23/hour=14/f-20261399T144702Z.csv",
        "s/t/year=2026/month=11/day=23/hour=14/x//f-20261123T144702Z.csv",
        "s/t/year=2026/month=11/day=23/hour=14/f.csv-20261123T144702Z",
        "s/t/year=2026/month=11/day=23/hour=14/f-20261123T144702Z.csv\n",
        "s/t/year=\u0662\u0660\u0662\u0666/month=11/day=23/hour=14/f-20261123T144702Z.csv",
    ],
)
def test_a_key_that_the_layout_never_writes_has_no_origin(key: str) -> None:
    assert Layout().parse(key) is None


def test_a_kind_that_contradicts_the_name_has_no_origin() -> None:
    layout = Layout("{kind}/{path}-{stamp}")
    assert layout.parse("load/s/t/LOAD00000001.csv-20261123T144702Z") is not None
    assert layout.parse("cdc/s/t/LOAD00000001.csv-20261123T144702Z") is None


# Pieces that make look-alikes: separators, stamps, extensions and tokens' own words.
_PIECES = ["a", "-", ".", "/", "20261123T144702Z", "gz", "load"]
_MOMENTS = [ARRIVED, datetime(2026, 11, 23, 14, 47, 3, tzinfo=UTC)]


def _look_alikes() -> Iterator[str]:
    rests = ["".join(pieces) for size in (1, 2, 3, 4) for pieces in product(_PIECES, repeat=size)]
    for schema, table in (("a", "a"), ("a-a", "a"), ("a", "a-a")):
        yield from (f"{schema}/{table}/{rest}" for rest in rests)


_LOOK_ALIKES = sorted({path for path in _look_alikes() if render(Layout("{path}"), path)})


@settings(deadline=None)
@given(templates())
@example("{schema}/{table}/{stem}-{stamp}{ext}")
@example("{schema}/{table}/{stem}{stamp}{ext}")
@example("{schema}-{table}/{stem}-{stamp}{ext}")
def test_no_accepted_layout_sends_two_look_alikes_to_one_key(template: str) -> None:
    try:
        layout = Layout(template)
        layout.check()
    except LayoutError:
        return
    sources = [(path, arrived) for path in _LOOK_ALIKES for arrived in _MOMENTS]
    assert len({render(layout, *source) for source in sources}) == len(sources)


def test_the_look_alikes_find_collisions_where_there_are_some() -> None:
    for template in ("{schema}-{table}/{stem}-{stamp}{ext}", "{table}/{stem}-{stamp}{ext}"):
        keys = {render(Layout(template), path) for path in _LOOK_ALIKES}
        assert len(keys) < len(_LOOK_ALIKES)
        assert not accepted(Layout(template))
