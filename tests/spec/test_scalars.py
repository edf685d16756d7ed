"""What unquoted values mean."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.spec.scalars import is_null, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nil", "nil"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("off", "off"),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("012345678901", "012345678901"),
        ("00", "00"),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("22:22:22", "22:22:22"),
        ("2026-11-23", "2026-11-23"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("e3", "e3"),
        ("9" * 31, "9" * 31),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_resolves(text: str, value: object) -> None:
    resolved = resolve(text)

    assert resolved == value
    assert type(resolved) is type(value)


def test_not_a_number_is_a_number() -> None:
    resolved = resolve(".nan")

    assert isinstance(resolved, float)
    assert math.isnan(resolved)


@given(st.integers(-(10**29), 10**29))
def test_integers_come_back(number: int) -> None:
    assert resolve(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back(number: float) -> None:
    assert resolve(repr(number)) == number


@given(st.from_regex(re.compile(r"[0-9_:.+-]{1,12}"), fullmatch=True))
def test_what_starts_with_a_needless_zero_stays_text(text: str) -> None:
    assert resolve("00" + text) == "00" + text


@given(st.text(max_size=8))
def test_null_is_what_resolves_to_none(text: str) -> None:
    assert is_null(text) == (resolve(text) is None)
