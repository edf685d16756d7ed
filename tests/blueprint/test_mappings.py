"""Table patterns as DMS's rules."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dmslake.blueprint.mappings import selection_rules
from dmslake.spec import TablePattern
from tests.blueprint.specs import spec


def rules(include: str, exclude: str = "[]") -> list[Any]:
    tables = spec(tables=f"{{include: {include}, exclude: {exclude}}}").tables
    return list(selection_rules(tables))


def test_a_rule_as_dms_reads_it() -> None:
    assert rules('["sales.%"]') == [
        {
            "rule-type": "selection",
            "rule-id": "1",
            "rule-name": "include-1",
            "object-locator": {"schema-name": "sales", "table-name": "%"},
            "rule-action": "include",
            "filters": [],
        }
    ]


def test_includes_come_first_and_ids_and_names_are_unique() -> None:
    found = rules('["a.%", "b.x", "c.y"]', '["a.tmp_%", "a.old"]')
    assert [rule["rule-action"] for rule in found] == ["include"] * 3 + ["exclude"] * 2
    assert [rule["rule-id"] for rule in found] == ["1", "2", "3", "4", "5"]
    assert len({rule["rule-name"] for rule in found}) == 5


def test_a_name_without_wildcards_is_an_include_too() -> None:
    assert {rule["rule-action"] for rule in rules("[public.orders, public.order_items]")} == {
        "include"
    }


def test_odd_names_arrive_unquoted() -> None:
    (rule,) = rules("""['"we.ird".orders']""")
    assert rule["object-locator"] == {"schema-name": "we.ird", "table-name": "orders"}


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: "\0" not in text
)


@given(st.lists(st.builds(TablePattern, names, names), min_size=1, max_size=5, unique=True))
def test_the_rules_give_back_the_patterns(patterns: list[TablePattern]) -> None:
    tables = spec().tables.model_copy(update={"include": tuple(patterns)})
    sent = json.loads(json.dumps(selection_rules(tables)))
    locators = [rule["object-locator"] for rule in sent]
    assert [TablePattern(x["schema-name"], x["table-name"]) for x in locators] == patterns
