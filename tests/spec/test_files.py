"""The example specs: good ones load, bad ones say exactly what is written beside them."""

from pathlib import Path

import pytest

from dmslake.errors import SpecError
from dmslake.spec import TablePattern, load_spec, parse_spec
from tests.spec.texts import ENVIRON, SPECS

GOOD = sorted((SPECS / "good").glob("*.yaml"))
BAD = sorted((SPECS / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_spec_loads(path: Path) -> None:
    spec = load_spec(path, environ=ENVIRON)

    assert spec.version == 1
    assert (spec.source.password is None) == (spec.source.secret is not None)
    assert spec.warnings == ()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_spec_says_what_is_written_beside_it(path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(path.read_text(), file=path.name, environ=ENVIRON, base_dir=path.parent)

    said = "".join(f"{problem}\n" for problem in caught.value.problems)
    assert said == path.with_suffix(".txt").read_text()


def test_there_are_enough_of_both() -> None:
    assert len(BAD) >= 100
    assert {
        "postgres-minimal", "mysql-secret", "mariadb", "oracle-verify-ca", "sqlserver-require",
        "mongodb", "db2-zos-full-load", "postgres-serverless", "postgres-kms-everywhere",
        "shared-resources", "sqs-trigger", "postgres-cdc-position",
    } <= {path.stem for path in GOOD}  # fmt: skip


def test_every_expectation_has_its_spec() -> None:
    assert {path.stem for path in (SPECS / "bad").glob("*.txt")} == {path.stem for path in BAD}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_spec_never_shows_a_secret(path: Path) -> None:
    """`horse` is part of every secret in these files and in their environment."""
    said = path.with_suffix(".txt").read_text().lower()

    assert "horse" not in said
    assert "battery" not in said


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_problems_are_in_the_order_of_the_file(path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(path.read_text(), file=path.name, environ=ENVIRON, base_dir=path.parent)

    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)


def test_odd_names_are_read_as_written() -> None:
    spec = load_spec(SPECS / "good" / "odd-names.yaml", environ=ENVIRON)

    assert spec.tables.include == (
        TablePattern(schema="we.ird", table="orders"),
        TablePattern(schema="public", table="order.items"),
        TablePattern(schema='say "hi"', table="*"),
        TablePattern(schema="public", table="order items"),
    )
    assert (spec.name, spec.source.database, spec.source.username) == ("no", "no", "on")
    assert (spec.staging.prefix, spec.lake.prefix) == ("2026-11-23", "0123")


def test_environment_reaches_every_kind_of_field() -> None:
    spec = load_spec(SPECS / "good" / "environment.yaml", environ=ENVIRON)

    assert spec.name == "shop-test"
    assert spec.source.port == 5433
    assert spec.source.database == "2026"
    assert spec.replication.instance.multi_az is True
    assert spec.staging.expire_after_days == 7
    assert spec.staging.bucket == "acme-test-staging"
