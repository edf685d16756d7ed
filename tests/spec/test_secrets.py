"""Passwords stay unseen: in representations, dumps, messages and exceptions."""

import json
import re
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.errors import SpecError
from dmslake.spec.display import describe
from dmslake.spec.loader import SECRETS
from tests.spec.texts import ENVIRON, PASSWORD, messages_of, spec_of, text_of


def test_the_password_is_the_one_secret() -> None:
    assert frozenset({("source", "password")}) == SECRETS


def test_no_representation_shows_the_password() -> None:
    spec = spec_of(text_of())

    shown = [str(spec), repr(spec), repr(spec.source), str(spec.model_dump())]
    shown += [spec.model_dump_json(), f"{spec.source.password}"]
    assert PASSWORD not in "".join(shown)
    assert json.loads(spec.model_dump_json())["source"]["password"] == "**********"
    assert spec.source.password.get_secret_value() == PASSWORD


# What may follow a password's first letters: anything, and what YAML gives a meaning to.
LITERALS = st.text(max_size=12) | st.text(alphabet="ab*&!%@`{[}]#|>:,'\" -", max_size=12)


@given(LITERALS)
def test_a_literal_password_is_refused_and_never_shown(literal: str) -> None:
    text = text_of().replace('"${SHOP_DB_PASSWORD}"', f"correcthorse{literal}")
    quoted = text_of().replace('"${SHOP_DB_PASSWORD}"', json.dumps(f"correcthorse{literal}"))

    for said in (messages_of(text), messages_of(quoted)):
        assert said
        assert "horse" not in " ".join(said)


def test_the_exception_carries_no_trace_of_the_password() -> None:
    text = text_of(name="Shop").replace("db.internal", "db/internal").replace("include", "inclde")

    with pytest.raises(SpecError) as caught:
        spec_of(text)

    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert PASSWORD not in "".join(traceback.format_exception(error))
    assert PASSWORD not in repr(error) + str(error) + repr(error.problems)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("name", "%X"),
        ("version", "%"),
        ("aws", "{region: %, account: %}"),
        ("aws", "{role_path: %, permissions_boundary: %}"),
        ("aws", "{tags: {a: %@}}"),
        ("aws", "%"),
        ("source", "%"),
        ("tables", "{include: [%], exclude: %}"),
        ("replication", "{type: %, network: {subnets: [%]}}"),
        ("replication", "{instance: {class: %, multi_az: %}}"),
        ("staging", "{bucket: %_, prefix: %*}"),
        ("lake", "{bucket: acme, layout: %{, timezone: %}"),
        ("loader", "{memory_mb: %}"),
    ],
)
def test_a_variable_in_the_wrong_place_is_not_shown(section: str, text: str) -> None:
    """Every % stands for a quoted text with the password's variable in it."""
    quoted = re.sub(r"%([X@_*{]?)", r'"${SHOP_DB_PASSWORD}\1"', text)

    said = messages_of(text_of(**{section: quoted}))

    assert said
    assert PASSWORD not in " ".join(said)
    assert "SHOP_DB_PASSWORD" in " ".join(said)


@pytest.mark.parametrize("field", ["engine", "host", "username", "database", "ssl", "port"])
def test_a_variable_in_the_wrong_field_of_the_source_is_not_shown(field: str) -> None:
    source = {"engine": "oracle", "host": "a", "username": "b", "database": "c"}
    source |= {"password": "${SHOP_DB_PASSWORD}", field: "${STRANGE}"}
    text = text_of(source=json.dumps(source))

    said = messages_of(text, {**ENVIRON, "STRANGE": "correct/horse\nverify-ca"})

    assert said
    assert "horse" not in " ".join(said)


@pytest.mark.parametrize(
    "text",
    [
        "postgres://dms:correct-horse@db.internal/shop",
        "Server=db;Password = correct-horse",
        "pwd=correct-horse",
        "token: correct-horse",
    ],
)
def test_what_looks_like_a_connection_string_is_not_shown(text: str) -> None:
    assert describe(text) == "this text"


def test_repeated_patterns_from_the_environment_are_not_shown() -> None:
    said = messages_of(
        text_of(tables='{include: ["${T}", "${T}"], exclude: ["${T}"]}'),
        {**ENVIRON, "T": "a.horse"},
    )

    assert said == [
        "tables.include[1]: the value of ${T} is in this list twice; remove one of them",
        "tables.exclude[0]: the value of ${T} is in tables.include as well; remove one of them",
    ]
