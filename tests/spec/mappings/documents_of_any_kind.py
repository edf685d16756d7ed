"""Hypothesis strategies: valid documents of all kinds of rules, and JSON that looks like them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from dmslake.spec.mappings.transformations import ACTIONS

Json = object
Rule = dict[str, Json]
Path = tuple[str | int, ...]

NAMES = st.text(alphabet="abcdefgh_", min_size=1, max_size=6)
PATTERNS = NAMES | st.just("%") | NAMES.map(lambda name: f"{name}%")
TEXTS = st.text(alphabet="abc XYZ019_", min_size=1, max_size=8)
NUMBERS = st.integers(1, 9999) | st.integers(1, 9999).map(str)

TYPES = st.sampled_from(
    [
        {"type": "string", "length": 20},
        {"type": "numeric", "precision": "10", "scale": 2},
        {"type": "datetime", "precision": 6},
        {"type": "int8"},
    ]
)
BEFORE_IMAGE = {"column-prefix": "B_", "column-suffix": "", "column-filter": "all"}
CONDITIONS = st.sampled_from(
    [
        {"filter-operator": "gte", "value": "5"},
        {"filter-operator": "between", "start-value": 1, "end-value": "7"},
        {"filter-operator": "null"},
    ]
)


def filters() -> st.SearchStrategy[Json]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "filter-type": st.just("source"),
                "column-name": NAMES,
                "filter-conditions": st.lists(CONDITIONS, min_size=1, max_size=2),
            }
        ),
        max_size=2,
    )


def locator(*names: str, exact: bool = False) -> st.SearchStrategy[Rule]:
    kinds = NAMES if exact else PATTERNS
    return st.fixed_dictionaries(dict.fromkeys(names, kinds))


def selection() -> st.SearchStrategy[Rule]:
    plain: st.SearchStrategy[Rule] = st.fixed_dictionaries(
        {
            "rule-action": st.sampled_from(["include", "exclude"]),
            "object-locator": locator("schema-name", "table-name"),
        },
        optional={"load-order": NUMBERS, "filters": st.none() | st.just([])},
    )
    filtered = st.fixed_dictionaries(
        {
            "rule-action": st.just("include"),
            "object-locator": locator("schema-name", "table-name", exact=True),
            "filters": filters(),
        }
    )
    return (plain | filtered).map(lambda rule: {"rule-type": "selection", **rule})


def members(action: str, target: str) -> dict[str, st.SearchStrategy[Json]]:
    """Return the members that a transformation of a kind needs."""
    exact = action == "define-primary-key"
    names = {"schema": 1, "table": 2, "column": 3}.get(target, 2)
    place = ["schema-name", "table-name", "column-name"][:names]
    if not ACTIONS[action].names_column:
        place = place[:2]
    if target.endswith("tablespace"):
        place.append(f"{target}-name")
    made: dict[str, st.SearchStrategy[Json]] = {
        "rule-target": st.just(target),
        "rule-action": st.just(action),
        "object-locator": locator(*place, exact=exact),
    }
    contents: Mapping[str, st.SearchStrategy[Json]] = {
        "value": st.just("#") if "mask" in action else TEXTS,
        "old-value": TEXTS,
        "data-type": TYPES,
        "primary-key-def": st.fixed_dictionaries(
            {"name": TEXTS, "columns": st.lists(NAMES, min_size=1, max_size=3, unique=True)}
        ),
        "before-image-def": st.just(BEFORE_IMAGE),
    }
    needed = (*ACTIONS[action].needs, *(["value"] if action == "rename" else []))
    return made | {name: contents[name] for name in needed}


def transformation() -> st.SearchStrategy[Rule]:
    kinds = [(action, target) for action, each in ACTIONS.items() for target in each.targets]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.fixed_dictionaries(
            {"rule-type": st.just("transformation"), **members(*kind)}
        )
    )


def segments(columns: Sequence[str]) -> st.SearchStrategy[Json]:
    row = st.tuples(*[NUMBERS for _ in columns]).map(list)
    return st.fixed_dictionaries(
        {
            "type": st.just("ranges"),
            "columns": st.just(list(columns)),
            "boundaries": st.lists(row, min_size=1, max_size=3),
        }
    )


def table_settings() -> st.SearchStrategy[Rule]:
    columns = st.lists(NAMES, min_size=1, max_size=3, unique=True)
    return st.fixed_dictionaries(
        {
            "rule-type": st.just("table-settings"),
            "object-locator": locator("schema-name", "table-name", exact=True),
            "parallel-load": columns.flatmap(segments),
        },
        optional={"lob-settings": st.fixed_dictionaries({"bulk-max-size": NUMBERS})},
    )


def post_processing() -> st.SearchStrategy[Rule]:
    tag = st.fixed_dictionaries({"key": TEXTS, "value": TEXTS | st.just("${table-name}")})
    return st.fixed_dictionaries(
        {
            "rule-type": st.just("post-processing"),
            "rule-action": st.just("add-tag"),
            "object-locator": locator("schema-name", "table-name"),
            "tag-set": st.lists(tag, min_size=1, max_size=10),
        }
    )


def _number(rules: list[Rule]) -> dict[str, list[Rule]]:
    everything: Rule = {"schema-name": "%", "table-name": "%"}
    first: Rule = {
        "rule-type": "selection",
        "rule-action": "include",
        "object-locator": everything,
    }
    numbered: list[Rule] = [
        {"rule-id": str(number), "rule-name": f"rule {number}", **rule}
        for number, rule in enumerate([first, *rules], 1)
    ]
    return {"rules": copy.deepcopy(numbered)}  # the samples above stay as they are


def _excludes_something_only(document: dict[str, list[Rule]]) -> bool:
    """Tell whether a document takes tables: the exclude rules spare some."""
    return not any(
        rule.get("rule-action") == "exclude"
        and rule["object-locator"] == {"schema-name": "%", "table-name": "%"}
        for rule in document["rules"]
    )


def documents() -> st.SearchStrategy[dict[str, list[Rule]]]:
    """Return valid documents; the first rule includes everything."""
    kinds = selection() | transformation() | table_settings() | post_processing()
    return st.lists(kinds, max_size=5).map(_number).filter(_excludes_something_only)


WORDS = st.sampled_from(
    [
        "rules", "rule-type", "rule-id", "rule-name", "rule-action", "rule-target", "filters",
        "object-locator", "schema-name", "table-name", "column-name", "data-type", "table-type",
        "value", "old-value", "expression", "type", "length", "load-order", "filter-conditions",
        "filter-operator", "start-value", "end-value", "primary-key-def", "columns", "name",
        "before-image-def", "column-prefix", "parallel-load", "boundaries", "segment-names",
        "lob-settings", "bulk-max-size", "mode", "tag-set", "key", "mapping-parameters",
        "selection", "transformation", "table-settings", "post-processing", "validation",
        "object-mapping", "include", "exclude", "explicit", "rename", "add-column", "ranges",
        "column", "table", "schema", "between", "unlimited", "add-tag", "%", "a_", "5", "$AR_H_X(",
        "partitions-auto", "batch-size", "change-data-type", "string", "add-before-image-columns",
    ]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), WORDS
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
