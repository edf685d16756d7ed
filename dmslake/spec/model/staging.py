"""The section `staging`: the bucket that DMS writes to."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from dmslake.spec.attributes import check_attributes
from dmslake.spec.mistakes import mistake, raise_all
from dmslake.spec.model.names import BucketName, KeyArn, Prefix, RoleArn
from dmslake.spec.section import Section, Switch, Whole
from dmslake.spec.settings import read_settings, written
from dmslake.spec.staging_rules import (
    PUBLIC_ACLS,
    REFUSED_IN_STAGING,
    Target,
    staging_conflicts,
)
from dmslake.spec.surroundings import surroundings

STRUCTURE = "S3Settings"


class Staging(Section):
    """The bucket that DMS writes to, and how it writes."""

    bucket: BucketName = Field(
        description="The bucket for DMS's files. It is created if it does not exist.",
        examples=["acme-shop-staging"],
    )
    existing: Switch = Field(
        default=False,
        description="Whether the bucket is somebody else's: then it has to exist, and dmslake "
        "neither configures nor deletes it.",
        examples=[False],
    )
    prefix: Prefix = Field(
        default="",
        description="The folder below which DMS writes schema/table/file. Slashes at its ends "
        "do not matter. Empty: the bucket itself.",
        examples=["dms"],
    )
    format: Literal["csv", "parquet"] = Field(
        default="csv",
        description="What DMS writes. csv is the default because every DMS version and every "
        "reader agrees on it and one can look inside; parquet keeps the types and is smaller "
        "and faster to query.",
        examples=["csv"],
    )
    expire_after_days: Whole | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Staged files are deleted after this many days. Choose more than a backfill "
        "ever has to reach back. If it is not written, they are kept. Not with existing: true.",
        examples=[30],
    )
    kms_key: KeyArn | None = Field(
        default=None,
        description="The KMS key that encrypts the staged files. If it is not written, S3 "
        "encrypts with its own.",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1234abcd"],
    )
    role: RoleArn | None = Field(
        default=None,
        description="An existing role with which DMS writes to the bucket. It has to trust "
        "dms.amazonaws.com. If it is not written, one is created.",
        examples=["arn:aws:iam::123456789012:role/dms-target"],
    )
    settings: Mapping[str, object] = Field(
        default={},
        description="How DMS cuts and writes its files: every member of its S3Settings that no "
        "other field decides, in snake_case. dmslake itself sets include_op_for_full_load: true "
        "and timestamp_column_name: dms_ts, so that full load and changes share one shape.",
        examples=[{"cdc_max_batch_interval": 60}],
    )
    extra_connection_attributes: str | None = Field(
        default=None,
        description="What DMS has no setting for: name=value pairs with ; between them. Nothing "
        "may stand here and in settings.",
        examples=["detachTargetOnLobLookupFailureParquet=true"],
    )

    @field_validator("settings")
    @classmethod
    def read_s3_settings(
        cls, value: Mapping[str, object], info: ValidationInfo
    ) -> Mapping[str, object]:
        """Check the settings against DMS's model and against each other."""
        settings, found = read_settings(STRUCTURE, value, REFUSED_IN_STAGING)
        target = Target(
            settings=settings,
            complete=len(settings) == len(written(value)),
            format=info.data.get("format"),
            existing=info.data.get("existing"),
        )
        raise_all([*found, *staging_conflicts(target)])
        if settings.get("canned_acl_for_objects") in PUBLIC_ACLS:
            path = ("staging", "settings", "canned_acl_for_objects")
            message = "{value} lets people outside of the account read the staged files"
            surroundings(info).warnings.append((path, mistake(message)))
        return settings

    @field_validator("extra_connection_attributes")
    @classmethod
    def check_extra_attributes(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Hold the attributes against the settings, which DMS keeps in the same place."""
        if value is None:
            return value
        return check_attributes(value, info.data.get("settings", ()), REFUSED_IN_STAGING)
