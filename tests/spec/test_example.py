"""config.example.yaml: complete, valid, and true about defaults."""

import re

import pytest
from pydantic.fields import FieldInfo

from dmslake.spec import Spec, load_spec
from dmslake.spec.document import Path, read_document
from dmslake.spec.section import NotYet, fields_of, walk
from dmslake.spec.syntax import compose
from tests.spec.texts import ENVIRON, ROOT, messages_of, problems_of

EXAMPLE = ROOT / "config.example.yaml"
TEXT = EXAMPLE.read_text()
# A field that is not supported yet has its "#" right before its name.
WITH_ALL_FIELDS = re.sub(r"^( *)#(?=[a-z_]+:)", r"\1", TEXT, flags=re.MULTILINE)

FIELDS = dict(walk(Spec))
NOT_YET = {
    path for path, field in FIELDS.items() if any(isinstance(m, NotYet) for m in field.metadata)
}


def _paths(text: str) -> set[Path]:
    return set(read_document(compose(text), ENVIRON, ()).entries)


def test_the_example_is_valid() -> None:
    spec = load_spec(EXAMPLE, environ={"SHOP_DB_PASSWORD": "x"})

    assert spec.name == "shop"


def test_the_example_needs_the_password_only() -> None:
    said = messages_of(TEXT, {})

    assert len(said) == 1
    assert said[0].startswith(
        "source.password: the environment variable SHOP_DB_PASSWORD is not set"
    )


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_the_example_names_every_field(path: Path) -> None:
    assert path in _paths(WITH_ALL_FIELDS)


def test_only_fields_that_are_not_supported_yet_are_commented_out() -> None:
    hidden = _paths(WITH_ALL_FIELDS) - _paths(TEXT)
    outermost = {path for path in hidden if path[:-1] not in hidden}

    assert outermost == NOT_YET


def test_every_field_that_is_not_supported_yet_is_refused_where_it_stands() -> None:
    refused = {problem.field for problem in problems_of(WITH_ALL_FIELDS)}

    assert refused == {".".join(str(step) for step in path) for path in NOT_YET}


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_every_field_says_what_it_is(path: Path) -> None:
    field: FieldInfo = FIELDS[path]

    assert field.description
    assert field.description.endswith(".") or field.description.endswith(": 1.")
    if path in NOT_YET:
        assert field.description.endswith("Not supported yet.")


def test_the_example_shows_the_defaults() -> None:
    """Fields without a "(... default)" remark stand in the example with their default."""
    spec = load_spec(EXAMPLE, environ=ENVIRON)

    for section in (spec.loader, spec.lake, spec.replication.instance, spec.replication):
        for name, field in fields_of(type(section)).items():
            if name in {"bucket", "prefix", "network", "instance"}:
                continue
            attribute = "instance_class" if name == "class" else name
            assert getattr(section, attribute) == field.default, name
