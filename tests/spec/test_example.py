"""config.example.yaml: complete, valid, and true about defaults."""

import json
import re
import shutil
from pathlib import Path as FilePath
from typing import cast

import pytest
from pydantic.fields import FieldInfo

from dmslake.spec import Spec, load_spec, parse_spec
from dmslake.spec.document import Path, read_document
from dmslake.spec.section import fields_of, walk
from dmslake.spec.syntax import compose
from tests.spec.texts import ENVIRON, ROOT, SPECS, messages_of

EXAMPLE = ROOT / "config.example.yaml"
TEXT = EXAMPLE.read_text()
# An alternative has its "#" right before its name.
WITH_ALL_FIELDS = re.sub(r"^( *)#(?=[a-z_]+:)", r"\1", TEXT, flags=re.MULTILINE)

FIELDS = dict(walk(Spec))
Tree = dict[str, object]

# What stands in the example as an alternative -> what has to go, what has to be there.
_LOGIN = ("source.host", "source.port", "source.username", "source.password")
_SECRET = {"source.secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"}
ALTERNATIVES: dict[tuple[str, ...], tuple[tuple[str, ...], dict[str, object]]] = {
    ("source", "secret"): (_LOGIN, {}),
    ("source", "secret_role"): (_LOGIN, {**_SECRET}),
    ("source", "secret_kms_key"): (_LOGIN, {**_SECRET}),
    ("source", "certificate"): ((), {"source.ssl": "verify-full"}),
    ("source", "role"): (
        ("source",),
        {
            "source.engine": "s3",
            "source.settings": {
                "bucket_name": "acme-files",
                "external_table_definition": "tables.json",
                "cdc_path": "changes",
            },
        },
    ),
    ("tables", "rules"): (("tables.include", "tables.exclude"), {}),
    ("replication", "instance", "arn"): (("replication.instance", "replication.network"), {}),
    ("replication", "serverless"): (("replication.instance",), {}),
    ("replication", "network", "subnet_group"): (("replication.network.subnets",), {}),
    ("replication", "start"): (
        ("source.database", "replication.start.time"),
        {"replication.type": "cdc", "source.engine": "mysql", "source.ssl": "none",
         "source.settings": {}},
    ),
    ("replication", "notifications"): ((), {}),
}  # fmt: skip


def _document(text: str) -> dict[Path, object]:
    # A variable stands for itself here, so that the tree can be read again.
    environ = {name: f"${{{name}}}" for name in ENVIRON}
    return read_document(compose(text), environ, ()).values


def _paths(text: str) -> set[Path]:
    return set(_document(text))


def _above(tree: Tree, path: tuple[str, ...]) -> Tree:
    for step in path[:-1]:
        tree = cast("Tree", tree.setdefault(step, {}))
    return tree


@pytest.fixture
def folder(tmp_path: FilePath) -> FilePath:
    """A folder with the files that the example names."""
    for name, file in (("ca.pem", "rds-ca.pem"), ("mappings.json", "mappings.json")):
        shutil.copy(SPECS / "files" / name, tmp_path / file)
    shutil.copy(SPECS / "files" / "tables.json", tmp_path)
    return tmp_path


def test_the_example_is_valid() -> None:
    spec = load_spec(EXAMPLE, environ={"SHOP_DB_PASSWORD": "x"})

    assert spec.name == "shop"
    assert spec.warnings == ()


def test_the_example_needs_the_password_only() -> None:
    said = messages_of(TEXT, {})

    assert len(said) == 1
    assert said[0].startswith(
        "source.password: the environment variable SHOP_DB_PASSWORD is not set"
    )


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_the_example_names_every_field(path: Path) -> None:
    assert path in _paths(WITH_ALL_FIELDS)


def test_only_alternatives_are_commented_out() -> None:
    hidden = _paths(WITH_ALL_FIELDS) - _paths(TEXT)
    outermost = {path for path in hidden if path[:-1] not in hidden}

    assert outermost == set(ALTERNATIVES)


@pytest.mark.parametrize("path", ALTERNATIVES, ids=".".join)
def test_every_alternative_is_valid_in_the_place_of_what_it_excludes(
    path: tuple[str, ...], folder: FilePath
) -> None:
    tree = cast("Tree", json.loads(json.dumps(_document(TEXT)[()])))
    alternatives = _document(WITH_ALL_FIELDS)
    without, beside = ALTERNATIVES[path]
    for name in without:
        steps = tuple(name.split("."))
        _above(tree, steps).pop(steps[-1], None)
    for name, value in beside.items():
        steps = tuple(name.split("."))
        _above(tree, steps)[steps[-1]] = value
    _above(tree, path)[path[-1]] = alternatives[path]
    for name in without:
        if name.startswith(".".join(path) + "."):
            steps = tuple(name.split("."))
            _above(tree, steps).pop(steps[-1], None)

    spec = parse_spec(json.dumps(tree), file="spec.json", environ=ENVIRON, base_dir=folder)

    assert spec.version == 1


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_every_field_says_what_it_is(path: Path) -> None:
    field: FieldInfo = FIELDS[path]

    assert field.description
    assert field.description.endswith((".", ": 1."))
    assert "not supported" not in field.description.lower()


def test_the_example_shows_the_defaults() -> None:
    """Fields without a "(... default)" remark stand in the example with their default."""
    spec = load_spec(EXAMPLE, environ=ENVIRON)
    remarked = {"bucket", "prefix", "network", "instance", "settings"}

    for section in (spec.loader, spec.lake, spec.replication.instance, spec.replication):
        for name, field in fields_of(type(section)).items():
            if name not in remarked:
                attribute = "instance_class" if name == "class" else name
                assert getattr(section, attribute) == field.default, name
