"""Defaults, and the rules that fields have among each other."""

import re
from typing import get_args

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, StringShape, StructureShape
from pydantic import ValidationError

from dmslake.spec import ENGINES, Database, Spec
from dmslake.spec.engines import OTHER_NAMES
from dmslake.spec.model.lake import Lake
from tests.spec.texts import messages_of, spec_of, text_of

DMS = ServiceModel(Loader().load_service_model("dms", "service-2"), "dms")


S3 = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")
DATABASES = [engine for engine in ENGINES if engine != "s3"]


def _source(engine: str, **fields: str) -> str:
    database = {} if ENGINES[engine].database is Database.FORBIDDEN else {"database": "shop"}
    values = {"engine": engine, "host": "db.internal", "username": "dms", **database, **fields}
    values["password"] = '"${SHOP_DB_PASSWORD}"'
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


def test_defaults_are_good_for_a_lake() -> None:
    spec = spec_of(text_of())

    assert spec.aws.region is None
    assert spec.source.port == 5432
    assert spec.source.ssl == "require"
    assert spec.tables.exclude == ()
    assert spec.replication.type == "full-load-and-cdc"
    assert spec.replication.instance.instance_class == "dms.t3.medium"
    assert spec.staging.prefix == ""
    assert spec.staging.format == "csv"
    assert spec.staging.expire_after_days is None
    assert spec.lake.template.startswith("{schema}/{table}/year={year}/")
    assert spec.loader.trigger == "s3"


def test_storage_classes_are_those_that_s3_reads_at_once() -> None:
    classes = S3.shape_for("StorageClass")
    assert isinstance(classes, StringShape)
    known = set(classes.enum)
    offered = set(get_args(Lake.model_fields["storage_class"].annotation))

    assert offered < known
    # Archives cannot be queried; one is deprecated; the rest is for other kinds of buckets.
    assert {"GLACIER", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE"} <= known - offered


def test_a_spec_cannot_be_changed() -> None:
    spec = spec_of(text_of())

    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "other"  # type: ignore[misc] # that is the point


@pytest.mark.parametrize("engine", DATABASES)
def test_every_engine_can_be_copied(engine: str) -> None:
    replication = "{type: full-load, network: {subnets: [subnet-1, subnet-2]}}"

    spec = spec_of(text_of(source=_source(engine), replication=replication))

    assert spec.source.port == ENGINES[engine].port
    assert spec.source.ssl in ENGINES[engine].ssl
    assert spec.source.ssl in {"none", "require"}


@pytest.mark.parametrize("engine", [e for e, r in ENGINES.items() if not r.captures_changes])
@pytest.mark.parametrize("kind", ["cdc", "full-load-and-cdc"])
def test_engines_without_change_capture_are_refused(engine: str, kind: str) -> None:
    replication = f"{{type: {kind}, network: {{subnets: [subnet-1, subnet-2]}}}}"

    assert messages_of(text_of(source=_source(engine), replication=replication)) == [
        f"replication.type: DMS cannot capture changes from {engine}; write type: full-load"
    ]


@pytest.mark.parametrize(
    ("engine", "fields", "message"),
    [
        ("mysql", {"database": "shop"}, "source.database: mysql takes no database"),
        ("gcp-mysql", {"database": "shop"}, "source.database: gcp-mysql takes no database"),
        (
            "mysql",
            {"ssl": "require"},
            'source.ssl: DMS has no "require" for mysql; use none, verify-ca',
        ),
        (
            "oracle",
            {"ssl": "require"},
            'source.ssl: DMS has no "require" for oracle; use none or verify-ca',
        ),
        ("sqlserver", {"ssl": "verify-ca"}, 'source.ssl: DMS has no "verify-ca" for sqlserver'),
        ("sybase", {"ssl": "verify-full"}, "source.certificate: missing, and ssl: verify-full"),
        ("db2", {"database": "null"}, "source.database: missing, and db2 needs it"),
    ],
)
def test_engine_rules(engine: str, fields: dict[str, str], message: str) -> None:
    said = messages_of(text_of(source=_source(engine, **fields)))

    assert len(said) == 1
    assert said[0].startswith(message)


def test_a_wrong_engine_hides_no_other_mistake_and_invents_none() -> None:
    source = '{engine: postgre, host: "a b", username: dms, ssl: requir, password: "${EMPTY}"}'

    assert [said.split(":")[0] for said in messages_of(text_of(source=source))] == [
        "source.engine",
        "source.host",
        "source.ssl",
        "source.password",
    ]


def test_engines_are_known_to_dms() -> None:
    shape = DMS.shape_for("CreateEndpointMessage")
    assert isinstance(shape, StructureShape)
    named = re.findall(r'<code>"?([a-z0-9-]+)"?</code>', shape.members["EngineName"].documentation)

    assert set(ENGINES) <= set(named)
    assert set(OTHER_NAMES.values()) <= set(ENGINES)


@pytest.mark.parametrize("host", ["db", "db.internal", "10.0.0.1", "fe80::1", "DB_1.example.com"])
def test_hosts(host: str) -> None:
    assert spec_of(text_of(source=_source("postgres", host=f'"{host}"'))).source.host == host


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "-a", "a.", "[::1]", "a,b"])
def test_no_hosts(host: str) -> None:
    said = messages_of(text_of(source=_source("postgres", host=f'"{host}"')))

    assert said[0].startswith(f'source.host: "{host}" is not a host name')


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-west-1", "us-iso-east-1", "cn-north-1", "eusc-de-east-1"]
)
def test_regions(region: str) -> None:
    assert spec_of(text_of(aws=f"{{region: {region}}}")).aws.region == region


def test_a_policy_may_be_the_boundary() -> None:
    arn = "arn:aws-cn:iam::123456789012:policy/team/boundary"

    spec = spec_of(text_of(aws=f'{{permissions_boundary: "{arn}", role_path: /team/data/}}'))

    assert spec.aws.permissions_boundary == arn
    assert spec.aws.role_path == "/team/data/"


@pytest.mark.parametrize("account", ['"012345678901"', "012345678901", "123456789012"])
def test_an_account_needs_no_quotes(account: str) -> None:
    assert spec_of(text_of(aws=f"{{account: {account}}}")).aws.account == account.strip('"')


@pytest.mark.parametrize("name", ["ab", "a" * 25, "a-b-c", "a1"])
def test_pipeline_names(name: str) -> None:
    assert spec_of(text_of(name=name)).name == name


@pytest.mark.parametrize("name", ["a", "a" * 26, "a--b", "a-", "-a", "1a", "a_b", "ä1"])
def test_no_pipeline_names(name: str) -> None:
    assert messages_of(text_of(name=f'"{name}"'))[0].startswith(
        f'name: "{name}" is not a pipeline name'
    )


@pytest.mark.parametrize(("written", "prefix"), [("/", ""), ("/raw/shop/", "raw/shop"), ("''", "")])
def test_prefixes_are_normalised(written: str, prefix: str) -> None:
    assert spec_of(text_of(lake=f"{{bucket: acme-lake, prefix: {written}}}")).lake.prefix == prefix


@pytest.mark.parametrize(
    ("staging", "lake", "disjoint"),
    [
        ("raw", "lake", True),
        ("raw", "rawer", True),
        ("a/b", "a/c", True),
        ("raw", "raw", False),
        ("raw/", "/raw/shop", False),
        ("raw/dms", "raw", False),
        ("", "raw", False),
        ("raw", "/", False),
    ],
)
def test_one_bucket_needs_disjoint_prefixes(staging: str, lake: str, disjoint: bool) -> None:
    text = text_of(
        staging=f'{{bucket: acme, prefix: "{staging}"}}', lake=f'{{bucket: acme, prefix: "{lake}"}}'
    )

    assert (messages_of(text) == []) == disjoint


def test_a_contradiction_is_reported_beside_other_mistakes() -> None:
    text = text_of(staging="{bucket: acme, fromat: csv}", lake="{bucket: acme, clock: now}")

    assert [said.split(":")[0] for said in messages_of(text)] == [
        "staging.fromat",
        "lake.prefix",
        "lake.clock",
    ]


@pytest.mark.parametrize("written", ["staging: 5", "staging: {bucket: Acme}", "staging: [acme]"])
def test_no_contradiction_is_invented_from_what_is_wrong(written: str) -> None:
    staging = written.removeprefix("staging: ")

    said = messages_of(text_of(staging=staging, lake='{bucket: "${STAGED}"}'))

    assert [message.split(":")[0] for message in said] == [
        "staging.bucket" if "Acme" in written else "staging",
        "lake.bucket",
    ]


def test_sections_may_be_left_empty() -> None:
    spec = spec_of(text_of(aws="", loader="~", staging="{bucket: acme, settings: , prefix: }"))

    assert spec.aws.role_path == "/"
    assert spec.loader.memory_mb == 256
    assert spec.staging.prefix == ""


def test_settings_that_ask_for_nothing_are_fine() -> None:
    replication = "{settings: {}, network: {subnets: [subnet-1, subnet-2]}}"
    spec = spec_of(text_of(source=_source("postgres", settings="{}"), replication=replication))

    assert spec.source.settings == {}
    assert spec.replication.settings == {}


def test_all_mistakes_count_in_the_summary() -> None:
    assert isinstance(spec_of(text_of()), Spec)
    assert len(messages_of("{}")) == 7
