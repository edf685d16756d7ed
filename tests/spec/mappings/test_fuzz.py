"""Any JSON gets an answer; valid documents stay valid; whatever is missing or odd is reported."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dmslake.spec import ENGINES
from dmslake.spec.mappings import MappingMistake, check_rules, rules_of
from tests.spec.mappings.documents_of_any_kind import ANYTHING, Path, Rule, documents
from tests.spec.mappings.examples import errors

Document = dict[str, list[Rule]]

TASKS = st.tuples(
    st.sampled_from([*ENGINES, "s3", "unheard-of"]),
    st.sampled_from([None, "full-load", "cdc", "full-load-and-cdc"]),
)
# The members that a rule cannot do without, at any depth, by the member that holds the object.
REQUIRED = {
    "rule": ("rule-type", "rule-id", "rule-name", "object-locator", "rule-target", "tag-set",
             "rule-action", "value", "old-value", "data-type", "primary-key-def",
             "before-image-def"),
    "object-locator": ("schema-name", "table-name", "column-name", "table-tablespace-name",
                       "index-tablespace-name"),
    "filters": ("filter-type", "column-name", "filter-conditions"),
    "filter-conditions": ("filter-operator", "value", "start-value", "end-value"),
    "data-type": ("type",),
    "primary-key-def": ("name", "columns"),
    "before-image-def": ("column-filter",),
    "parallel-load": ("type", "columns", "boundaries"),
    "lob-settings": ("bulk-max-size",),
    "tag-set": ("key", "value"),
}  # fmt: skip


def members(value: object, path: Path = (), holder: str = "") -> Iterator[tuple[Path, str]]:
    """Yield the path of every member, with the member that holds its object."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield (*path, name), "rule" if holder == "rules" else holder
            yield from members(below, (*path, name), name)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from members(below, (*path, index), holder)


def at(document: Any, path: Path) -> Any:  # JSON of any shape
    for step in path:
        document = document[step]
    return document


def check_form(found: list[MappingMistake]) -> None:
    for mistake in found:
        assert mistake.message
        assert mistake.severity in ("error", "warning")
        assert "\n" not in str(mistake)
        assert str(mistake).isprintable()


@given(ANYTHING, TASKS)
def test_any_json_gets_an_answer(value: object, task: tuple[str, str | None]) -> None:
    engine, replication_type = task
    check_form(check_rules(value, engine=engine, replication_type=replication_type))
    assert isinstance(rules_of(value), tuple)


@given(st.lists(ANYTHING, max_size=4), TASKS)
def test_any_rules_get_an_answer(rules: list[object], task: tuple[str, str | None]) -> None:
    engine, replication_type = task
    check_form(check_rules({"rules": rules}, engine=engine, replication_type=replication_type))


@given(documents(), st.data())
def test_any_value_in_the_place_of_another_gets_an_answer(
    document: Document, data: st.DataObject
) -> None:
    path, _ = data.draw(st.sampled_from(list(members(document))))
    at(document, path[:-1])[path[-1]] = data.draw(ANYTHING)

    check_form(check_rules(document, engine="postgres"))


@given(documents(), TASKS)
def test_a_valid_document_has_no_errors(document: Document, task: tuple[str, str | None]) -> None:
    engine, _ = task
    before = copy.deepcopy(document)

    assert errors(document, engine) == []
    assert document == before
    assert list(rules_of(document)) == document["rules"]


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_rules_carries_no_meaning(document: Document, random: Random) -> None:
    shuffled = {"rules": random.sample(document["rules"], len(document["rules"]))}
    assert errors(shuffled) == []


@given(documents(), st.data())
def test_whatever_required_member_is_missing_is_reported(
    document: Document, data: st.DataObject
) -> None:
    required = [path for path, holder in members(document) if path[-1] in REQUIRED.get(holder, ())]
    path = data.draw(st.sampled_from(required))
    del at(document, path[:-1])[path[-1]]

    assert path in [mistake.path for mistake in errors(document)]


@given(documents(), st.data())
def test_whatever_member_is_misspelt_is_reported(document: Document, data: st.DataObject) -> None:
    path, _ = data.draw(st.sampled_from([*members(document)]))
    name = str(path[-1])
    holder = at(document, path[:-1])
    holder[name[:-1] + "q"] = holder.pop(name)
    if holder[name[:-1] + "q"] in (None, "", []):
        return

    place = (*path[:-1], name[:-1] + "q")
    assert place in [mistake.path for mistake in check_rules(document, engine="postgres")]


@given(documents(), st.data())
def test_an_id_given_twice_is_an_error(document: Document, data: st.DataObject) -> None:
    rules = document["rules"]
    rules.append(copy.deepcopy(data.draw(st.sampled_from(rules))))

    assert [mistake.field for mistake in errors(document)] == ["rule-id"]
