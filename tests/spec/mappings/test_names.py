"""Patterns are compared as the sets of names that they match."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.spec.mappings.names import covers, meet

PATTERNS = st.text(alphabet="ab%_", max_size=4)
# Patterns of four characters cannot be told apart by longer names.
NAMES = ["".join(letters) for n in range(6) for letters in itertools.product("abc", repeat=n)]


def matched(pattern: str) -> set[str]:
    expression = "".join({"%": ".*", "_": "."}.get(one, one) for one in pattern)
    return {name for name in NAMES if re.fullmatch(expression, name)}


@given(PATTERNS, PATTERNS)
def test_patterns_meet_that_match_a_common_name(first: str, second: str) -> None:
    common = matched(first) & matched(second)
    if len(first) + len(second) < max(map(len, NAMES)):
        assert meet(first, second) == bool(common)
    assert meet(first, second) == meet(second, first)
    assert meet(first, second) or not common


@given(PATTERNS, PATTERNS)
def test_a_pattern_covers_only_what_matches_less(pattern: str, name: str) -> None:
    if covers(pattern, name):
        assert matched(name) <= matched(pattern)


@given(PATTERNS, st.text(alphabet="abc", max_size=5))
def test_a_pattern_covers_the_names_that_it_matches(pattern: str, name: str) -> None:
    assert covers(pattern, name) == (name in matched(pattern))


@pytest.mark.parametrize(
    ("pattern", "other", "covered"),
    [
        ("%", "anything", True),
        ("order%", "orders_%", True),
        ("order_%", "orders", True),
        ("order_items", "orderXitems", True),
        ("orderXitems", "order_items", False),
        ("a%c", "abbb", False),
        ("%b%", "ab%", True),
        ("_", "%", False),
        ("Orders", "orders", False),
    ],
)
def test_coverage(pattern: str, other: str, covered: bool) -> None:
    assert covers(pattern, other) is covered


def test_patterns_made_to_be_slow_are_compared_at_once() -> None:
    assert not covers("%a" * 60 + "b", "a" * 5000)
    assert meet("%a" * 60, "a%" * 60)
