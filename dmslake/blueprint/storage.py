"""The two buckets: staging, where DMS writes, and the lake."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.blueprint.names import Names
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.shared_bucket import SharedBucket
from dmslake.spec import Spec

AnyBucket = Bucket | SharedBucket


@dataclass(frozen=True)
class Storage:
    """The staging bucket and the lake's, which may be one and the same."""

    staging: AnyBucket
    lake: AnyBucket

    @property
    def buckets(self) -> tuple[AnyBucket, ...]:
        same = self.staging.name == self.lake.name
        return (self.staging,) if same else (self.staging, self.lake)


def storage(spec: Spec, names: Names, *, purge: bool | None) -> Storage:
    """Return the buckets.

    Args:
        spec: which ones.
        names: of the pipeline.
        purge: whether removal may delete the data in ours; None where nothing is removed, and
            what is in them need not be known.
    """
    staging = _staging(spec, names, purge=purge)
    if spec.lake.bucket == spec.staging.bucket:
        return Storage(staging, staging)
    return Storage(staging, _lake(spec, names, purge=purge))


def _staging(spec: Spec, names: Names, *, purge: bool | None) -> AnyBucket:
    wanted = spec.staging
    if wanted.existing:
        return _shared(wanted.bucket, "staging", names)
    return Bucket(
        name=wanted.bucket,
        arn=names.bucket_arn(wanted.bucket),
        owner=spec.name,
        purpose="staging",
        tags=spec.aws.tags,
        expire_after_days=wanted.expire_after_days,
        expire_prefix=f"{wanted.prefix}/" if wanted.prefix else "",
        purge=bool(purge),
        weighed=purge is not None,
        kms_key=wanted.kms_key,
    )


def _lake(spec: Spec, names: Names, *, purge: bool | None) -> AnyBucket:
    wanted = spec.lake
    if wanted.existing:
        return _shared(wanted.bucket, "lake", names)
    return Bucket(
        name=wanted.bucket,
        arn=names.bucket_arn(wanted.bucket),
        owner=spec.name,
        purpose="lake",
        tags=spec.aws.tags,
        purge=bool(purge),
        weighed=purge is not None,
        kms_key=wanted.kms_key,
    )


def _shared(bucket: str, purpose: str, names: Names) -> SharedBucket:
    return SharedBucket(name=bucket, purpose=purpose, region=names.account.region)
