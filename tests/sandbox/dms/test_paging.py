from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json, Parameters

WORDS: Listing[str] = Listing(
    filters={"first-letter": lambda word: [word[:1]], "word": lambda word: [word]},
    order=lambda word: word,
    noun="Words",
)


def refused(asked: Json) -> Fault:
    with pytest.raises(Fault) as caught:
        WORDS.page(["a", "b"], Parameters(asked))
    return caught.value


@settings(deadline=None)
@given(st.sets(st.text(min_size=1)), st.integers(min_value=20, max_value=100))
def test_the_pages_together_are_everything_once_in_order(words: set[str], size: int) -> None:
    seen: list[str] = []
    asked: Json = {"MaxRecords": size}
    while True:
        page, marker = WORDS.page(words, Parameters(asked))
        assert len(page) <= size
        seen += page
        if marker is None:
            break
        asked["Marker"] = marker

    assert seen == sorted(words)


def test_a_page_begins_after_the_marker_even_if_that_item_is_gone() -> None:
    words = [f"w{n:03}" for n in range(50)]
    _, marker = WORDS.page(words, Parameters({"MaxRecords": 20}))

    rest, _ = WORDS.page([word for word in words if word != "w019"], Parameters({"Marker": marker}))

    assert rest[0] == "w020"


def test_values_are_alternatives_and_filters_are_not() -> None:
    by_letter: Json = {"Name": "first-letter", "Values": ["A", "b"]}
    by_word: Json = {"Name": "word", "Values": ["bee", "cat"]}
    words = ["ant", "bee", "cat"]

    assert WORDS.page(words, Parameters({"Filters": [by_letter]}))[0] == ["ant", "bee"]
    assert WORDS.page(words, Parameters({"Filters": [by_letter, by_word]}))[0] == ["bee"]


@pytest.mark.parametrize("size", [0, 19, 101])
def test_the_size_of_a_page_has_limits(size: int) -> None:
    assert refused({"MaxRecords": size}).message == (
        f"Invalid value {size} for MaxRecords. Must be between 20 and 100"
    )


@pytest.mark.parametrize("marker", ["%", "é", "a", base64.b64encode(b"\xff\xfe").decode()])
def test_a_marker_of_somebody_else(marker: str) -> None:
    assert refused({"Marker": marker}).code == "InvalidParameterValueException"


def test_an_unknown_filter_is_answered_with_the_known_ones() -> None:
    fault = refused({"Filters": [{"Name": "colour", "Values": ["red"]}]})

    assert fault.code == "InvalidParameterValueException"
    assert "first-letter, word" in fault.message


def test_nothing_unfiltered_is_an_empty_page() -> None:
    assert WORDS.page([], Parameters({})) == ([], None)
