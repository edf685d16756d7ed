"""Table patterns as DMS's rules."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dmslake.blueprint.mappings import exact_tables, table_rules
from dmslake.spec import TablePattern
from tests.blueprint.specs import spec


def rules(include: str, exclude: str = "[]") -> list[Any]:
    tables = spec(tables=f"{{include: {include}, exclude: {exclude}}}").tables
    return list(table_rules(tables))


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
    sent = json.loads(json.dumps(table_rules(tables)))
    locators = [rule["object-locator"] for rule in sent]
    assert [TablePattern(x["schema-name"], x["table-name"]) for x in locators] == patterns


def test_the_rules_of_the_spec_are_taken_as_they_are() -> None:
    rule = (
        "{rule-type: selection, rule-id: '7', rule-name: all, rule-action: include, "
        "object-locator: {schema-name: public, table-name: '%'}}"
    )
    (found,) = table_rules(spec(tables=f"{{rules: {{rules: [{rule}]}}}}").tables)
    assert (found["rule-id"], found["rule-action"]) == ("7", "include")


def test_which_tables_are_meant_exactly() -> None:
    found = rules("[public.orders, public.order_items, sales.%]", "[public.old]")
    assert exact_tables(tuple(found)) == (("public", "orders"),)


def test_an_explicit_rule_means_one_table_whatever_is_in_its_name() -> None:
    locator = {"schema-name": "public", "table-name": "order_items"}
    rule = {"rule-type": "selection", "rule-action": "explicit", "object-locator": locator}
    assert exact_tables((rule,)) == (("public", "order_items"),)
