"""Good documents pass; of bad ones exactly what is written beside them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dmslake.spec import ENGINES
from dmslake.spec.mappings import check_rules, rules_of
from tests.spec.mappings.examples import BAD, DOCUMENTS, GOOD, errors, read


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_nothing_is_said_of_a_good_document(path: Path) -> None:
    assert read(path).said == []
    assert read(path).mistakes() == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_of_a_bad_document_is_said_what_is_written_beside_it(path: Path) -> None:
    said = [f"{mistake.severity}: {mistake}" for mistake in read(path).mistakes()]
    assert said == read(path).said
    assert said


def test_every_text_has_its_document() -> None:
    texts = {path.with_suffix("") for path in DOCUMENTS.glob("*/*.txt")}
    assert texts == {path.with_suffix("") for path in (*GOOD, *BAD)}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_no_source_makes_a_good_document_wrong(path: Path) -> None:
    """What a source cannot do is warned of, as DMS takes the document."""
    assert [engine for engine in ENGINES if errors(read(path).document, engine)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_mistake_has_its_place(path: Path) -> None:
    example = read(path)
    rules = rules_of(example.document)
    for mistake in example.mistakes():
        above: Any = example.document  # JSON of any shape
        for step in mistake.path[:-1]:
            above = above[step]
        if mistake.rule_id:
            rule = rules[int(mistake.path[1])]
            assert mistake.rule_id == str(rule["rule-id"]).lstrip("0")


def test_a_mistake_tells_rule_field_and_reason() -> None:
    document = json.loads((DOCUMENTS / "bad" / "filter-conditions.json").read_text("utf-8"))

    mistake = check_rules(document, engine="postgres")[1]

    assert mistake.path == ("rules", 0, "filters", 1, "filter-conditions", 0, "filter-operator")
    assert mistake.rule_id == "1"
    assert mistake.field == "filters[1].filter-conditions[0].filter-operator"
    assert mistake.message.startswith('"<>" is not one of eq, noteq')
    assert mistake.fix == 'write "noteq"'
    assert mistake.severity == "error"


def test_the_rules_are_those_of_the_document() -> None:
    document = json.loads((DOCUMENTS / "good" / "masks.json").read_text("utf-8"))
    assert list(rules_of(document)) == document["rules"]


@pytest.mark.parametrize("document", [None, [], {}, {"rules": None}, {"rules": "all"}])
def test_a_document_without_rules_has_none(document: object) -> None:
    assert rules_of(document) == ()
