from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.names import arn, arn_suffix, identifier, resource_id


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_know_their_partition(region: str, partition: str) -> None:
    made = arn(region, "123456789012", "task", "ABC")

    assert made == f"arn:{partition}:dms:{region}:123456789012:task:ABC"
    assert arn_suffix(made) == "ABC"


def test_random_ids_are_like_the_service_s() -> None:
    ids = {resource_id(None) for _ in range(100)}

    assert len(ids) == 100
    assert all(len(one) == 26 and one.isalnum() and one.isupper() for one in ids)


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z](-?[A-Za-z0-9]){0,30}", fullmatch=True))
def test_identifiers_are_stored_in_lower_case(name: str) -> None:
    assert identifier("Name", name, longest=63) == name.lower()


@settings(deadline=None)
@given(st.text(max_size=10).filter(lambda text: not text.isascii() or not text.isalnum()))
def test_identifiers_hold_ascii_letters_digits_and_single_hyphens(name: str) -> None:
    try:
        stored = identifier("Name", name, longest=63)
    except Fault as fault:
        stored = fault.code
    assert all(part.isalnum() and part.isascii() for part in stored.split("-") if stored)
