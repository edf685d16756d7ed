"""Whatever the text is, the answer is a spec or a list of plain sentences with places."""

import json
import re
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from dmslake.spec import ENGINES, Spec
from dmslake.spec.document import Path
from dmslake.spec.section import walk
from dmslake.spec.service_model import members
from dmslake.spec.task_settings import SECTIONS
from tests.spec.texts import ENVIRON, messages_of, problems_of, text_of

WORDS = ("postgres", "a.b", "5", "true", "null", "yes", "${STAGE}", "${NONE}", "x" * 200, "{", "")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("a", "bucket", "settings", "")) | st.text(max_size=3), inner
        )
    ),
    max_leaves=6,
)
SETTINGS = sorted({name for rules in ENGINES.values() for name in members(rules.settings)})
PATHS = [path for path, _ in walk(Spec)]
PYTHON = re.compile(r"\b(str|int|bool|dict|tuple|NoneType|object at|Input should|pydantic)\b")


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    for problem in problems_of(text):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message


@given(st.dictionaries(st.sampled_from(PATHS), VALUES, max_size=6))
def test_any_values_get_plain_sentences(values: dict[Path, object]) -> None:
    text = json.dumps(_tree(values))

    for problem in problems_of(text):
        assert problem.line == 1
        assert not PYTHON.search(f"{problem.message} {problem.fix}")
        assert "\n" not in str(problem)


@given(st.sampled_from(PATHS), VALUES)
def test_one_wrong_value_is_reported_there_and_nowhere_above(path: Path, value: object) -> None:
    """A spec that is right with one value replaced: what is said is about that value."""
    tree = cast("dict[str, object]", json.loads(json.dumps(GOOD)))
    _put(tree, path, value)

    for problem in problems_of(json.dumps(tree)):
        assert problem.field.startswith(str(path[0]))


@given(st.sampled_from(list(ENGINES)), st.dictionaries(st.sampled_from(SETTINGS), VALUES))
def test_any_settings_get_plain_sentences(engine: str, settings: dict[str, object]) -> None:
    tree = cast("dict[str, object]", json.loads(json.dumps(GOOD)))
    _put(tree, ("source", "engine"), engine)
    _put(tree, ("source", "settings"), settings)
    _put(tree, ("staging", "settings"), settings)

    for problem in problems_of(json.dumps(tree)):
        assert not PYTHON.search(f"{problem.message} {problem.fix}")
        assert "{value}" not in problem.message


@given(st.sampled_from(sorted(SECTIONS)), st.data())
def test_any_task_settings_get_plain_sentences(section: str, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(SECTIONS[section]))
    settings = {section: data.draw(VALUES | st.dictionaries(names, VALUES))}
    tree = cast("dict[str, object]", json.loads(json.dumps(GOOD)))
    _put(tree, ("replication", "settings"), settings)

    for problem in problems_of(json.dumps(tree)):
        assert problem.field.startswith("replication.settings")
        assert not PYTHON.search(f"{problem.message} {problem.fix}")


@given(st.text(alphabet="abc:-[]{}'\"#&*!|>%@ \n\t$"))
def test_any_syntax_gets_an_answer(text: str) -> None:
    assert isinstance(messages_of(text_of() + text, ENVIRON), list)


def _tree(values: dict[Path, object]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for path, value in values.items():
        _put(tree, path, value)
    return tree


def _put(tree: dict[str, object], path: Path, value: object) -> None:
    for step in path[:-1]:
        below = tree.get(str(step))
        if not isinstance(below, dict):
            below = tree[str(step)] = {}
        tree = below
    tree[str(path[-1])] = value


GOOD: dict[str, object] = {
    "version": 1,
    "name": "shop",
    "source": {
        "engine": "postgres",
        "host": "db.internal",
        "database": "shop",
        "username": "dms",
        "password": "${SHOP_DB_PASSWORD}",
    },
    "tables": {"include": ["public.orders"]},
    "replication": {"network": {"subnets": ["subnet-1", "subnet-2"]}},
    "staging": {"bucket": "acme-shop-staging"},
    "lake": {"bucket": "acme-lake"},
}
