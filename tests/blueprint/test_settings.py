"""What DMS is told: task settings and the staging endpoint, in the service's own words."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from dmslake.blueprint.staging import s3_settings
from dmslake.blueprint.task_settings import task_settings
from dmslake.spec import StagingSettings
from tests.blueprint.specs import NAMES, spec

S3_SETTINGS: Any = botocore.session.Session().get_service_model("dms").shape_for("S3Settings")


def settings(staging: str, aws: str = "{}") -> dict[str, object]:
    return dict(s3_settings(spec(staging=staging, aws=aws), NAMES))


def test_csv_as_a_whole() -> None:
    assert settings("{bucket: acme-staging, prefix: dms, format: csv}") == {
        "ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/shop-dms-staging-eu-west-1",
        "BucketName": "acme-staging",
        "BucketFolder": "dms",
        "DataFormat": "csv",
        "IncludeOpForFullLoad": True,
        "TimestampColumnName": "dms_ts",
        "ExpectedBucketOwner": "123456789012",
        "CsvNullValue": r"\N",
    }


def test_parquet_has_milliseconds_and_nothing_of_csv() -> None:
    found = settings("{bucket: acme-staging, format: parquet}")
    assert found["DataFormat"] == "parquet"
    assert found["ParquetTimestampInMillisecond"] is True
    assert not [name for name in found if name.startswith("Csv")]


def test_no_prefix_means_no_folder_at_all() -> None:
    assert "BucketFolder" not in settings("{bucket: acme-staging}")


def test_what_the_spec_sets_wins_even_when_it_is_empty() -> None:
    found = settings(
        "{bucket: b-staging, settings: {csv_null_value: '', cdc_max_batch_interval: 90, "
        "cdc_min_file_size: 64, max_file_size: 1024}}"
    )
    assert found["CsvNullValue"] == ""
    assert found["CdcMaxBatchInterval"] == 90
    assert found["CdcMinFileSize"] == 64
    assert found["MaxFileSize"] == 1024


def test_the_role_is_where_the_spec_puts_roles() -> None:
    found = settings("{bucket: acme-staging}", aws="{role_path: /data/}")
    assert found["ServiceAccessRoleArn"] == (
        "arn:aws:iam::123456789012:role/data/shop-dms-staging-eu-west-1"
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_member_is_in_the_services_model(form: str) -> None:
    found = settings(f"{{bucket: acme-staging, prefix: dms, format: {form}}}")
    assert set(found) <= set(S3_SETTINGS.members)


def test_every_setting_of_the_spec_reaches_the_service() -> None:
    values = {name: 5 for name in StagingSettings.model_fields if name != "csv_null_value"}
    text = ", ".join(f"{name}: {value}" for name, value in values.items())
    bare = settings("{bucket: acme-staging}")
    full = settings(f"{{bucket: acme-staging, settings: {{{text}, csv_null_value: x}}}}")
    changed = {name for name in full if full[name] != bare.get(name)}
    assert len(changed) == len(StagingSettings.model_fields)
    assert changed <= set(S3_SETTINGS.members)


def test_the_task_settings_as_a_whole() -> None:
    assert task_settings() == {
        "TargetMetadata": {"BatchApplyEnabled": False},
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
        "ChangeProcessingDdlHandlingPolicy": {
            "HandleSourceTableTruncated": False,
            "HandleSourceTableDropped": False,
        },
    }
    assert json.loads(json.dumps(task_settings())) == task_settings()
