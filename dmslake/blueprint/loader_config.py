"""What the loader has to know, taken from the spec."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.lake.config import LoaderConfig, LogLevel
from dmslake.lake.routing import Clock
from dmslake.spec import Spec


def loader_config(spec: Spec, names: Names) -> LoaderConfig:
    """Return what the loader has to know."""
    return LoaderConfig(
        pipeline=spec.name,
        staging_bucket=spec.staging.bucket,
        staging_prefix=spec.staging.prefix,
        lake_bucket=spec.lake.bucket,
        lake_prefix=spec.lake.prefix,
        layout=spec.lake.layout,
        clock=Clock(spec.lake.clock),
        timezone=spec.lake.timezone,
        name_timezone=_name_timezone(spec),
        account=names.account.id,
        allow_overwrite=spec.lake.allow_overwrite,
        lake_kms_key=spec.lake.kms_key or "",
        storage_class="" if spec.lake.storage_class == "STANDARD" else spec.lake.storage_class,
        table_metrics=spec.loader.table_metrics,
        log_level=LogLevel[spec.loader.log_level.upper()],
    )


def _name_timezone(spec: Spec) -> str:
    """Return the zone of the times in DMS's file names: the endpoint's, where there is one.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html#CHAP_Target.S3.DatePartitioning
    """
    return str(spec.staging.settings.get("date_partition_timezone") or "UTC")
