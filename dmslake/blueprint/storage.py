"""The two buckets: staging, where DMS writes, and the lake."""

from __future__ import annotations

from dmslake.blueprint.names import Names
from dmslake.kinds.bucket import Bucket
from dmslake.spec import Spec


def storage(spec: Spec, names: Names, *, purge: bool) -> tuple[Bucket, ...]:
    """Return the staging bucket, then the lake's unless it is the same one."""
    staging = Bucket(
        name=spec.staging.bucket,
        arn=names.bucket_arn(spec.staging.bucket),
        owner=spec.name,
        purpose="staging",
        tags=spec.aws.tags,
        expire_after_days=spec.staging.expire_after_days,
        expire_prefix=f"{spec.staging.prefix}/" if spec.staging.prefix else "",
        purge=purge,
    )
    if spec.lake.bucket == spec.staging.bucket:
        return (staging,)
    lake = Bucket(
        name=spec.lake.bucket,
        arn=names.bucket_arn(spec.lake.bucket),
        owner=spec.name,
        purpose="lake",
        tags=spec.aws.tags,
        purge=purge,
    )
    return (staging, lake)
