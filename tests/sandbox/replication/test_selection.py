"""Selection rules: what they match, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.sandbox.dms.replication import MappingError, check_mappings
from dmslake.sandbox.dms.replication.selection import read_selection

NAMES = st.text(st.characters(exclude_characters="%_", exclude_categories=["Cs"]), min_size=1)


def rule(number: int, schema: str, table: str, **members: Any) -> dict[str, Any]:
    return {
        "rule-type": "selection",
        "rule-id": str(number),
        "rule-name": str(number),
        "rule-action": "include",
        "object-locator": {"schema-name": schema, "table-name": table},
        **members,
    }


def takes(rules: list[dict[str, Any]], schema: str, table: str) -> bool:
    return read_selection({"rules": rules}).takes(schema, table)


def test_wildcards_and_case() -> None:
    assert takes([rule(1, "public", "%")], "public", "a b")
    assert not takes([rule(1, "Test", "%")], "test", "a")
    assert takes([rule(1, "public", "order_items")], "public", "orderXitems")
    assert not takes([rule(1, "public", "order_")], "public", "order")
    assert takes([rule(1, "%", "DMS%")], "x", "DMS")
    assert not takes([rule(1, "%", "DMS%")], "x", "dmsx")
    assert takes([rule(1, "s", "a%z")], "s", "a\nz")


@given(NAMES, NAMES, NAMES)
def test_only_wildcards_are_special(schema: str, table: str, other: str) -> None:
    rules = [rule(1, schema, table)]
    assert takes(rules, schema, table)
    assert takes(rules, schema, other) == (other == table)


def test_exclude_wins_whatever_its_place() -> None:
    excluded = rule(2, "public", "tmp%", **{"rule-action": "exclude"})
    for rules in ([rule(1, "public", "%"), excluded], [excluded, rule(1, "public", "%")]):
        assert takes(rules, "public", "orders")
        assert not takes(rules, "public", "tmp_orders")


def test_explicit_names_one_table() -> None:
    rules = [rule(1, "public", "order_items", **{"rule-action": "explicit"})]
    assert takes(rules, "public", "order_items")
    assert not takes(rules, "public", "orderXitems")
    assert list(read_selection({"rules": rules}).named_tables()) == [("public", "order_items")]


def test_the_highest_load_order_counts() -> None:
    selection = read_selection(
        {
            "rules": [
                rule(1, "public", "%", **{"load-order": "2"}),
                rule(2, "public", "first", **{"load-order": 7}),
                rule(3, "other", "%"),
            ]
        }
    )
    assert selection.load_order("public", "first") == 7
    assert selection.load_order("public", "any") == 2
    assert selection.load_order("other", "any") == -1


def test_what_means_nothing_is_accepted() -> None:
    check_mappings(
        {
            "rules": [
                rule(1, "public", "%", filters=[], **{"load-order": None}),
                {"rule-type": "validation", "rule-id": 2, "rule-name": "v"},
            ]
        }
    )


TABLE: dict[str, Any] = {"schema-name": "public", "table-name": "%"}
REFUSED: list[tuple[list[Any], str]] = [
    ([rule(5, "s", "t", filters=[{"filter-type": "source"}])], "rule 5: filters"),
    ([{"rule-type": "transformation", "rule-id": "7"}], "rule 7: rule-type 'transformation'"),
    ([{"rule-type": "table-settings", "rule-id": "7"}], "'table-settings'"),
    ([{"rule-type": "post-processing", "rule-id": "7"}], "'post-processing'"),
    ([{"rule-type": "object-mapping", "rule-id": "7"}], "'object-mapping'"),
    ([rule(1, "s", "t", **{"object-locator": {**TABLE, "table-type": "view"}})], "'view'"),
    ([rule(1, "s", "t", **{"object-locator": {**TABLE, "table-type": "all"}})], "'all'"),
    ([rule(1, "s", "t", **{"object-locator": {"schema-name": "s"}})], "table-name is missing"),
    ([rule(1, "s", "t", **{"object-locator": None})], "object-locator is missing"),
    ([rule(1, "s", "t", **{"rule-action": "take"})], "'take'"),
    ([rule(1, "s", "t", **{"load-order": "first"})], "load-order 'first'"),
    ([rule(1, "s", "t", **{"load-order": True})], "load-order True"),
    ([rule(1, "s", "t", **{"load-order": 2**31})], "load-order"),
    ([rule(1, "s", "t", **{"parallel-load": {}})], "parallel-load is not supported"),
    ([rule(1, "s", "%", **{"rule-action": "explicit"})], "wildcard"),
    ([rule(1, "s", "t"), rule(1, "s", "u")], "rule-id 1 is used twice"),
    ([rule(1, "s", "t", **{"rule-id": None})], "rule-id is not a number"),
    ([rule(1, "s", "t", **{"rule-action": "exclude"})], "includes anything"),
    (["rule"], "must be an object"),
    ([], "no rules"),
]


@pytest.mark.parametrize(("rules", "message"), REFUSED)
def test_refusals_name_the_rule(rules: list[Any], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        check_mappings({"rules": rules})


def test_all_mistakes_are_told_at_once() -> None:
    rules = [{"rule-type": "transformation", "rule-id": "1"}, rule(2, "s", "t", filters=[1])]
    with pytest.raises(MappingError, match=r"rule 1: .*; rule 2: "):
        check_mappings({"rules": rules})
