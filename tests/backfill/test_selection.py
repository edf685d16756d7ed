"""Which staged objects a run is about."""

from __future__ import annotations

import pytest

from dmslake.backfill.selection import LONGEST_UPLOAD_S, Selection
from dmslake.lake.objects import Kind, StagedObject

LOAD = StagedObject("public", "orders", "LOAD00000001.csv")


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), True),
        (Selection(tables=("public.or*",)), True),
        (Selection(tables=("public.items", "*.orders")), True),
        (Selection(tables=("Public.orders",)), False),
        (Selection(kinds=frozenset({Kind.CDC})), False),
        (Selection(since=1000), True),
        (Selection(since=1001), False),
        (Selection(until=1001), True),
        (Selection(until=1000), False),
    ],
)
def test_an_object_is_chosen_or_not(selection: Selection, taken: bool) -> None:
    assert selection.takes(LOAD, 1000) is taken


def test_an_upload_in_parts_that_may_have_arrived_since_is_taken() -> None:
    selection = Selection(since=LONGEST_UPLOAD_S + 1000)
    assert selection.takes(LOAD, 1000, in_parts=True)
    assert not selection.takes(LOAD, 999, in_parts=True)
    assert not selection.takes(LOAD, 1000)
