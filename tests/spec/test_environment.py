"""`${NAME}` in values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.spec.environment import EnvironmentText, VariableError, expand, lookup, variable_name
from tests.spec.texts import messages_of, spec_of, text_of

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "one"),
        ("x-${A}-${B_2}", "x-one-two ${A}"),
        ("$A", "$A"),
        ("$$A", "$$A"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("{A}", "{A}"),
        ("100$", "100$"),
        ("", ""),
    ],
)
def test_expands_once(text: str, expanded: str) -> None:
    assert expand(text, {"A": "one", "B_2": "two ${A}"}) == expanded


@pytest.mark.parametrize("text", ["${", "${}", "${A", "${A-B}", "${1}", "${ A }", "${A:-x}"])
def test_refuses_what_is_not_a_name(text: str) -> None:
    with pytest.raises(VariableError) as caught:
        expand(text, {"A": "one"})

    assert "followed by a name" in caught.value.message


def test_names_a_missing_variable_and_how_to_set_it() -> None:
    with pytest.raises(VariableError) as caught:
        lookup("SHOP_DB_PASSWORD", {})

    assert caught.value.message == "the environment variable SHOP_DB_PASSWORD is not set"
    assert caught.value.fix == "set it, for example: export SHOP_DB_PASSWORD=..."


@given(st.text(alphabet="${}AB-_ \n"), st.text())
def test_only_a_variable_marks_a_text_as_from_the_environment(text: str, value: str) -> None:
    try:
        expanded = expand(text, {"A": value, "B": value})
    except VariableError:
        return
    without_escapes = text.replace("$${", "")
    marked = "${A}" in without_escapes or "${B}" in without_escapes
    assert isinstance(expanded, EnvironmentText) == marked


@given(st.text())
def test_escaping_is_the_inverse_of_expanding(text: str) -> None:
    assert expand(text.replace("${", "$${"), {}) == text


@given(NAMES, st.text())
def test_a_whole_variable_is_its_value(name: str, value: str) -> None:
    text = f"${{{name}}}"

    assert variable_name(text) == name
    assert expand(text, {name: value}) == value


@pytest.mark.parametrize(("value", "port"), [("5433", 5433), (" 5433\n", 5433), ("+1", 1)])
def test_a_number_may_come_from_the_environment(value: str, port: int) -> None:
    text = text_of().replace("host:", 'port: "${PORT}", host:')

    assert spec_of(text, {"SHOP_DB_PASSWORD": "x", "PORT": value}).source.port == port


@pytest.mark.parametrize("value", ["", "many", "5.5", "012", "true", "None"])
def test_what_is_no_number_is_refused_without_being_shown(value: str) -> None:
    text = text_of().replace("host:", 'port: "${PORT}", host:')

    assert messages_of(text, {"SHOP_DB_PASSWORD": "x", "PORT": value}) == [
        "source.port: expected a whole number, not the value of ${PORT}"
    ]


def test_an_escaped_brace_stays_in_the_value() -> None:
    spec = spec_of(text_of().replace("username: dms", 'username: "$${dms}"'))

    assert spec.source.username == "${dms}"


def test_keys_are_not_expanded() -> None:
    said = messages_of(text_of(aws='{tags: {"${STAGE}": a}}'))

    assert len(said) == 1
    assert said[0].startswith('aws.tags."${STAGE}": the tag\'s name is empty or has characters')


@pytest.mark.parametrize("field", ["username", "password"])
def test_bytes_that_are_no_text_are_refused(field: str) -> None:
    text = text_of().replace(f"{field}: dms", f'{field}: "${{SHOP_DB_PASSWORD}}"')
    undecodable = b"caf\xe9".decode("utf-8", "surrogateescape")

    said = messages_of(text, {"SHOP_DB_PASSWORD": undecodable})

    assert f"source.{field}: the environment variable SHOP_DB_PASSWORD is not UTF-8 text; " in (
        said[0].removesuffix("set it to text")
    )
