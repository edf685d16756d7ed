"""Settings of endpoints: what is accepted, and in which words it goes to DMS."""

import json
from pathlib import Path

import pytest

from dmslake.spec import ENGINES, Database, parse_spec, source_settings, staging_settings
from dmslake.spec.members import Member
from dmslake.spec.service_model import members
from dmslake.spec.source_rules import refused_in_source
from dmslake.spec.staging_rules import REFUSED_IN_STAGING
from tests.spec.texts import ENVIRON, SPECS, messages_of, spec_of, text_of

DATABASES = [engine for engine in ENGINES if engine != "s3"]


def _source(engine: str, settings: object = None, **fields: object) -> str:
    values: dict[str, object] = {"engine": engine, "settings": settings or {}}
    values |= {"host": "db.internal", "username": "dms", "password": "${SHOP_DB_PASSWORD}"}
    if ENGINES[engine].database is not Database.FORBIDDEN:
        values["database"] = "shop"
    return json.dumps({**values, **fields})


def _staging(**settings: object) -> str:
    return json.dumps({"bucket": "acme", "settings": settings})


def _value(member: Member) -> object:
    """Return something that a member takes."""
    if member.kind == "switch":
        return False
    if member.kind in ("whole", "wholes"):
        number = max(member.minimum, min(2, member.maximum))
        return [number] if member.kind == "wholes" else number
    if member.name.endswith("RoleArn"):
        return "arn:aws:iam::123456789012:role/name"
    return member.choices[0] if member.choices else "text"


# What a setting has to have beside it, or cannot be tried with a login.
_BESIDE: dict[str, dict[str, object]] = {
    "heartbeat_schema": {"heartbeat_enable": True},
    "heartbeat_frequency": {"heartbeat_enable": True},
    "babelfish_database_name": {"database_mode": "babelfish"},
    "service_access_role_arn": {"authentication_method": "iam"},
    "docs_to_investigate": {"nesting_level": "one"},
    "use_logminer_reader": {"use_b_file": True},
    "security_db_encryption": {"security_db_encryption_name": "tde"},
    "security_db_encryption_name": {"security_db_encryption": "${SHOP_DB_PASSWORD}"},
    "secrets_manager_oracle_asm_secret_id": {
        "secrets_manager_oracle_asm_access_role_arn": "arn:aws:iam::123456789012:role/asm"
    },
    "secrets_manager_oracle_asm_access_role_arn": {"secrets_manager_oracle_asm_secret_id": "asm"},
}
_OF_SOURCES = [
    (engine, name)
    for engine in DATABASES
    for name, member in members(ENGINES[engine].settings).items()
    if name not in refused_in_source(ENGINES[engine].settings, {name: member})
]


@pytest.mark.parametrize(("engine", "name"), _OF_SOURCES, ids="-".join)
def test_every_setting_of_every_engine_is_accepted(engine: str, name: str) -> None:
    member = members(ENGINES[engine].settings)[name]
    value = "${SHOP_DB_PASSWORD}" if member.sensitive else _value(member)
    text = text_of(
        source=_source(engine, {**_BESIDE.get(name, {}), name: value}),
        replication="{type: full-load, network: {subnets: [subnet-1, subnet-2]}}",
    )

    structure, settings = source_settings(spec_of(text).source)

    assert structure == ENGINES[engine].settings
    assert (member.name in settings) != member.sensitive


_FOR_PARQUET = {"encoding_type", "dict_page_size_limit", "row_group_length", "data_page_size"}
_FOR_PARQUET |= {"parquet_version", "enable_statistics", "parquet_timestamp_in_millisecond"}
_BESIDE_IN_STAGING: dict[str, dict[str, object]] = {
    "cdc_path": {"preserve_transactions": True},
    "csv_no_sup_value": {"use_csv_no_sup_value": True},
    "date_partition_sequence": {"date_partition_enabled": True},
    "date_partition_delimiter": {"date_partition_enabled": True},
    "date_partition_timezone": {"date_partition_enabled": True},
}


@pytest.mark.parametrize("name", [n for n in members("S3Settings") if n not in REFUSED_IN_STAGING])
def test_every_setting_of_staging_is_accepted(name: str) -> None:
    member = members("S3Settings")[name]
    value = "Asia/Seoul" if name == "date_partition_timezone" else _value(member)
    staging: dict[str, object] = {"bucket": "acme"}
    staging["format"] = "parquet" if name in _FOR_PARQUET else "csv"
    staging["settings"] = {**_BESIDE_IN_STAGING.get(name, {}), name: value}

    settings = staging_settings(spec_of(text_of(staging=json.dumps(staging))).staging)

    assert settings[member.name] == value


def test_only_what_is_written_goes_to_dms() -> None:
    spec = spec_of(text_of())

    assert source_settings(spec.source) == ("PostgreSQLSettings", {})
    assert staging_settings(spec.staging) == {}


@pytest.mark.parametrize(
    ("written", "choice"),
    [("GZIP", "gzip"), ("gzip", "gzip"), ("None", "none")],
)
def test_choices_have_the_letter_case_of_dms(written: str, choice: str) -> None:
    spec = spec_of(text_of(staging=_staging(compression_type=written)))

    assert spec.staging.settings == {"compression_type": choice}


def test_choices_may_be_written_with_underscores() -> None:
    settings = {"canned_acl_for_objects": "BUCKET_OWNER_FULL_CONTROL"}
    spec = spec_of(text_of(staging=_staging(**settings)))

    assert spec.staging.settings["canned_acl_for_objects"] == "bucket-owner-full-control"


def test_variables_stand_for_numbers_switches_and_texts() -> None:
    environ = {**ENVIRON, "SECONDS": " 30 ", "ON": "true", "ZIP": "gzip"}
    staging = _staging(
        cdc_max_batch_interval="${SECONDS}", rfc4180="${ON}", compression_type="${ZIP}"
    )

    settings = staging_settings(spec_of(text_of(staging=staging), environ).staging)

    assert settings == {"CdcMaxBatchInterval": 30, "Rfc4180": True, "CompressionType": "gzip"}


def test_an_empty_null_value_is_a_value() -> None:
    spec = spec_of(text_of(staging=_staging(csv_null_value="")))

    assert staging_settings(spec.staging) == {"CsvNullValue": ""}


def test_mongodb_takes_switches_and_numbers_as_texts() -> None:
    table = _source("mongodb", {"nesting_level": "one", "docs_to_investigate": 500})
    document = _source("mongodb", {"extract_doc_id": True})

    assert source_settings(spec_of(text_of(source=table)).source)[1] == {
        "NestingLevel": "one", "DocsToInvestigate": "500",
    }  # fmt: skip
    assert source_settings(spec_of(text_of(source=document)).source)[1] == {"ExtractDocId": "true"}


def test_transaction_files_are_csv_whatever_the_format_is() -> None:
    settings = "{preserve_transactions: true, cdc_path: changes, csv_delimiter: ';'}"
    text = text_of(staging=f"{{bucket: acme, format: parquet, settings: {settings}}}")

    assert messages_of(text) == []


def test_a_bucket_of_ones_own_may_take_other_access_control_lists() -> None:
    settings = "{canned_acl_for_objects: public-read}"
    spec = spec_of(text_of(staging=f"{{bucket: acme, existing: true, settings: {settings}}}"))

    assert len(spec.warnings) == 1
    assert spec.warnings[0].startswith("spec.yaml:6:")
    assert "staging.settings.canned_acl_for_objects" in spec.warnings[0]


def _s3(definition: str, folder: Path) -> str:
    settings = {"bucket_name": "acme-files", "external_table_definition": definition}
    text = text_of(
        source=json.dumps({"engine": "s3", "settings": settings}),
        replication="{type: full-load, network: {subnets: [subnet-1, subnet-2]}}",
    )
    spec = parse_spec(text, file="spec.yaml", environ=ENVIRON, base_dir=folder)
    structure, found = source_settings(spec.source)
    assert structure == "S3Settings"
    assert (spec.source.host, spec.source.port, spec.source.password) == (None, None, None)
    return str(found["ExternalTableDefinition"])


def test_a_table_definition_stands_in_the_spec_or_in_a_file() -> None:
    text = (SPECS / "files" / "tables.json").read_text()

    inline, named = _s3(text, SPECS), _s3("files/tables.json", SPECS)

    assert json.loads(inline) == json.loads(named) == json.loads(text)
