"""`schema.table` patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from dmslake.spec.model.patterns import TablePattern, parse_table_pattern


@pytest.mark.parametrize(
    ("text", "schema", "table"),
    [
        ("public.orders", "public", "orders"),
        ("%.%", "%", "%"),
        ("sales.tmp_%", "sales", "tmp_%"),
        ("my schema.my table", "my schema", "my table"),
        ('"we.ird".orders', "we.ird", "orders"),
        ('"a.b"."c.d"', "a.b", "c.d"),
        ('"say ""hi""".x', 'say "hi"', "x"),
        ('" x".y', " x", "y"),
        ('db."%"', "db", "%"),
        ('"a\tb".c', "a\tb", "c"),
        ("größe.naïve", "größe", "naïve"),
        ("$sys.x'y", "$sys", "x'y"),
    ],
)
def test_parses(text: str, schema: str, table: str) -> None:
    assert parse_table_pattern(text) == TablePattern(schema=schema, table=table)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "write the schema before it"),
        ("orders", "write the schema before it"),
        ('"a.b"', "write the schema before it"),
        ("a.b.c", "put the name that holds a dot in double quotes"),
        ("public.*", "the wildcard is %"),
        ("*.orders", "the wildcard is %"),
        ('public."orders', "close the double quote"),
        ('public.or"ders', "close the double quote"),
        (".orders", "give both names"),
        ("public.", "give both names"),
        ('"".orders', "give both names"),
        ("public. orders", "give both names"),
        ("pub\nlic.orders", "give both names"),
    ],
)
def test_refuses_with_advice(text: str, advice: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_table_pattern(text)

    context = caught.value.context or {}
    assert context["fix"].startswith(advice)


@given(st.builds(TablePattern, schema=st.text(min_size=1), table=st.text(min_size=1)))
def test_every_pattern_comes_back(pattern: TablePattern) -> None:
    assert parse_table_pattern(str(pattern)) == pattern


@given(st.text(alphabet='a.%_*" \n', max_size=10))
def test_a_text_that_is_accepted_means_one_thing(text: str) -> None:
    try:
        pattern = parse_table_pattern(text)
    except PydanticCustomError:
        return
    assert pattern.schema
    assert pattern.table
    assert parse_table_pattern(str(pattern)) == pattern
