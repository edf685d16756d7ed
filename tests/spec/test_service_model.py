"""The settings structures: botocore's model, and our names for its members."""

import subprocess
import sys

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape, StructureShape

from dmslake.spec import ENGINES
from dmslake.spec.limits import LIMITS, TEXTS
from dmslake.spec.service_model import members
from dmslake.spec.settings import in_words_of_dms
from dmslake.spec.source_rules import refused_in_source
from dmslake.spec.staging_rules import REFUSED_IN_STAGING

_REQUEST = ServiceModel(Loader().load_service_model("dms", "service-2"), "dms").shape_for(
    "CreateEndpointMessage"
)
assert isinstance(_REQUEST, StructureShape)
STRUCTURES = sorted({rules.settings for rules in ENGINES.values()})


def _shapes(structure: str) -> dict[str, Shape]:
    assert isinstance(_REQUEST, StructureShape)
    shape = _REQUEST.members[structure]
    assert isinstance(shape, StructureShape)
    return dict(shape.members)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_member_has_one_name_here_and_the_way_back_leads_to_it(structure: str) -> None:
    shapes = _shapes(structure)
    known = members(structure)

    assert [member.name for member in known.values()] == list(shapes)
    assert list(known) == [xform_name(name) for name in shapes]
    back = in_words_of_dms(structure, dict.fromkeys(known, 1))
    assert list(back) == list(shapes)


@pytest.mark.parametrize(
    ("structure", "name", "member"),
    [
        ("S3Settings", "rfc4180", "Rfc4180"),
        ("S3Settings", "cdc_path", "CdcPath"),
        ("S3Settings", "canned_acl_for_objects", "CannedAclForObjects"),
        ("S3Settings", "parquet_timestamp_in_millisecond", "ParquetTimestampInMillisecond"),
        ("OracleSettings", "use_logminer_reader", "UseLogminerReader"),
        ("OracleSettings", "use_b_file", "UseBFile"),
        ("OracleSettings", "asm_server", "AsmServer"),
        ("OracleSettings", "convert_timestamp_with_zone_to_utc", "ConvertTimestampWithZoneToUTC"),
        ("MicrosoftSQLServerSettings", "read_backup_only", "ReadBackupOnly"),
        ("MongoDbSettings", "docs_to_investigate", "DocsToInvestigate"),
        ("IBMDb2Settings", "max_k_bytes_per_read", "MaxKBytesPerRead"),
        ("PostgreSQLSettings", "map_jsonb_as_clob", "MapJsonbAsClob"),
    ],
)
def test_names_with_acronyms(structure: str, name: str, member: str) -> None:
    assert members(structure)[name].name == member


@pytest.mark.parametrize("structure", STRUCTURES)
def test_types_and_choices_are_those_of_the_model(structure: str) -> None:
    kinds = {"text": "string", "whole": "integer", "switch": "boolean", "wholes": "list"}
    for member in members(structure).values():
        shape = _shapes(structure)[member.name]
        assert shape.type_name == ("string" if member.as_text else kinds[member.kind])
        assert list(member.choices) == shape.metadata.get("enum", [])
        assert member.sensitive == bool(shape.metadata.get("sensitive"))


def test_what_we_say_beside_the_model_is_about_members_of_it() -> None:
    for table in (LIMITS, TEXTS):
        for structure, names in table.items():
            assert set(names) <= set(_shapes(structure))
    assert set(REFUSED_IN_STAGING) <= set(members("S3Settings"))
    for structure in STRUCTURES:
        known = members(structure)
        assert set(refused_in_source(structure, known)) <= set(known)


_WITHOUT_SETTINGS = """
import sys
from pathlib import Path
from dmslake.spec import parse_spec
from tests.spec.texts import ENVIRON, text_of
parse_spec(text_of(), file="spec.yaml", environ=ENVIRON, base_dir=Path())
print("botocore" in sys.modules)
parse_spec(
    text_of(staging="{bucket: acme, settings: {cdc_path: a, preserve_transactions: true}}"),
    file="spec.yaml", environ=ENVIRON, base_dir=Path(),
)
print("botocore" in sys.modules, "botocore.client" in sys.modules)
"""


def test_botocore_is_loaded_for_settings_only_and_no_client_is_built() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_SETTINGS], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "True", "False"]
