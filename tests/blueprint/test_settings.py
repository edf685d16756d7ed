"""What DMS is told: task settings and the staging endpoint, in the service's own words."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from dmslake.blueprint.pipeline import pipeline
from dmslake.blueprint.task_settings import task_settings
from dmslake.kinds.endpoint import Endpoint
from tests.blueprint.specs import ACCOUNT, spec

S3_SETTINGS: Any = botocore.session.Session().get_service_model("dms").shape_for("S3Settings")


def settings(staging: str, aws: str = "{}") -> dict[str, object]:
    (target,) = (
        resource
        for resource in pipeline(spec(staging=staging, aws=aws), ACCOUNT).wanted
        if isinstance(resource, Endpoint) and resource.direction == "target"
    )
    return dict(target.settings)


def test_csv_as_a_whole() -> None:
    assert settings("{bucket: acme-staging, prefix: dms, format: csv}") == {
        "ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/shop-dms-staging-eu-west-1",
        "BucketName": "acme-staging",
        "BucketFolder": "dms",
        "DataFormat": "csv",
        "IncludeOpForFullLoad": True,
        "TimestampColumnName": "dms_ts",
        "ExpectedBucketOwner": "123456789012",
        "EncryptionMode": "sse-s3",
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


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"


def test_a_key_of_the_spec_encrypts_what_is_staged() -> None:
    found = settings(f"{{bucket: acme-staging, kms_key: '{KEY}'}}")
    assert found["EncryptionMode"] == "sse-kms"
    assert found["ServerSideEncryptionKmsKeyId"] == KEY


def test_the_defaults_for_a_lake_can_be_overridden() -> None:
    found = settings("{bucket: b-staging, settings: {include_op_for_full_load: false}}")
    assert found["IncludeOpForFullLoad"] is False


def test_task_settings_of_the_spec_come_over_ours_key_by_key() -> None:
    found = task_settings({"Logging": {"EnableLogging": False}, "StreamBufferSettings": {"A": 1}})
    assert found["Logging"] == {"EnableLogging": False}
    assert found["StreamBufferSettings"] == {"A": 1}
    assert found["FullLoadSettings"] == {"TargetTablePrepMode": "DO_NOTHING"}
    assert task_settings()["Logging"] == {"EnableLogging": True}


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
