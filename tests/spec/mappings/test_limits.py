"""Large documents, and values that only Python knows."""

from __future__ import annotations

import datetime as dt
import time
from types import MappingProxyType

import pytest

from dmslake.spec.mappings import check_rules
from tests.spec.mappings.examples import errors


def rule(number: int, **members: object) -> dict[str, object]:
    return {
        "rule-type": "selection",
        "rule-id": str(number),
        "rule-name": str(number),
        "rule-action": "include",
        "object-locator": {"schema-name": "bakery", "table-name": f"loaf_kind_{number:05}"},
        **members,
    }


def renamed(number: int) -> dict[str, object]:
    return rule(
        number,
        **{
            "rule-type": "transformation",
            "rule-action": "rename",
            "rule-target": "table",
            "value": f"kind_{number}",
        },
    )


def test_a_document_above_two_megabytes_is_too_large() -> None:
    document = {"rules": [rule(1, **{"rule-name": "n" * (2 * 1024 * 1024)})]}

    (mistake,) = errors(document)

    assert mistake.path == ("rules",)
    assert mistake.message == "2097315 bytes as JSON, and DMS takes 2097152 (2 MB)"


def test_thousands_of_rules_are_compared_in_a_moment() -> None:
    rules = [rule(number) for number in range(2000)]
    rules += [renamed(number) for number in range(2000, 4000)]
    begun = time.monotonic()

    found = check_rules({"rules": rules}, engine="postgres")

    assert len(found) == 2000
    assert {mistake.message.partition(":")[0] for mistake in found} == {"no effect"}
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "value",
    [dt.date(2024, 2, 29), float("nan"), float("inf"), {1, 2}, b"x", 10**5000, {5: "x"}],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_reported_at_its_place(value: object) -> None:
    (mistake,) = errors({"rules": [rule(1), rule(2, **{"load-order": value})]})

    assert mistake.path == ("rules", 1, "load-order")


def test_a_document_that_is_too_deep_is_reported() -> None:
    deep: object = "bottom"
    for _ in range(2000):
        deep = [deep]

    (mistake,) = errors({"rules": [rule(1), deep]})

    assert mistake.message == "deeper than 32 levels"


def test_read_only_mappings_and_tuples_are_as_good_as_json() -> None:
    inner = MappingProxyType({"schema-name": "bakery", "table-name": "%"})
    frozen = MappingProxyType(
        {"rules": (MappingProxyType(rule(1, **{"object-locator": inner, "filters": ()})),)}
    )
    assert check_rules(frozen, engine="postgres") == []


def test_a_document_with_very_many_patterns_is_checked_rule_by_rule() -> None:
    def pattern(number: int) -> dict[str, object]:
        place = {"schema-name": f"s{number}%", "table-name": "%"}
        return rule(number, **{"object-locator": place})

    rules = [pattern(number) for number in range(400)]
    assert errors({"rules": [*rules, rule(400, **{"rule-action": "includes"})]}) != []
    assert check_rules({"rules": rules}, engine="postgres") == []
